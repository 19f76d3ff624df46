#include "adapters/backup/manifest.hpp"

#include "adapters/chained/link.hpp"

namespace backendim::backup {

std::string heads_hash(const std::map<std::string, chained::stream_head>& heads) {
  crypto::sha256 hash;
  for (const auto& [stream, head] : heads) {
    hash.add(std::to_string(stream.size()) + ':' + stream + ':' + std::to_string(head.version)
             + ':');
    hash.add(chained::bytes_of(head.last));
  }
  return crypto::hex(hash.finish());
}

void file_digest::begin(std::string_view member, uint64_t size) {
  hash_.add(std::string{member} + ':' + std::to_string(size) + ':');
}

std::string file_digest::finish() {
  return crypto::hex(hash_.finish());
}

} // namespace backendim::backup
