#pragma once

#include "protocol/access.hpp"
#include "protocol/durable.hpp"
#include "protocol/error.hpp"
#include "protocol/journal.hpp"
#include "protocol/node.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// Where a one-off task stands. The last four are final.
enum class one_off_state : uint8_t {
  starting = 1,
  running,
  stopping, ///< Its container has to end.
  exited,   ///< By itself, whatever its exit code says.
  cancelled,
  timed_out,
  failed, ///< It could not be started, or nobody knows what became of it.
};
BOOST_DESCRIBE_ENUM(one_off_state, starting, running, stopping, exited, cancelled, timed_out,
                    failed)

constexpr bool is_final(one_off_state x) {
  return x >= one_off_state::exited;
}

struct one_off_info {
  static constexpr std::string_view summary
    = "A command that runs once in a container of an app's release.";
  static constexpr field_doc docs[] = {
    {"id", "ULID; the one-off task's path is task/<tenant>/<id>."},
    {"release", "Number of the release whose image and settings it has."},
    {"command", "The program and its arguments, not for a shell."},
    {"exit_code", "Of the command, once it has ended by itself."},
    {"out_of_memory", "Whether it was killed because it used more memory than it may."},
    {"error", "Why it failed; present when the state is failed."},
    {"limit", "How long it may take before it is ended."},
  };
  std::string id;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  std::vector<std::string> command;
  one_off_state state = one_off_state::starting;
  caf::optional<int32_t> exit_code;
  bool out_of_memory = false;
  caf::optional<failure> error;
  std::chrono::seconds limit{0};
  std::string who;
  caf::timestamp created;
  caf::optional<caf::timestamp> ended;
  friend bool operator==(const one_off_info&, const one_off_info&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_info, (),
                      (id, tenant, app, release, command, state, exit_code, out_of_memory, error,
                       limit, who, created, ended))

struct start_one_off {
  static constexpr std::string_view summary
    = "Runs a command once in a container of the app's live release.";
  static constexpr permission needs = permission::deploy;
  static constexpr field_doc docs[] = {
    {"command", "The program and its arguments, not for a shell."},
    {"timeout", "Seconds after which it is ended, 1 to 86400; absent: an hour."},
  };
  std::vector<std::string> command;
  caf::optional<uint32_t> timeout;
  request_meta meta;
  friend bool operator==(const start_one_off&, const start_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(start_one_off, (), (command, timeout, meta))

struct get_one_off {
  static constexpr std::string_view summary = "Asks where a one-off task stands.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_one_off&, const get_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(get_one_off, (), ())

struct cancel_one_off {
  static constexpr std::string_view summary = "Ends a one-off task that has not ended yet.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const cancel_one_off&, const cancel_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(cancel_one_off, (), (meta))

// -- between the app, the one-off task and what it has under way ----------------------------------

struct create_one_off {
  static constexpr std::string_view summary = "Gives a one-off task its work. Sent by its app.";
  static constexpr field_doc docs[] = {{"what", "The service to make for it."}};
  std::string id;
  run_release what;
  std::vector<std::string> command;
  std::chrono::seconds limit{0};
  request_meta meta;
  friend bool operator==(const create_one_off&, const create_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(create_one_off, (), (id, what, command, limit, meta))

struct begin_one_off {
  static constexpr std::string_view summary = "The engine has a one-off task's service: it is "
                                              "never made again. Sent by the task to itself.";
  request_meta meta;
  friend bool operator==(const begin_one_off&, const begin_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(begin_one_off, (), (meta))

struct expire_one_off {
  static constexpr std::string_view summary
    = "A one-off task took longer than it may. Sent by the task to itself.";
  request_meta meta;
  friend bool operator==(const expire_one_off&, const expire_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(expire_one_off, (), (meta))

struct end_one_off {
  static constexpr std::string_view summary
    = "Nothing of a one-off task runs any more. Sent by the task to itself.";
  static constexpr field_doc docs[]
    = {{"stopped", "Whether it was made to end; else it ended by itself."}};
  bool stopped = false;
  caf::optional<int32_t> exit_code;
  bool out_of_memory = false;
  caf::optional<failure> error;
  request_meta meta;
  friend bool operator==(const end_one_off&, const end_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(end_one_off, (), (stopped, exit_code, out_of_memory, error, meta))

struct conclude_one_off {
  static constexpr std::string_view summary
    = "A one-off task ended and nothing of it is left. Sent by the task.";
  one_off_info what;
  request_meta meta;
  friend bool operator==(const conclude_one_off&, const conclude_one_off&) = default;
};
BOOST_DESCRIBE_STRUCT(conclude_one_off, (), (what, meta))

struct keep_output {
  static constexpr std::string_view summary
    = "Keeps what a container writes until it ends; what is kept already is not kept again.";
  static constexpr field_doc docs[] = {
    {"log", "Name of the log to keep it in."},
    {"secrets", "Whose values must not be kept."},
  };
  std::string log;
  std::string container;
  sealed_secrets secrets;
  friend bool operator==(const keep_output&, const keep_output&) = default;
};
BOOST_DESCRIBE_STRUCT(keep_output, (), (log, container, secrets))

struct output_kept {
  static constexpr std::string_view summary = "A container has ended and all it wrote is kept.";
  std::string log;
  friend bool operator==(const output_kept&, const output_kept&) = default;
};
BOOST_DESCRIBE_STRUCT(output_kept, (), (log))

// -- events ---------------------------------------------------------------------------------------

struct one_off_accepted {
  static constexpr std::string_view summary = "Event: the app took a command that runs once.";
  static constexpr field_doc docs[] = {
    {"what", "The service to make for it."},
    {"request_id", "The request that asked for it."},
    {"fingerprint", "Of the request's content: the same request id with other content clashes."},
  };
  std::string id;
  run_release what;
  std::vector<std::string> command;
  std::chrono::seconds limit{0};
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const one_off_accepted&, const one_off_accepted&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_accepted, (),
                      (id, what, command, limit, request_id, fingerprint, who, at))

struct one_off_concluded {
  static constexpr std::string_view summary = "Event: nothing of a one-off task is left.";
  one_off_info what;
  friend bool operator==(const one_off_concluded&, const one_off_concluded&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_concluded, (), (what))

struct one_off_created {
  static constexpr std::string_view summary = "Event: a one-off task was given its work.";
  std::string id;
  run_release what;
  std::vector<std::string> command;
  std::chrono::seconds limit{0};
  std::string who;
  caf::timestamp at;
  friend bool operator==(const one_off_created&, const one_off_created&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_created, (), (id, what, command, limit, who, at))

struct one_off_began {
  static constexpr std::string_view summary = "Event: the engine has a one-off task's service.";
  caf::timestamp at;
  friend bool operator==(const one_off_began&, const one_off_began&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_began, (), (at))

struct one_off_stopping {
  static constexpr std::string_view summary = "Event: a one-off task has to end.";
  static constexpr field_doc docs[] = {{"why", "What it will be then: cancelled or timed_out."}};
  one_off_state why = one_off_state::cancelled;
  caf::timestamp at;
  friend bool operator==(const one_off_stopping&, const one_off_stopping&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_stopping, (), (why, at))

struct one_off_ended {
  static constexpr std::string_view summary = "Event: a one-off task reached a final state.";
  one_off_state state = one_off_state::failed;
  caf::optional<int32_t> exit_code;
  bool out_of_memory = false;
  caf::optional<failure> error;
  caf::timestamp at;
  friend bool operator==(const one_off_ended&, const one_off_ended&) = default;
};
BOOST_DESCRIBE_STRUCT(one_off_ended, (), (state, exit_code, out_of_memory, error, at))

/// One command that runs once, at task/<tenant>/<id>. Commands fail with not_found, conflict,
/// unavailable or timed_out.
using one_off_actor = caf::typed_actor<caf::replies_to<get_one_off>::with<one_off_info>,
                                       caf::replies_to<cancel_one_off>::with<one_off_info>,
                                       caf::replies_to<get_changes>::with<stream_position>,
                                       caf::replies_to<create_one_off>::with<one_off_info>,
                                       caf::replies_to<begin_one_off>::with<one_off_info>,
                                       caf::replies_to<expire_one_off>::with<one_off_info>,
                                       caf::replies_to<end_one_off>::with<one_off_info>>;

/// Reads what one container writes, on a thread of its own. Fails with unavailable.
using output_actor = caf::typed_actor<caf::replies_to<keep_output>::with<output_kept>>;

} // namespace backendim
