#include "bin/daemon/sse.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace backendim::daemon {

namespace asio = boost::asio;

asio::awaitable<bool> begin_events(http::exchange& client) {
  http::response head;
  head.status = 200;
  head.headers = {{"Content-Type", "text/event-stream"},
                  {"Cache-Control", "no-store"},
                  {"X-Accel-Buffering", "no"}};
  return client.begin_stream(std::move(head));
}

std::string event_text(std::string_view id, std::string_view event, std::string_view data) {
  std::string result;
  result.reserve(id.size() + event.size() + data.size() + 24);
  if (!id.empty())
    result.append("id: ").append(id).append("\n");
  return result.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
}

void wakeup::wake() {
  asio::post(io_, [self = shared_from_this()] {
    self->woken_ = true;
    self->timer_.cancel();
  });
}

asio::awaitable<bool> wakeup::wait(std::chrono::milliseconds limit) {
  if (!woken_) {
    timer_.expires_after(limit);
    (void)co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return std::exchange(woken_, false);
}

} // namespace backendim::daemon
