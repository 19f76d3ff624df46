#pragma once

#include "bin/daemon/actor_bridge.hpp"
#include "protocol/directory.hpp"

#include <caf/actor_addr.hpp>

#include <chrono>
#include <string>
#include <unordered_map>

namespace backendim::daemon {

/// Asks actors by their paths. Remembers where they are, weakly, so that most questions take one
/// hop. Only for the bridge's thread.
class actor_lookup {
public:
  actor_lookup(actor_bridge& bridge, ingress_actor ingress);

  /// The actor at *path*, awake. Fails with not_found, invalid_request, unavailable, timed_out.
  boost::asio::awaitable<caf::expected<caf::strong_actor_ptr>> find(const std::string& path);

  /// Asks it; once more when it had gone to sleep meanwhile. Fails like find, and with what the
  /// actor answers.
  boost::asio::awaitable<caf::expected<caf::message>>
  ask(const std::string& path, const caf::message& what, std::chrono::seconds deadline);

  template <class Reply, class Message>
  boost::asio::awaitable<caf::expected<Reply>> ask_for(const std::string& path, Message what,
                                                       std::chrono::seconds deadline) {
    auto reply = co_await ask(path, caf::make_message(std::move(what)), deadline);
    if (!reply)
      co_return std::move(reply.error());
    if (!reply->template match_elements<Reply>())
      co_return unexpected_reply();
    co_return reply->template get_as<Reply>(0);
  }

  actor_bridge& bridge() { return bridge_; }
  const caf::strong_actor_ptr& ingress() const { return ingress_; }

private:
  actor_bridge& bridge_;
  caf::strong_actor_ptr ingress_;
  std::unordered_map<std::string, caf::actor_addr> known_;
};

} // namespace backendim::daemon
