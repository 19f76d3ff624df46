#include "adapters/buildah/used_bytes.hpp"

#include "protocol/error.hpp"

#include <fts.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <unordered_set>

namespace backendim::buildah {

namespace {
constexpr uint64_t block = 512; // of st_blocks, whatever the file system's own are (stat(2))
} // namespace

caf::expected<uint64_t> used_bytes(const std::filesystem::path& folder,
                                   const std::stop_token& stop) {
  auto path = folder.string();
  char* const roots[] = {path.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> tree{
    ::fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), ::fts_close};
  if (!tree)
    return caf::make_error(ec::unavailable, path + ": " + std::strerror(errno));
  uint64_t result = 0;
  std::unordered_set<ino_t> seen; // of one file system
  while (const auto* entry = ::fts_read(tree.get())) {
    if (stop.stop_requested())
      return caf::make_error(ec::timed_out, "stopped");
    if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS)
      continue;
    const auto& about = *entry->fts_statp;
    if (entry->fts_info != FTS_D && about.st_nlink > 1 && !seen.insert(about.st_ino).second)
      continue;
    result += static_cast<uint64_t>(about.st_blocks) * block;
  }
  return result;
}

} // namespace backendim::buildah
