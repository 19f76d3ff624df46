#pragma once

#include "adapters/proxy/certificate_set.hpp"
#include "adapters/proxy/file_watch.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::proxy {

/// The certificates of a folder as they are now, read anew by a thread of its own when a file
/// changes. What was once good is used until something better is there: neither a broken file nor
/// an empty folder takes a certificate away that is in use, only the removal of its own NAME.crt
/// does. Logs what it reads. Thread-safe.
class certificates {
public:
  /// Reads the folder. Fails with unavailable and a failure when not one pair can be used; of the
  /// others that cannot it tells by trouble().
  static caf::expected<std::unique_ptr<certificates>> open(std::filesystem::path folder);
  ~certificates(); ///< Afterwards *changed* is not called any more.

  /// Begins to watch the folder. Calls *changed* from the thread with each new set.
  void start(std::function<void(certificate_set_ptr)> changed);

  certificate_set_ptr current() const;

  /// What is wrong with a certificate, as a failure: it cannot be used, or it ends within a week
  /// and most of its life is over; empty: nothing.
  caf::error trouble() const;

private:
  explicit certificates(std::filesystem::path folder) : folder_{std::move(folder)} {}
  void read();
  void run(const std::stop_token& stop);

  const std::filesystem::path folder_;
  file_watch watch_; ///< Of the thread.
  std::function<void(certificate_set_ptr)> changed_;

  mutable std::mutex mutex_;
  certificate_set_ptr set_;
  std::vector<caf::error> faults_;

  std::jthread thread_; ///< Last: ends before what it uses.
};

} // namespace backendim::proxy
