#include "actors/build_queue.hpp"

#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace backendim {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr auto clean_limit = 60s;
constexpr auto stop_grace = 60s;   // a job that is told to stop has no longer
constexpr auto expected_for = 30s; // an accepted deployment's first job comes in a moment
constexpr auto scarce_retry = 30s; // nobody knows when somebody frees a disk
constexpr auto longest_retry = 3'600s;
constexpr uint32_t most_left_behind = 1'000; // of queues that were lost one after the other

} // namespace

build_queue_state::interface::behavior_type
build_queue_state::make_behavior(build_queue_config config, build_spawner spawn,
                                 ingress_actor ingress) {
  config_ = std::move(config);
  spawn_ = std::move(spawn);
  ingress_ = std::move(ingress);
  builds_ = slot_lane{config_.build_slots};
  light_ = slot_lane{config_.light_slots};
  find_left_behind();
  return {
    [this](fetch_source& x) {
      if (auto& expected = expected_[x.tenant]; !expected.empty())
        expected.pop_front(); // here it is
      return enqueue<source_fetched>(deployment_state::fetching, std::move(x));
    },
    [this](build_image& x) {
      ask_limit(x.tenant);
      return enqueue<image_built>(deployment_state::building, std::move(x));
    },
    [this](push_image& x) {
      return enqueue<image_pushed>(deployment_state::pushing, std::move(x));
    },
    [this](const cancel_work& x) { return cancel(x); },
    [this](const get_build_queue&) -> caf::result<build_queue_info> { return info(); },
    [this](const get_slot_wait& x) -> caf::result<slot_wait> {
      const auto all = waits();
      for (const auto& [which, wait] : all)
        if (jobs_.at(which).info.id == x.id)
          return wait;
      return slot_wait{};
    },
    [this](const admit_deployment& x) { return admit(x.tenant); },
    [this](machine_load& x) { observe(std::move(x)); },
    [this](const build_limit& x) { limit(x); },
    [this](const limit_retry_tick& x) {
      asked_.erase(x.tenant);
      ask_limit(x.tenant);
    },
    [this](const job_limit_tick& x) {
      const auto found = jobs_.find(x.which);
      if (found == jobs_.end())
        return forget_left_behind(x.which);
      found->second.late = true;
      found->second.stop.request_stop();
    },
  };
}

// -- jobs -----------------------------------------------------------------------------------------

/// Nothing else is heard before it is known what a queue that was lost left running.
void build_queue_state::find_left_behind() {
  self_->set_down_handler([this](const caf::down_msg& x) {
    const auto found = std::ranges::find_if(
      left_, [&](const auto& known) { return known.second.worker == x.source; });
    if (found != left_.end())
      forget_left_behind(found->first);
  });
  self_
    ->request(ingress_, answer_deadline,
              list_actors{prefix_of(path_kind::build), "", most_left_behind})
    .await([this](actor_list& x) { watch_left_behind(std::move(x.items)); },
           [](const caf::error& why) {
             spdlog::warn("build_queue could not look for jobs of before why=\"{}\"",
                          render(to_domain_error(why)));
           });
}

void build_queue_state::watch_left_behind(std::vector<actor_entry> rest) {
  if (rest.empty())
    return;
  const auto path = std::move(rest.back().path);
  rest.pop_back();
  self_->request(ingress_, answer_deadline, resolve_path{path})
    .await(
      [this, path, rest](const caf::strong_actor_ptr& found) {
        const auto worker = caf::actor_cast<caf::actor_addr>(found);
        if (const auto what = parse_path(path)) {
          const auto which = ++last_ticket_;
          left_[which] = {what->parts[0], what->parts[1], worker};
          self_->monitor(worker);
          self_->delayed_send(self_, stop_grace, job_limit_tick{which});
        }
        watch_left_behind(rest);
      },
      [this, rest](const caf::error&) { watch_left_behind(rest); }); // it is gone by now
}

void build_queue_state::forget_left_behind(ticket which) {
  if (const auto gone = left_.extract(which))
    go_on(gone.mapped().tenant, gone.mapped().id);
}

