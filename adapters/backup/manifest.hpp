#pragma once

#include "adapters/crypto/digest.hpp"
#include "protocol/described.hpp"

#include <caf/timestamp.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::chained {
struct stream_head;
}

/// One file with all that a platform cannot do without: a tar, compressed with zstd, of
///   journal/<first position>.ndjson   recorded events in the order of their positions
///   secrets/<name>                    files of the state folder
///   blobs/<hex>                       blobs by the digits of their digests
///   manifest.json                     a backup_manifest
///   digest                            over all of it
namespace backendim::backup {

struct backup_manifest {
  static constexpr std::string_view summary = "What a backup holds.";
  static constexpr field_doc docs[] = {
    {"format", "Of the backup; a program knows those up to its own."},
    {"position", "Of the last event in it."},
    {"heads", "A hash of where each stream stands."},
    {"damaged_blobs", "Blobs that were not as their names say; restore leaves them out."},
  };
  uint32_t format = 1;
  caf::timestamp made;
  uint64_t position = 0;
  uint64_t streams = 0;
  std::string heads;
  uint64_t blobs = 0;
  std::vector<std::string> damaged_blobs;
  friend bool operator==(const backup_manifest&, const backup_manifest&) = default;
};
BOOST_DESCRIBE_STRUCT(backup_manifest, (),
                      (format, made, position, streams, heads, blobs, damaged_blobs))

constexpr uint32_t newest_format = 1;

/// Files of the state folder that are no use without their journal, and it without them.
constexpr std::string_view secrets[] = {"key", "platform-id", "admin.token", "master-keys"};

/// The hash of where each stream stands.
std::string heads_hash(const std::map<std::string, chained::stream_head>& heads);

/// The hash over all members in front of the last one.
class file_digest {
public:
  void begin(std::string_view member, uint64_t size);
  void add(std::string_view bytes) { hash_.add(bytes); }
  std::string finish();

private:
  crypto::sha256 hash_;
};

} // namespace backendim::backup
