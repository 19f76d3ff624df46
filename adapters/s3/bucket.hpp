#pragma once

#include "adapters/http/client.hpp"
#include "adapters/s3/signature.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim::s3 {

struct bucket_config {
  std::string endpoint; ///< "http://host:port" or "https://host"; a path behind it is ignored.
  std::string bucket;
  identity_keys keys;
  std::string ca_file; ///< PEM; without it the machine's own certificates are trusted.
  /// How long one call may take with all its repetitions.
  std::chrono::milliseconds patience{20'000};
};

struct object {
  std::string key;
  uint64_t size = 0;
  std::chrono::system_clock::time_point changed{};
};

/// One bucket of an S3 server, addressed by path. Calls block. What a broken connection or a server
/// in trouble (5xx, 429) cut short is repeated with growing pauses until the patience ends; every
/// body is signed with its SHA-256, so the server refuses what was damaged on the way.
/// Every call may fail with unavailable. Not for two threads at once.
class bucket {
public:
  explicit bucket(bucket_config config);

  /// Makes the bucket unless it is there. Tells wrong keys and addresses.
  caf::expected<caf::unit_t> ensure();

  caf::expected<caf::unit_t> put(const std::string& key, std::string body);

  struct range {
    std::string bytes;
    uint64_t total = 0; ///< Size of the whole object.
  };
  /// At most *length* bytes from *offset* on; none behind its end. Fails with not_found.
  caf::expected<range> get(const std::string& key, uint64_t offset, uint64_t length);

  /// An object that is not there is no error.
  caf::expected<caf::unit_t> remove(const std::string& key);

  /// At once: who reads *to* gets either what was there before or all of *from*. At most 5 GiB.
  /// Fails with not_found.
  caf::expected<caf::unit_t> copy(const std::string& from, const std::string& to);

  /// Objects whose keys begin with *prefix*, behind the key *after*, in order. Fewer than *limit*:
  /// there are no more.
  caf::expected<std::vector<object>> list(const std::string& prefix, const std::string& after,
                                          size_t limit);

  /// Multipart: parts of one object, of which nothing is seen before complete_upload().
  caf::expected<std::string> begin_upload(const std::string& key);
  /// Returns the part's ETag. All but the last have at least 5 MiB.
  caf::expected<std::string> put_part(const std::string& key, const std::string& upload,
                                      size_t number, std::string body);
  /// Fails with not_found when there is no such upload (any more).
  caf::expected<caf::unit_t> complete_upload(const std::string& key, const std::string& upload,
                                             const std::vector<std::string>& etags);
  /// An upload that is not there is no error.
  caf::expected<caf::unit_t> abort_upload(const std::string& key, const std::string& upload);
  /// The uploads of exactly this key. Not of a prefix: MinIO does not list those.
  caf::expected<std::vector<std::string>> uploads(const std::string& key);
  /// Bytes of the parts that have come.
  caf::expected<uint64_t> upload_size(const std::string& key, const std::string& upload);

private:
  caf::expected<http::response> call(unsigned_request what, std::string body = {});
  std::string path_of(const std::string& key) const { return "/" + config_.bucket + "/" + key; }

  bucket_config config_;
  std::string host_;
  http::client client_;
};

} // namespace backendim::s3