template <class Reply, class Message>
caf::result<Reply> build_queue_state::enqueue(deployment_state step, Message x) {
  const caf::error replaced
    = caf::make_error(ec::conflict, "a later request for the same deployment came");
  auto promise = self_->make_response_promise<Reply>();
  if (auto* same = find_same(x)) {
    refuse(*same, replaced);
    *std::get<asker<Reply>>(same->who) = promise;
    return promise;
  }
  const auto id = x.id;
  drop(id, replaced);
  const auto which = ++last_ticket_;
  const auto who = std::make_shared<caf::typed_response_promise<Reply>>(promise);
  auto& added = jobs_[which];
  added.info = {id, x.tenant, step, false, caf::make_timestamp(), caf::none};
  added.who = who;
  added.what = std::move(x);
  added.run = [this, which, who](const build_actor& worker) {
    const auto& begun = jobs_.at(which);
    auto message = std::get<Message>(begun.what);
    if constexpr (std::is_same_v<Message, build_image>)
      message.disk_limit = disk_limit_of(message.tenant);
    self_->request(worker, limit_of(begun) + stop_grace, std::move(message))
      .then(
        [this, which, who](Reply& reply) {
          if constexpr (std::is_same_v<Reply, image_built>)
            note_disk_of(jobs_.at(which).info.tenant, reply);
          who->deliver(std::move(reply));
          end(which);
        },
        [this, which, who](const caf::error& reason) {
          who->deliver(outcome_of(which, reason));
          end(which);
        });
  };
  if (!is_under_way(id))
    let_in(id);
  start_jobs();
  return promise;
}

/// The job that does what *x* asks for, unless it was told to stop.
template <class Message>
build_queue_state::job* build_queue_state::find_same(const Message& x) {
  for (auto& [which, known] : jobs_)
    if (const auto* what = std::get_if<Message>(&known.what);
        what && *what == x && !known.stop.stop_requested())
      return &known;
  return nullptr;
}

void build_queue_state::refuse(job& x, const caf::error& why) {
  std::visit([&](const auto& who) { who->deliver(why); }, x.who);
}

std::chrono::seconds build_queue_state::limit_of(const job& x) const {
  switch (x.info.step) {
    case deployment_state::fetching: return config_.fetch_limit;
    case deployment_state::building: return config_.build_limit;
    default: return config_.push_limit;
  }
}

/// Ends the jobs of *id*; one that runs still has to stop.
void build_queue_state::drop(const std::string& id, const caf::error& why) {
  for (auto i = jobs_.begin(); i != jobs_.end();) {
    auto& [which, x] = *i;
    if (x.info.id == id && x.info.running) {
      x.stop.request_stop();
    } else if (x.info.id == id) {
      refuse(x, why);
      lane_of(x).withdraw(which);
      i = jobs_.erase(i);
      continue;
    }
    ++i;
  }
}

bool build_queue_state::is_under_way(const std::string& id) const {
  return std::ranges::any_of(
           jobs_, [&](const auto& x) { return x.second.info.id == id && x.second.info.running; })
         || std::ranges::any_of(left_, [&](const auto& x) { return x.second.id == id; });
}

/// What waited until nothing of the deployment runs any more.
void build_queue_state::go_on(const std::string& tenant, const std::string& id) {
  if (!is_under_way(id)) {
    if (cancelling_.contains(id))
      clean({id, tenant});
    let_in(id);
  }
  start_jobs();
}

/// Lets those of *id* stand in line that waited for an older one.
void build_queue_state::let_in(const std::string& id) {
  for (auto& [which, x] : jobs_)
    if (x.info.id == id && !std::exchange(x.in_lane, true))
      lane_of(x).enter(which, x.info.tenant);
}

void build_queue_state::start_jobs() {
  const auto now = self_->clock().now();
  while (const auto which = light_.admit(now))
    start(*which);
  while (builds_.waiting() > 0 && !held()) {
    const auto which
      = builds_.admit(now, [this](const std::string& tenant) { return may_build(tenant); });
    if (!which)
      break;
    start(*which);
  }
  const bool holds = builds_.waiting() > 0 && builds_.running() < builds_.slots() && held();
  if (std::exchange(was_held_, holds) != holds) {
    if (holds)
      spdlog::warn("build_queue holds builds back waiting={} why=\"{}\"", builds_.waiting(),
                   held()->detail);
    else
      spdlog::info("build_queue lets builds begin again");
  }
}

