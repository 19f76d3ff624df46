#pragma once

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// A log as a list shows it.
struct kept_log {
  std::string name;
  uint64_t size = 0; ///< Bytes.
};

/// Output kept for later, in append-only logs by name (a deployment's id). Lines hold no control
/// characters but tab; longer lines than 16 KiB are cut. Thread-safe; calls block for the disk.
class log_store {
public:
  struct page {
    std::vector<std::string> lines; ///< Each takes its size and one byte more.
    uint64_t next = 0;              ///< Offset behind the last line, in bytes; ask for this next.
  };

  virtual ~log_store() = default;

  /// Appends; past the log's size limit (16 MiB) one line says so and the rest is dropped.
  virtual caf::expected<caf::unit_t> append(const std::string& name, std::string_view line) = 0;

  /// Whole lines from *offset* on, at most *max_bytes* of them; none when there is no more (yet).
  /// A log that is not there is empty. Fails with invalid_request for a name not [A-Za-z0-9_-]+.
  virtual caf::expected<page> read(const std::string& name, uint64_t offset, size_t max_bytes) = 0;

  /// Calls *changed* once, from any thread, when the log grows beyond *offset* (at once if it has).
  /// Returns a ticket; cancel() takes it back: afterwards *changed* is not called any more.
  virtual uint64_t when_longer(const std::string& name, uint64_t offset,
                               std::function<void()> changed)
    = 0;
  virtual void cancel(uint64_t ticket) = 0;

  /// A log that is not there is no error.
  virtual caf::expected<caf::unit_t> remove(const std::string& name) = 0;

  /// All logs, in no order.
  virtual caf::expected<std::vector<kept_log>> list() = 0;
};

} // namespace backendim
