#pragma once

#include "protocol/described.hpp"

#include <caf/error.hpp>
#include <caf/make_message.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// Every failure that may leave an actor or an adapter. Append only; never renumber.
enum class ec : uint8_t {
  invalid_request = 1, ///< Can never succeed as sent. HTTP 400.
  unauthenticated,     ///< Nobody, or nobody we know, is asking. HTTP 401.
  forbidden,           ///< This caller may not do this. HTTP 403.
  not_found,           ///< No such tenant, app, build or node. HTTP 404.
  conflict,            ///< Clashes with the current state. HTTP 409.
  build_failed,        ///< The build or the release ran and failed. HTTP 422.
  over_quota,          ///< The tenant's limit is reached. HTTP 429.
  internal,            ///< Our bug, or our damaged data. HTTP 500.
  unavailable,         ///< A dependency is down; a retry may help. HTTP 503.
  timed_out,           ///< Deadline passed; the outcome is unknown. HTTP 504.
  too_large,           ///< More bytes or files than allowed; send less. HTTP 413.
  quota_exceeded,      ///< The tenant may not have more; waiting does not help. HTTP 403.
};
BOOST_DESCRIBE_ENUM(ec, invalid_request, unauthenticated, forbidden, not_found, conflict,
                    build_failed, over_quota, internal, unavailable, timed_out, too_large,
                    quota_exceeded)

std::string to_string(ec code);

/// The HTTP status of a code, RFC 9110.
unsigned http_status(ec code);

/// The context of an invalid_request whose JSON or YAML did not fit its message.
struct decode_error {
  static constexpr std::string_view summary = "Where a document is wrong, and what would fit.";
  static constexpr field_doc docs[] = {
    {"pointer", "RFC 6901 pointer to the offending value; empty means the whole document."},
    {"suggestion", "The known spelling closest to what was found; empty when none is close."},
  };
  std::string pointer;
  std::string expected;
  std::string found;
  std::string suggestion;
  friend bool operator==(const decode_error&, const decode_error&) = default;
};
BOOST_DESCRIBE_STRUCT(decode_error, (), (pointer, expected, found, suggestion))

/// Why a deployment did not succeed. Append only.
enum class cause : uint8_t {
  internal = 1,           ///< Our bug or an unexpected answer of a part of the platform.
  source_rejected,        ///< The archive or repository cannot be taken: paths, links, size.
  config_invalid,         ///< backend-im.yml does not fit.
  framework_unknown,      ///< No detector recognised the source.
  runtime_unavailable,    ///< The language version asked for cannot be had.
  base_image_missing,     ///< A FROM image does not exist or cannot be pulled.
  build_failed,           ///< A build step exited with an error.
  build_out_of_memory,    ///< A build step was killed at the memory limit.
  registry_full,          ///< The registry has no space left.
  registry_unavailable,   ///< The registry does not answer or refuses.
  image_missing,          ///< The engine cannot pull the release's image.
  app_crashed,            ///< The process exited before it was healthy.
  app_out_of_memory,      ///< The process was killed at its memory limit.
  missing_environment,    ///< It exited and complains of an environment variable.
  missing_binary,         ///< The start command does not exist in the image.
  wrong_port,             ///< It listens, but on another port.
  listens_on_loopback,    ///< It listens on 127.0.0.1 only.
  not_listening,          ///< It runs but opens no port in time.
  unhealthy,              ///< It answers, but the health path says no.
  unschedulable,          ///< No node has room, or none fits.
  engine_unavailable,     ///< Docker does not answer.
  deadline_passed,        ///< A step took longer than it may.
  disk_full,              ///< The platform's own disk has no space left.
  release_missing,        ///< The release to go back to is not kept any more, or never was.
  release_command_failed, ///< What has to run before the release ended with an error.
  route_missing,          ///< What stands in front of the platform does not lead to the app.
  secret_missing,         ///< backend-im.yml names a secret that the app does not have.
  quota_exceeded,         ///< The release would take more than its tenant may have.
  canary_failed,          ///< Too many of the requests that the new release got failed.
  canary_not_promoted,    ///< Nobody promoted it in time.
};
BOOST_DESCRIBE_ENUM(cause, internal, source_rejected, config_invalid, framework_unknown,
                    runtime_unavailable, base_image_missing, build_failed, build_out_of_memory,
                    registry_full, registry_unavailable, image_missing, app_crashed,
                    app_out_of_memory, missing_environment, missing_binary, wrong_port,
                    listens_on_loopback, not_listening, unhealthy, unschedulable,
                    engine_unavailable, deadline_passed, disk_full, release_missing,
                    release_command_failed, route_missing, secret_missing, quota_exceeded,
                    canary_failed, canary_not_promoted)

/// The context of an error that ends a deployment; what the user is shown.
struct failure {
  static constexpr std::string_view summary = "Why a deployment failed, and what to do next.";
  static constexpr field_doc docs[] = {
    {"code", "The cause, one word of a fixed list."},
    {"message", "What happened, in one sentence."},
    {"evidence", "Lines that show it: output, exit code, what port is open. Untrusted text."},
    {"next", "What to try, in one sentence."},
  };
  cause code = cause::internal;
  std::string message;
  std::vector<std::string> evidence;
  std::string next;
  friend bool operator==(const failure&, const failure&) = default;
};
BOOST_DESCRIBE_STRUCT(failure, (), (code, message, evidence, next))

/// An error of kind *code* whose context is *why*.
caf::error make_failure(ec code, failure why);

/// The failure {disk_full} of this platform's own disk, as unavailable.
caf::error disk_full(std::string evidence);

/// The failure that *reason* carries, or one made from its code and text.
failure failure_of(const caf::error& reason);

/// Maps CAF's own errors (timeouts, dead receivers) to an ec; leaves an ec as it is.
caf::error to_domain_error(const caf::error& reason);

/// Returns "code: context" for people and logs.
std::string render(const caf::error& reason);

} // namespace backendim

CAF_ERROR_CODE_ENUM(backendim::ec, "backendim") // the category is an atom: 10 characters at most