void build_queue_state::start(ticket which) {
  auto& x = jobs_.at(which);
  x.info.running = true;
  x.info.since = caf::make_timestamp();
  x.worker = spawn_(x.stop.get_token());
  self_->send(ingress_, entry_at(build_path(x.info.tenant, x.info.id)),
              caf::actor_cast<caf::strong_actor_ptr>(x.worker));
  self_->delayed_send(self_, limit_of(x), job_limit_tick{which});
  x.run(x.worker);
}

caf::error build_queue_state::outcome_of(ticket which, const caf::error& reason) const {
  if (!jobs_.at(which).late)
    return to_domain_error(reason);
  return make_failure(ec::timed_out,
                      {cause::deadline_passed,
                       "It took longer than it may.",
                       {},
                       "Try again; if it stays slow, look at the build log and the node's load."});
}

void build_queue_state::end(ticket which) {
  auto ended = std::move(jobs_.at(which));
  jobs_.erase(which);
  self_->send_exit(ended.worker, caf::exit_reason::user_shutdown);
  lane_of(ended).leave(which, self_->clock().now(), !ended.stop.stop_requested());
  go_on(ended.info.tenant, ended.info.id);
}

/// Answers when the job's processes are gone.
caf::result<work_cancelled> build_queue_state::cancel(const cancel_work& x) {
  drop(x.id, caf::make_error(ec::timed_out, "cancelled while it waited"));
  auto promise = self_->make_response_promise<work_cancelled>();
  cancelling_.emplace(x.id, promise);
  if (!is_under_way(x.id))
    clean(x);
  return promise;
}

/// Removes what the deployment left on the disk, then says so.
void build_queue_state::clean(const cancel_work& x) {
  auto worker = spawn_({});
  const auto done = [this, id = x.id, worker] {
    const auto [first, last] = cancelling_.equal_range(id);
    for (auto i = first; i != last; ++i)
      i->second.deliver(work_cancelled{id});
    cancelling_.erase(first, last);
    self_->send_exit(worker, caf::exit_reason::user_shutdown);
  };
  self_->request(worker, clean_limit, x)
    .then([done](const work_cancelled&) { done(); }, [done](const caf::error&) { done(); });
}

// -- admission ------------------------------------------------------------------------------------

caf::result<deployment_admitted> build_queue_state::admit(const std::string& tenant) {
  const auto now = self_->clock().now();
  const auto& limits = config_.limits;
  size_t waiting = builds_.waiting() + light_.waiting();
  for (auto i = expected_.begin(); i != expected_.end();) {
    waiting += expected_of(i->first);
    i = i->second.empty() ? expected_.erase(i) : std::next(i);
  }
  const auto of_tenant
    = builds_.waiting_of(tenant) + light_.waiting_of(tenant) + expected_of(tenant);
  const auto next = builds_.next_slot(now);
  if (load_)
    if (auto lack = scarce(*load_, limits, 0))
      return turn_away(ec::unavailable, lack->what, std::move(lack->detail), scarce_retry);
  if (waiting >= limits.waiting)
    return turn_away(ec::over_quota, bottleneck::queue,
                     std::to_string(waiting) + " deployments wait to be built; no more are taken "
                       + "before some have been.",
                     next);
  if (of_tenant >= limits.waiting_of_tenant)
    return turn_away(ec::over_quota, bottleneck::tenant_queue,
                     std::to_string(of_tenant) + " deployments of " + tenant
                       + " wait to be built; no more are taken before some have been.",
                     next);
  expected_[tenant].push_back(now + expected_for);
  return deployment_admitted{tenant};
}

caf::error build_queue_state::turn_away(ec code, bottleneck why, std::string detail,
                                        std::optional<milliseconds> next) const {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(next.value_or(scarce_retry));
  return caf::make_error(
    code, admission_refusal{why, std::move(detail),
                            std::clamp<std::chrono::seconds>(wait, 1s, longest_retry)});
}

