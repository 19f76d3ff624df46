#pragma once

#include "adapters/exec_session.hpp"
#include "bin/daemon/sse.hpp"

#include <boost/asio/thread_pool.hpp>
#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace backendim::daemon {

/// A command in a task, run by a thread of its own, as the coroutines of its client see it. A slow
/// client slows the command down and nobody else. Destroying it ends the command with what it
/// started; *pool* waits for that.
class running_command {
public:
  struct piece {
    output_stream from = output_stream::out;
    std::string bytes;
  };

  running_command(boost::asio::io_context& io, boost::asio::thread_pool& pool,
                  std::shared_ptr<exec_session> session);
  ~running_command();
  running_command(const running_command&) = delete;
  running_command& operator=(const running_command&) = delete;

  /// What it wrote since the last call.
  std::vector<piece> take_output();
  /// How it ended, once all of its output is taken.
  std::optional<caf::expected<int>> end() const;

  /// Returns when there is output or an end, or after *limit*; false: it was the limit.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds limit);
  void wake();

  /// Returns when the next input may come.
  boost::asio::awaitable<void> write(std::string bytes);
  void end_input();
  void resize(terminal_size x); ///< Blocks for a moment.
  void stop();                  ///< Begins to end it.

  /// How long nothing came and nothing went.
  std::chrono::milliseconds idle() const;

private:
  struct shared;

  boost::asio::thread_pool& pool_;
  std::shared_ptr<shared> shared_;
  std::jthread thread_;
};

} // namespace backendim::daemon
