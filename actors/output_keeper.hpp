#pragma once

#include "adapters/container_engine.hpp"
#include "adapters/log_store.hpp"
#include "adapters/vault.hpp"
#include "protocol/one_off.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace backendim {

struct output_tools {
  std::shared_ptr<container_engine> engine;
  std::shared_ptr<log_store> logs;
  std::shared_ptr<vault> keys;
};

/// Copies what one container writes into a log, for as long as it writes: bin spawns it detached.
/// It ends what it does at *stop*. Another one goes on where this one was.
output_actor::behavior_type output_keeper(output_actor::pointer self, output_tools tools,
                                          std::stop_token stop);

/// A line of such a log: when it was written, to what, and its text.
std::string kept_form(const output_line& x, std::string_view text);

/// The line again. One that has not this form, as the log's own words have not, is text alone.
/// Refers to *line*.
output_line from_kept_form(std::string_view line);

} // namespace backendim