/// How many of a tenant were let in and have not been heard of yet.
size_t build_queue_state::expected_of(const std::string& tenant) {
  const auto found = expected_.find(tenant);
  if (found == expected_.end())
    return 0;
  const auto now = self_->clock().now();
  std::erase_if(found->second, [&](const auto& until) { return until <= now; });
  return found->second.size();
}

void build_queue_state::observe(machine_load x) {
  load_ = std::move(x);
  start_jobs();
  if (!config_.incidents)
    return;
  const auto lack = scarce(*load_, config_.limits, 0);
  if (lack && lack->what == bottleneck::disk)
    self_->send(config_.incidents,
                report_incident{incident_kind::disk_low, "build_queue", lack->detail,
                                "Free space or make the disk bigger; builds begin by themselves."});
  else
    self_->send(config_.incidents, resolve_incident{incident_kind::disk_low, "build_queue"});
}

/// What keeps the next build from beginning, besides slots.
std::optional<scarcity> build_queue_state::held() const {
  return load_ ? scarce(*load_, config_.limits, builds_.running()) : std::nullopt;
}

std::map<build_queue_state::ticket, slot_wait> build_queue_state::waits() const {
  const auto now = self_->clock().now();
  std::map<ticket, slot_wait> result;
  const auto add = [&](const slot_lane& lane, const std::optional<scarcity>& lack) {
    uint32_t position = 0;
    for (const auto& turn : lane.turns(now)) {
      auto& x = result[turn.who];
      x.position = ++position;
      const auto& info = jobs_.at(turn.who).info;
      const auto own
        = lack || info.step != deployment_state::building ? lack : held_by_quota(info.tenant);
      if (own) {
        x.why = own->what;
        x.detail = own->detail;
      } else if (turn.wait) {
        x.estimated_wait = *turn.wait;
      }
    }
  };
  // With all slots taken it is for them that builds wait first.
  add(builds_, builds_.running() < builds_.slots() ? held() : std::nullopt);
  add(light_, std::nullopt);
  for (const auto& [which, x] : jobs_) // behind an older one of the same deployment
    if (!x.in_lane)
      result[which].position = 1;
  return result;
}

build_queue_info build_queue_state::info() {
  build_queue_info result;
  result.slots = config_.build_slots;
  result.light_slots = config_.light_slots;
  size_t expected = 0;
  for (const auto& x : expected_)
    expected += expected_of(x.first);
  result.waiting = static_cast<uint32_t>(builds_.waiting() + light_.waiting() + expected);
  result.waiting_limit = static_cast<uint32_t>(config_.limits.waiting);
  result.tenant_limit = static_cast<uint32_t>(config_.limits.waiting_of_tenant);
  if (const auto usual = builds_.usual_time())
    result.usual_build = *usual;
  if (const auto lack = held())
    result.held = lack->detail;
  for (const auto& [which, x] : jobs_)
    if (x.info.running)
      result.jobs.push_back(x.info);
  std::vector<build_job_info> waiting;
  for (const auto& [which, wait] : waits()) {
    waiting.push_back(jobs_.at(which).info);
    waiting.back().waits = wait;
  }
  std::ranges::stable_sort(waiting, {}, [](const auto& x) {
    return std::pair{x.step != deployment_state::building, x.waits->position};
  });
  result.jobs.insert(result.jobs.end(), waiting.begin(), waiting.end());
  return result;
}

build_queue_state::~build_queue_state() {
  for (auto& [which, x] : jobs_) {
    x.stop.request_stop(); // a running one ends soon, but has nobody to tell any more
    if (x.worker)
      caf::anon_send_exit(x.worker, caf::exit_reason::user_shutdown);
    refuse(x, caf::make_error(ec::unavailable, "build queue stopped"));
  }
  for (auto& x : cancelling_)
    x.second.deliver(caf::make_error(ec::unavailable, "build queue stopped"));
}

build_queue_state::interface::behavior_type
build_queue(build_queue_state::interface::stateful_pointer<build_queue_state> self,
            build_queue_config config, build_spawner spawn, ingress_actor ingress) {
  return self->state.make_behavior(std::move(config), std::move(spawn), std::move(ingress));
}

} // namespace backendim
