#include "bin/daemon/actor_bridge.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/actor_companion.hpp>
#include <caf/all.hpp>

#include <optional>
#include <utility>

namespace backendim::daemon {

namespace asio = boost::asio;

struct actor_bridge::shared {
  struct open_request {
    on_reply done;
    std::multimap<clock::time_point, uint64_t>::iterator deadline;
  };
  std::unordered_map<uint64_t, open_request> open;
  std::multimap<clock::time_point, uint64_t> deadlines;

  on_reply take(uint64_t ticket) {
    const auto found = open.find(ticket);
    if (found == open.end())
      return nullptr; // too late, or nothing of ours
    auto done = std::move(found->second.done);
    deadlines.erase(found->second.deadline);
    open.erase(found);
    return done;
  }

  void receive(caf::mailbox_element& x) {
    auto done = take(x.mid.integer_value());
    if (!done)
      return;
    auto content = x.move_content_to_message();
    if (content.match_elements<caf::error>())
      done(content.get_as<caf::error>(0));
    else
      done(std::move(content));
  }
};

namespace {

caf::actor_companion* companion(const caf::strong_actor_ptr& x) {
  return static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(x));
}

} // namespace

caf::error unexpected_reply() {
  return caf::make_error(ec::internal, "an actor answered with something else than it promises");
}

actor_bridge::actor_bridge(caf::actor_system& system, asio::io_context& io)
  : io_{io}, timer_{io}, shared_{std::make_shared<shared>()} {
  self_ = caf::actor_cast<caf::strong_actor_ptr>(system.spawn<caf::actor_companion, caf::hidden>());
  companion(self_)->on_enqueue([&io, weak = std::weak_ptr{shared_}](caf::mailbox_element_ptr x) {
    // The sender's thread: only post. std::function wants a copyable handler.
    auto owned = std::shared_ptr<caf::mailbox_element>{x.release(), caf::detail::disposer{}};
    asio::post(io, [weak, owned] {
      if (auto alive = weak.lock())
        alive->receive(*owned);
    });
  });
}

actor_bridge::~actor_bridge() {
  companion(self_)->on_enqueue(nullptr);
  companion(self_)->cleanup(caf::make_error(caf::exit_reason::normal), nullptr);
}

uint64_t actor_bridge::ask(const caf::strong_actor_ptr& whom, caf::message what,
                           clock::duration deadline, on_reply done) {
  const auto id = companion(self_)->new_request_id(caf::message_priority::normal);
  const auto ticket = id.response_id().integer_value();
  const auto due = shared_->deadlines.emplace(clock::now() + deadline, ticket);
  shared_->open.emplace(ticket, shared::open_request{std::move(done), due});
  if (due == shared_->deadlines.begin())
    arm();
  // No execution unit: this is not a worker, so the scheduler has to wake one.
  caf::actor_cast<caf::abstract_actor*>(whom)->enqueue(
    caf::make_mailbox_element(self_, id, {}, std::move(what)), nullptr);
  return ticket;
}

void actor_bridge::forget(uint64_t ticket) {
  shared_->take(ticket);
}

/// Fires at the earliest deadline as it was when armed; answers come sooner, mostly.
void actor_bridge::arm() {
  timer_.expires_at(shared_->deadlines.begin()->first);
  timer_.async_wait([this, weak = std::weak_ptr{shared_}](boost::system::error_code error) {
    const auto alive = weak.lock();
    if (error || !alive)
      return;
    const auto now = clock::now();
    while (!alive->deadlines.empty() && alive->deadlines.begin()->first <= now)
      alive->take(alive->deadlines.begin()->second)(
        caf::make_error(ec::timed_out, "an actor did not answer in time"));
    if (!alive->deadlines.empty())
      arm();
  });
}

asio::awaitable<caf::expected<caf::message>>
actor_bridge::ask(caf::strong_actor_ptr whom, caf::message what, clock::duration deadline) {
  using signature = void(std::exception_ptr, caf::expected<caf::message>);
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, signature>(
    [&](auto handler) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      auto shared_handler = std::make_shared<decltype(handler)>(std::move(handler));
      const auto ticket
        = ask(whom, std::move(what), deadline, [shared_handler](caf::expected<caf::message> reply) {
            asio::get_associated_cancellation_slot(*shared_handler).clear();
            std::move (*shared_handler)(std::exception_ptr{}, std::move(reply));
          });
      if (slot.is_connected())
        slot.assign([this, ticket](asio::cancellation_type) {
          if (auto done = shared_->take(ticket))
            asio::post(
              io_, [done] { done(caf::make_error(ec::unavailable, "the platform is stopping")); });
        });
    },
    asio::use_awaitable);
}

} // namespace backendim::daemon
