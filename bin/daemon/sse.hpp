#pragma once

#include "adapters/http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace backendim::daemon {

/// How long a stream may be silent; then a comment keeps it alive and finds out who is gone.
constexpr std::chrono::seconds sse_heartbeat{15};

/// Begins a text/event-stream. False: nobody reads it.
boost::asio::awaitable<bool> begin_events(http::exchange& client);

/// One event in the form of the WHATWG HTML standard; *data* is one line.
std::string event_text(std::string_view id, std::string_view event, std::string_view data);

/// Lets a coroutine sleep until somebody, in any thread, wakes it. Shared with the wakers, which
/// may come when it is gone.
class wakeup : public std::enable_shared_from_this<wakeup> {
public:
  explicit wakeup(boost::asio::io_context& io) : io_{io}, timer_{io} {}

  /// From any thread.
  void wake();

  /// Returns when woken, also since the last call, or after *limit*. False: it was the limit.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds limit);

private:
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

} // namespace backendim::daemon
