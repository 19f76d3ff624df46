#pragma once

#include "adapters/s3/bucket.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

namespace backendim::s3 {

/// What arrives in parts before its name is known. Of each upload the bucket has a marker, written
/// before anything else and removed after everything else: MinIO lists the parts of an upload only
/// to who knows its key. Thread-safe.
class uploads {
public:
  explicit uploads(bucket_config config);
  ~uploads();
  uploads(const uploads&) = delete;
  uploads& operator=(const uploads&) = delete;

  /// A new key, marked as one that is written to.
  caf::expected<std::string> begin(bucket& to);

  /// Nobody writes to *key* any more. What is left of it is removed soon, in a thread of this
  /// object's own, and by a later sweep() if that does not succeed.
  void end(std::string key);

  /// Removes what is left of uploads that began more than *age* ago and that nobody writes to.
  /// Returns the bytes freed.
  caf::expected<uint64_t> sweep(std::chrono::seconds age);

  /// Held shared while a blob gets its name, alone while one goes because of its age.
  std::shared_mutex naming;

private:
  static caf::expected<uint64_t> forget(bucket& in, const std::string& key);
  void clean(const std::stop_token& stop);

  const bucket_config config_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::string> writing_; // guarded by mutex_
  std::deque<std::string> ended_; // guarded by mutex_
  std::jthread cleaner_;
};

} // namespace backendim::s3
