#include "bin/daemon/actor_lookup.hpp"

#include "protocol/types.hpp"

#include <caf/all.hpp>

namespace backendim::daemon {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr size_t max_known = 50'000; // then all are looked up anew

} // namespace

actor_lookup::actor_lookup(actor_bridge& bridge, ingress_actor ingress)
  : bridge_{bridge}, ingress_{caf::actor_cast<caf::strong_actor_ptr>(std::move(ingress))} {}

asio::awaitable<caf::expected<caf::strong_actor_ptr>> actor_lookup::find(const std::string& path) {
  if (const auto known = known_.find(path); known != known_.end())
    if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(known->second))
      co_return alive;
  const resolve_path question{path}; // named: g++ 12 frees an aggregate in a co_await twice
  auto found = co_await bridge_.ask_for<caf::strong_actor_ptr>(ingress_, question, 10s);
  if (found) {
    if (known_.size() >= max_known)
      known_.clear();
    known_.insert_or_assign(path, caf::actor_cast<caf::actor_addr>(*found));
  }
  co_return found;
}

asio::awaitable<caf::expected<caf::message>> actor_lookup::ask(const std::string& path,
                                                               const caf::message& what,
                                                               std::chrono::seconds deadline) {
  for (int attempt = 0;; ++attempt) {
    auto found = co_await find(path);
    if (!found)
      co_return std::move(found.error());
    auto reply = co_await bridge_.ask(*found, what, deadline);
    if (reply)
      co_return reply;
    if (reply.error() != caf::sec::request_receiver_down || attempt > 0)
      co_return to_domain_error(reply.error());
    known_.erase(path);
  }
}

} // namespace backendim::daemon
