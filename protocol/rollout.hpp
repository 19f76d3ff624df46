#pragma once

#include "protocol/deployment.hpp"
#include "protocol/gateway.hpp"
#include "protocol/release.hpp"

#include <caf/optional.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace backendim {

struct release_image {
  static constexpr std::string_view summary = "Starts a release beside the one that serves.";
  static constexpr field_doc docs[]
    = {{"before", "What has to run once, and well, before; absent: nothing."}};
  run_release what;
  caf::optional<run_release> before;
  friend bool operator==(const release_image&, const release_image&) = default;
};
BOOST_DESCRIBE_STRUCT(release_image, (), (what, before))

struct verify_release {
  static constexpr std::string_view summary
    = "Waits for a release to be ready, then has its app put it on the route.";
  static constexpr field_doc docs[] = {
    {"trial", "Whether it gets a share of the requests first, as its configuration says."},
    {"known", "What is written down of that; absent: it has not begun."},
  };
  await_release what;
  release made;
  bool trial = false;
  caf::optional<canary_info> known;
  friend bool operator==(const verify_release&, const verify_release&) = default;
};
BOOST_DESCRIBE_STRUCT(verify_release, (), (what, made, trial, known))

struct watch_release {
  static constexpr std::string_view summary
    = "Watches a release that went live. Sent by its app, which keeps the one before until then.";
  static constexpr field_doc docs[] = {
    {"window", "For how long."},
    {"secrets", "Whose values must not be shown when it fails."},
  };
  std::string service;
  std::chrono::seconds window{0};
  sealed_secrets secrets;
  friend bool operator==(const watch_release&, const watch_release&) = default;
};
BOOST_DESCRIBE_STRUCT(watch_release, (), (service, window, secrets))

struct release_watched {
  static constexpr std::string_view summary = "How a release did that was watched.";
  static constexpr field_doc docs[] = {{"error", "Why it has to be taken back; absent: it stays."}};
  std::string service;
  caf::optional<failure> error;
  friend bool operator==(const release_watched&, const release_watched&) = default;
};
BOOST_DESCRIBE_STRUCT(release_watched, (), (service, error))

struct rollout_tick {
  static constexpr std::string_view summary = "A rollout has to look again. Sent to itself.";
  static constexpr field_doc docs[] = {{"turn", "What was under way when it was sent."}};
  uint64_t turn = 0;
  friend bool operator==(const rollout_tick&, const rollout_tick&) = default;
};
BOOST_DESCRIBE_STRUCT(rollout_tick, (), (turn))

/// Makes one release live, at rollout/<tenant>/<deployment id>. Each request takes the place of the
/// one before, which fails with unavailable, and may be sent again after anything failed. Fails
/// with build_failed, unavailable, and as the app does that puts the release on its route.
using rollout_actor = caf::typed_actor<caf::replies_to<release_image>::with<release_running>,
                                       caf::replies_to<verify_release>::with<route_set>,
                                       caf::replies_to<watch_release>::with<release_watched>,
                                       caf::reacts_to<rollout_tick>>;

} // namespace backendim
