#pragma once

#include "actors/durable.hpp"
#include "protocol/build.hpp"
#include "protocol/gateway.hpp"
#include "protocol/quota.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// The room that is kept for one app.
struct kept_room {
  uint32_t tasks = 0;
  std::optional<caf::timestamp> claimed; ///< Not there yet, as far as is known; since when.
};
BOOST_DESCRIBE_STRUCT(kept_room, (), (tasks, claimed))

/// What one tenant may have and has.
struct quota_data {
  std::string tenant;
  quota_limits limits;
  std::map<std::string, kept_room> apps; ///< By name.
  std::optional<uint64_t> disk_bytes;
};
BOOST_DESCRIBE_STRUCT(quota_data, (), (tenant, limits, apps, disk_bytes))

/// For so long an app that got room may take to be there: then it never was.
constexpr std::chrono::seconds room_kept_for{60};

using quota_event = std::variant<quota_set, tasks_claimed, tasks_noted, app_forgotten, disk_noted>;

caf::expected<std::vector<quota_event>> decide(const quota_data& s, const set_quota& x,
                                               const moment& m);
caf::expected<std::vector<quota_event>> decide(const quota_data& s, const claim_tasks& x,
                                               const moment& m);
caf::expected<std::vector<quota_event>> decide(const quota_data& s, const note_tasks& x,
                                               const moment& m);
caf::expected<std::vector<quota_event>> decide(const quota_data& s, const forget_app& x,
                                               const moment& m);
caf::expected<std::vector<quota_event>> decide(const quota_data& s, const note_disk& x,
                                               const moment& m);
void apply(quota_data& s, const quota_set& x);
void apply(quota_data& s, const tasks_claimed& x);
void apply(quota_data& s, const tasks_noted& x);
void apply(quota_data& s, const app_forgotten& x);
void apply(quota_data& s, const disk_noted& x);
caf::expected<quota_report> answer(const quota_data& s, const get_quota& x);
template <class Command>
caf::expected<quota_report> answer(const quota_data& s, const Command&) {
  return answer(s, get_quota{});
}
bool has_ended(const quota_data& s);

struct quota_entity {
  using interface = quota_actor;
  using state = quota_data;
  using event = quota_event;
  static constexpr const char* name = "quota";
  static constexpr uint32_t snapshot = 2;
};

/// The durable quota, which tells the build queue how many builds may run, and the gateway how many
/// requests a second may come in.
class quota_driver : public durable<quota_entity> {
public:
  using durable::durable;

  interface::behavior_type make_behavior(durable_config config, journal_actor journal,
                                         build_queue_actor queue, gateway_actor gateway,
                                         const std::string& tenant);

private:
  void drive(const quota_data& s);

  build_queue_actor queue_;
  gateway_actor gateway_;
  std::optional<build_limit> told_;
  std::optional<request_limit> told_gateway_;
};

/// The actor at quota/<tenant>, its stream.
quota_driver::interface::behavior_type
quota(quota_driver::interface::stateful_pointer<quota_driver> self, durable_config config,
      journal_actor journal, build_queue_actor queue, gateway_actor gateway,
      const std::string& tenant);

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::quota_event);
BACKENDIM_KEPT_STATE(extern, backendim::quota_entity);
