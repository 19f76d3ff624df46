#pragma once

#include "bin/cli/session.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace backendim::cli {

/// One line on stderr for each step of something long, with the time it took. On a terminal the
/// line of the step under way counts; elsewhere it is repeated every 15 s, so that nobody thinks
/// that it hangs.
class progress {
public:
  explicit progress(session& s);
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress();

  /// Ends the step under way and begins this one.
  void begin(const std::string& step);
  /// What is known of the step under way.
  void detail(const std::string& text);
  /// Ends the step under way, which took *took*, or as long as we saw it.
  void end(std::optional<std::chrono::milliseconds> took = {});
  /// A line of its own between the steps.
  void note(std::string_view line);

private:
  void end_locked(std::optional<std::chrono::milliseconds> took);
  std::string line(std::chrono::milliseconds took) const;
  void tick(const std::stop_token& stop);

  session& session_;
  const bool live_;
  std::mutex lock_;
  std::condition_variable_any wake_;
  std::string step_;
  std::string detail_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point shown_;
  std::jthread ticker_; ///< The last member: it uses the others.
};

} // namespace backendim::cli
