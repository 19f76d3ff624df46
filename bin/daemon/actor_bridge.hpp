#pragma once

#include "protocol/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

namespace backendim::daemon {

/// Lets coroutines of one single-threaded io_context ask actors without a blocked thread: an
/// address in the actor system whose mailbox posts into the io_context. Stop it before the
/// io_context or the actor system goes. Only for the io_context's thread.
class actor_bridge {
public:
  using clock = std::chrono::steady_clock;
  /// Hears the reply. An error is the actor's or CAF's own; to_domain_error() makes it ours.
  using on_reply = std::function<void(caf::expected<caf::message>)>;

  actor_bridge(caf::actor_system& system, boost::asio::io_context& io);
  ~actor_bridge();
  actor_bridge(const actor_bridge&) = delete;
  actor_bridge& operator=(const actor_bridge&) = delete;

  /// Sends *what* and calls *done* exactly once, unless the ticket is given to forget() before.
  uint64_t ask(const caf::strong_actor_ptr& whom, caf::message what, clock::duration deadline,
               on_reply done);
  void forget(uint64_t ticket);

  /// The same for coroutines.
  boost::asio::awaitable<caf::expected<caf::message>>
  ask(caf::strong_actor_ptr whom, caf::message what, clock::duration deadline);

  /// Fails with our errors only.
  template <class Reply, class Message>
  boost::asio::awaitable<caf::expected<Reply>> ask_for(caf::strong_actor_ptr whom, Message what,
                                                       clock::duration deadline);

private:
  struct shared; ///< What a late reply may still find.

  void arm();

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  caf::strong_actor_ptr self_;
  std::shared_ptr<shared> shared_;
};

caf::error unexpected_reply();

template <class Reply, class Message>
boost::asio::awaitable<caf::expected<Reply>>
actor_bridge::ask_for(caf::strong_actor_ptr whom, Message what, clock::duration deadline) {
  auto reply = co_await ask(std::move(whom), caf::make_message(std::move(what)), deadline);
  if (!reply)
    co_return to_domain_error(reply.error());
  if (!reply->template match_elements<Reply>())
    co_return unexpected_reply();
  co_return reply->template get_as<Reply>(0);
}

} // namespace backendim::daemon
