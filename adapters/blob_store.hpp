#pragma once

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace backendim {

/// A kept blob: its name is "sha256:" and the lower-case hex digest of its bytes.
struct blob_info {
  std::string digest;
  uint64_t size = 0; ///< Bytes.
};

/// A blob as a list shows it.
struct kept_blob {
  std::string digest;
  uint64_t size = 0;                            ///< Bytes.
  std::chrono::system_clock::time_point kept{}; ///< When it was last sent; to the second at least.
};

/// Receives one blob. Destroying it before finish() leaves nothing behind.
class blob_writer {
public:
  virtual ~blob_writer() = default;

  /// Fails with too_large past the limit given to begin(), unavailable when the disk is full.
  virtual caf::expected<caf::unit_t> write(std::span<const std::byte> bytes) = 0;

  /// Makes the blob durable and visible under its digest. A blob that is there already is no error:
  /// it counts as kept now.
  virtual caf::expected<blob_info> finish() = 0;
};

/// Reads one blob from its start.
class blob_reader {
public:
  virtual ~blob_reader() = default;

  /// Fills *into* from its front; 0 bytes: the end. Fails with internal when what was read does
  /// not have the digest of its name, noticed at the end.
  virtual caf::expected<size_t> read(std::span<std::byte> into) = 0;
};

/// Keeps bytes by their sha256. Thread-safe; calls block for the disk, never for a client.
/// Every call may fail with unavailable.
class blob_store {
public:
  virtual ~blob_store() = default;

  virtual caf::expected<std::unique_ptr<blob_writer>> begin(uint64_t max_bytes) = 0;

  /// Fails with not_found, and with invalid_request when *digest* is not "sha256:<64 hex>".
  virtual caf::expected<std::unique_ptr<blob_reader>> open(const std::string& digest) = 0;

  /// A blob that is not there is no error.
  virtual caf::expected<caf::unit_t> remove(const std::string& digest) = 0;

  /// Removes a blob that nobody has sent since *before*, and returns how many bytes that freed; 0:
  /// it was sent again, or is not there. Nobody can send it again in between.
  virtual caf::expected<uint64_t> remove_older(const std::string& digest,
                                               std::chrono::system_clock::time_point before)
    = 0;

  /// At most *limit* blobs behind *after* (a digest, or "": from the first), in the order of their
  /// digests. Fewer: there are no more.
  virtual caf::expected<std::vector<kept_blob>> list(const std::string& after, size_t limit) = 0;

  /// Removes what uploads left that began more than *age* ago and never finished, and returns how
  /// many bytes that freed. What a writer of this object still writes stays.
  virtual caf::expected<uint64_t> sweep(std::chrono::seconds age) = 0;
};

} // namespace backendim
