#pragma once

#include "bin/daemon/actor_lookup.hpp"
#include "protocol/access.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace backendim::daemon {

/// The one way from outside to an actor: whatever a REST route or another door is asked to do ends
/// here as a message to a path, with one authorization.
class door {
public:
  explicit door(actor_lookup& actors) : actors_{actors} {}

  /// Sends the public message *type* with *body* to *path*; a command is known by *request_id*.
  /// Returns its reply. Fails with not_found also for what belongs to another tenant, forbidden,
  /// invalid_request with a decode_error, and with what the actor answers.
  boost::asio::awaitable<caf::expected<boost::json::value>>
  send(const principal& who, const std::string& path, std::string_view type,
       const boost::json::value& body, const std::string& request_id);

  /// Whether *who* may look at *path*, and that it is there. Returns its state.
  boost::asio::awaitable<caf::expected<boost::json::value>> look(const principal& who,
                                                                 const std::string& path);

  actor_lookup& actors() { return actors_; }

private:
  actor_lookup& actors_;
};

} // namespace backendim::daemon
