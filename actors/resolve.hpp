#pragma once

#include "protocol/error.hpp"
#include "protocol/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace backendim {

/// How long an actor of this machine may take to answer what needs no work.
constexpr std::chrono::seconds answer_deadline{10};

/// Asks the actor at *where* and calls then(reply) or failed(error), in *self*.
template <class Reply, path_kind Kind, class Self, class Message, class Then, class Failed>
void ask_path(Self* self, const ingress_actor& ingress, path<Kind> where, Message message,
              Then then, Failed failed, caf::timespan deadline = answer_deadline) {
  using handle = typename interface_at<Kind>::type;
  self->request(ingress, answer_deadline, resolve_path{std::move(where.text)})
    .then(
      [self, deadline, message = std::move(message), then, failed](caf::strong_actor_ptr& found) {
        self->request(caf::actor_cast<handle>(std::move(found)), deadline, message)
          .then([then](Reply& reply) { then(reply); },
                [failed](const caf::error& x) { failed(to_domain_error(x)); });
      },
      [failed](const caf::error& x) { failed(to_domain_error(x)); });
}

/// How an actor that somebody else than the ingress started is announced to it.
template <path_kind Kind>
actor_entry entry_at(const path<Kind>& where) {
  const auto what = parse_path(where.text);
  return {where.text, std::string{shape_of(Kind).name}, what ? what->parent() : ""};
}

} // namespace backendim
