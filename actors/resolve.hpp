#pragma once

#include "protocol/directory.hpp"
#include "protocol/error.hpp"

#include <caf/actor_cast.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace backendim {

/// How long an actor of this machine may take to answer what needs no work.
constexpr std::chrono::seconds answer_deadline{10};

/// Asks the actor at *path* and calls then(reply) or failed(error), in *self*.
template <class Handle, class Reply, class Self, class Message, class Then, class Failed>
void ask_path(Self* self, const ingress_actor& ingress, std::string path, Message message,
              Then then, Failed failed) {
  self->request(ingress, answer_deadline, resolve_path{std::move(path)})
    .then(
      [self, message = std::move(message), then, failed](caf::strong_actor_ptr& found) {
        self->request(caf::actor_cast<Handle>(std::move(found)), answer_deadline, message)
          .then([then](Reply& reply) { then(reply); },
                [failed](const caf::error& x) { failed(to_domain_error(x)); });
      },
      [failed](const caf::error& x) { failed(to_domain_error(x)); });
}

} // namespace backendim
