#pragma once

#include "actors/admission.hpp"
#include "actors/slot_lane.hpp"
#include "protocol/build.hpp"
#include "protocol/directory.hpp"
#include "protocol/incident.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

struct build_queue_config {
  uint32_t build_slots = 2; ///< Builds at once: as many as there are cores.
  uint32_t light_slots = 4; ///< Fetches and pushes at once; they mostly wait for the disk.
  admission_limits limits;
  std::chrono::seconds fetch_limit{300}; ///< How long a job may run; waiting does not count.
  std::chrono::seconds build_limit{1'800};
  std::chrono::seconds push_limit{600};
  incidents_actor incidents{}; ///< Who hears of a full disk; may be null.
};

/// Makes an actor for one job, which hears by the token that it is to stop. A build actor blocks:
/// bin gives each a thread of its own.
using build_spawner = std::function<build_actor(std::stop_token)>;

/// It could not be found out how many builds of a tenant may run: it is asked again.
struct limit_retry_tick {
  std::string tenant;
};

/// A job has run as long as it may, or one that a lost queue left has had its time to stop.
struct job_limit_tick {
  slot_lane::ticket which;
};

/// Gives each job a build actor as soon as it has a slot, round-robin among tenants. Builds wait
/// while disk or memory is scarce, and those of a tenant beyond its quota. A job that was taken is
/// never dropped for want of room: new deployments are turned away before they are accepted. Of a
/// deployment one job is under way: who asks for the same once more, as a deployment does that
/// began anew, gets what comes of it; another job of it waits until the one before it is gone, also
/// when that one is of a queue that was lost: those are told to stop and are found at their paths.
class build_queue_state {
public:
  using interface = build_queue_actor::extend<caf::reacts_to<job_limit_tick>,
                                              caf::reacts_to<limit_retry_tick>>;
  static constexpr const char* name = "build_queue";

  explicit build_queue_state(interface::pointer self) : self_{self} {}
  ~build_queue_state();

  interface::behavior_type make_behavior(build_queue_config config, build_spawner spawn,
                                         ingress_actor ingress);

private:
  using ticket = slot_lane::ticket;

  template <class Reply>
  using asker = std::shared_ptr<caf::typed_response_promise<Reply>>;

  struct job {
    build_job_info info;
    std::variant<fetch_source, build_image, push_image> what;
    /// Who asked last.
    std::variant<asker<source_fetched>, asker<image_built>, asker<image_pushed>> who;
    std::stop_source stop;
    std::function<void(build_actor)> run; ///< Sends the request; its answer ends the job.
    build_actor worker;
    bool in_lane = false; ///< Else it waits for an older job of the same deployment to end.
    bool late = false;
  };

  /// A job of the queue before this one that still has to stop.
  struct left_behind {
    std::string tenant;
    std::string id;
    caf::actor_addr worker;
  };

  void find_left_behind();
  void watch_left_behind(std::vector<actor_entry> rest);
  void forget_left_behind(ticket which);
  template <class Reply, class Message>
  caf::result<Reply> enqueue(deployment_state step, Message x);
  template <class Message>
  job* find_same(const Message& x);
  static void refuse(job& x, const caf::error& why);
  slot_lane& lane_of(const job& x) {
    return x.info.step == deployment_state::building ? builds_ : light_;
  }
  std::chrono::seconds limit_of(const job& x) const;
  void start_jobs();
  void start(ticket which);
  void end(ticket which);
  void drop(const std::string& id, const caf::error& why);
  bool is_under_way(const std::string& id) const;
  void go_on(const std::string& tenant, const std::string& id);
  void let_in(const std::string& id);
  caf::error outcome_of(ticket which, const caf::error& reason) const;
  caf::result<work_cancelled> cancel(const cancel_work& x);
  void clean(const cancel_work& x);

  caf::result<deployment_admitted> admit(const std::string& tenant);
  caf::error turn_away(ec code, bottleneck why, std::string detail,
                       std::optional<std::chrono::milliseconds> next) const;
  size_t expected_of(const std::string& tenant);
  void observe(machine_load x);
  std::optional<scarcity> held() const;
  void ask_limit(const std::string& tenant);
  void limit(const build_limit& x);
  caf::optional<uint64_t> disk_limit_of(const std::string& tenant) const;
  void note_disk_of(const std::string& tenant, const image_built& x);
  bool may_build(const std::string& tenant) const;
  std::optional<scarcity> held_by_quota(const std::string& tenant) const;
  std::map<ticket, slot_wait> waits() const;
  build_queue_info info();

  interface::pointer self_;
  build_queue_config config_;
  build_spawner spawn_;
  ingress_actor ingress_;
  ticket last_ticket_ = 0;
  std::map<ticket, job> jobs_; ///< In order of arrival.
  std::map<ticket, left_behind> left_;
  slot_lane builds_{0};
  slot_lane light_{0};
  std::multimap<std::string, caf::typed_response_promise<work_cancelled>> cancelling_;
  std::optional<machine_load> load_;
  bool was_held_ = false;
  std::map<std::string, build_limit> limits_; ///< By tenant. One that is not here does not build.
  std::set<std::string> asked_;               ///< Tenants whose limit is being found out.
  /// By tenant: until when places are kept for deployments that were let in and not yet heard of.
  std::map<std::string, std::deque<slot_lane::clock::time_point>> expected_;
};

/// Assign the handle to a build_queue_actor: job_limit_tick is the queue's own.
build_queue_state::interface::behavior_type
build_queue(build_queue_state::interface::stateful_pointer<build_queue_state> self,
            build_queue_config config, build_spawner spawn, ingress_actor ingress);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::job_limit_tick)   // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::limit_retry_tick) // never leaves its actor
