#include "actors/service_watch.hpp"

#include "actors/diagnosis.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

constexpr uint32_t good_in_a_row = 2;
constexpr auto fast_interval = 200ms; // while it starts
constexpr auto slow_interval = 2s;    // when it has been starting for long
constexpr auto fast_for = 60s;
constexpr auto list_interval = 2s;   // beside the events, while somebody waits
constexpr auto unhealthy_after = 4s; // of bad statuses without a good one
constexpr auto evidence_interval = 1s;
constexpr auto unplaced_after = 5s;
constexpr auto first_retry = 500ms; // of a listing that failed; then twice as long each time
constexpr uint32_t most_doublings = 4;

} // namespace

service_watch_state::interface::behavior_type service_watch_state::make_behavior(
  std::string service, engine_actor engine, std::shared_ptr<prober> probes,
  caf::typed_actor<caf::reacts_to<upstreams_changed>> gateway, std::vector<std::string> ready) {
  service_ = std::move(service);
  engine_ = std::move(engine);
  probes_ = std::move(probes);
  gateway_ = std::move(gateway);
  reported_ = inherited_ = std::move(ready);
  if (!inherited_.empty())
    refresh();
  return {
    [this](const await_release& x) -> caf::result<release_ready> {
      wanted_ = x;
      hide(x.secrets);
      auto promise = self_->make_response_promise<release_ready>();
      waiting_.push_back(promise);
      started_ = self_->clock().now();
      failing_ = false;
      refresh();
      tick_later();
      return promise;
    },
    [this](const await_failure& x) -> caf::result<release_failed> {
      hide(x.secrets);
      mourning_.push_back(self_->make_response_promise<release_failed>());
      auto promise = mourning_.back();
      refresh();
      return promise;
    },
    [this](const await_start&) -> caf::result<task_started> {
      starting_.push_back(self_->make_response_promise<task_started>());
      auto promise = starting_.back();
      refresh();
      tick_later();
      return promise;
    },
    [this](const await_end& x) -> caf::result<task_ended> {
      hide(x.secrets);
      ending_.push_back(self_->make_response_promise<task_ended>());
      auto promise = ending_.back();
      started_ = self_->clock().now();
      refresh();
      return promise;
    },
    [this](const get_service&) -> caf::result<service_report> {
      return service_report{service_, tasks_, reported_};
    },
    [this](const container_changed&) { refresh(); },
    [this](probe_tick) {
      ticking_ = false;
      if (!(waiting_.empty() && starting_.empty() && ending_.empty())
          && self_->clock().now() - refreshed_ >= list_interval)
        refresh();
      probe_all();
      tick_later();
    },
    [this](refresh_tick) {
      retrying_ = false;
      if (unanswered_ > 0 && !refreshing_)
        refresh();
    },
    [this](const probe_finished& x) { probed(x); },
  };
}

/// Values of *x* are shown to nobody from now on. Those of a service are always the same ones.
void service_watch_state::hide(const sealed_secrets& x) {
  if (!x.items.empty())
    secrets_ = x;
}

/// One question at a time; what changes meanwhile is asked about once more.
void service_watch_state::refresh() {
  if (refreshing_) {
    again_ = true;
    return;
  }
  refreshing_ = true;
  refreshed_ = self_->clock().now();
  self_->request(engine_, answer_deadline, get_tasks{service_})
    .then(
      [this](task_list& x) {
        refreshing_ = false;
        unanswered_ = 0;
        update(std::move(x.tasks));
        if (std::exchange(again_, false))
          refresh();
      },
      [this](const caf::error& reason) {
        refreshing_ = again_ = false;
        if (unanswered_ == 0)
          spdlog::warn("service could not list its tasks service={} why=\"{}\"", service_,
                       render(to_domain_error(reason)));
        refresh_later();
        tick_later();
      });
}

/// What changed is not told twice, so whoever was to be asked about it is asked until he answers.
void service_watch_state::refresh_later() {
  const auto pause = first_retry * (1u << std::min(unanswered_++, most_doublings));
  if (!std::exchange(retrying_, true))
    self_->delayed_send(self_, pause, refresh_tick{});
}

void service_watch_state::update(std::vector<task> tasks) {
  if (tasks.empty() && !tasks_.empty())
    for (auto& promise : std::exchange(ending_, {}))
      promise.deliver(caf::make_error(ec::not_found, "the tasks of " + service_ + " are gone"));
  tasks_ = std::move(tasks);
  std::map<std::string, watched> now;
  for (const auto& x : tasks_)
    if (x.phase == task_phase::running && x.wanted && !x.address.empty()) {
      auto known = containers_.find(x.container);
      auto& w = now[x.container];
      if (known != containers_.end())
        w = known->second;
      else
        w.since = self_->clock().now();
      w.ready = w.ready || std::ranges::find(inherited_, x.address) != inherited_.end();
    }
  containers_ = std::move(now);
  inherited_.clear(); // an address may be another task's later
  report();
  look_for_failure();
  look_for_start();
  look_for_end();
  probe_all();
  tick_later();
}

void service_watch_state::look_for_failure() {
  if (waiting_.empty() || failing_)
    return;
  for (const auto& x : tasks_) {
    const bool ended = x.phase == task_phase::failed || x.phase == task_phase::stopped;
    if (ended && !x.container.empty()) {
      failing_ = true;
      with_evidence(x.container,
                    [this, x](const evidence& shown) { fail(diagnose_exit(x, shown)); });
      return;
    }
    auto why = diagnose_placement(x);
    const bool may_change
      = x.phase == task_phase::pending && self_->clock().now() - started_ < unplaced_after;
    if (why && !may_change) {
      fail(*why);
      return;
    }
  }
}

void service_watch_state::look_for_start() {
  for (const auto& x : tasks_) {
    const bool ended = x.phase == task_phase::failed || x.phase == task_phase::stopped;
    if (x.container.empty() && !ended)
      continue;
    for (auto& promise : std::exchange(starting_, {}))
      promise.deliver(task_started{x});
    return;
  }
}

/// For those who wait for a task of a service that is ready, or runs once, to end by itself.
void service_watch_state::look_for_end() {
  if (mourning_.empty() && ending_.empty())
    return;
  for (const auto& x : tasks_) {
    const bool ended = x.phase == task_phase::failed || x.phase == task_phase::stopped;
    const bool by_itself = x.phase == task_phase::failed && !x.container.empty();
    const bool for_good = ended && !ending_.empty();
    if (!by_itself && !for_good) {
      const auto why = diagnose_placement(x);
      if (why && !ending_.empty() && self_->clock().now() - started_ >= unplaced_after)
        for (auto& promise : std::exchange(ending_, {}))
          promise.deliver(make_failure(ec::build_failed, *why));
      continue;
    }
    with_evidence(x.container, [this, x](const evidence& shown) {
      const auto why = diagnose_end(x, shown);
      for (auto& promise : std::exchange(mourning_, {}))
        promise.deliver(release_failed{service_, why});
      for (auto& promise : std::exchange(ending_, {}))
        promise.deliver(task_ended{x, shown.log});
    });
    return;
  }
}

void service_watch_state::probe_all() {
  if (!wanted_)
    return;
  for (const auto& x : tasks_) {
    auto found = containers_.find(x.container);
    if (found == containers_.end() || found->second.ready || found->second.probing)
      continue;
    found->second.probing = true;
    probe_request probe{{x.address, wanted_->port}, wanted_->health_path, 2s};
    probes_->probe(probe, [me = interface{self_}, container = x.container](probe_result result) {
      caf::anon_send(me, probe_finished{container, result});
    });
  }
}

void service_watch_state::probed(const probe_finished& x) {
  auto found = containers_.find(x.container);
  if (found == containers_.end())
    return;
  auto& w = found->second;
  w.probing = false;
  if (x.result.what != probe_result::outcome::good) {
    w.good = 0;
    w.good_since.reset();
    doubt(x.container, w, x.result);
    return;
  }
  w.refused_since.reset();
  w.bad_since.reset();
  if (!w.good_since)
    w.good_since = self_->clock().now();
  if (++w.good < good_in_a_row) {
    probe_all();
  } else if (self_->clock().now() - *w.good_since >= wanted_->min_healthy) {
    w.ready = true;
    report();
  }
}

/// Looks for the reason when a running task goes on not being ready.
void service_watch_state::doubt(const std::string& container, watched& w,
                                const probe_result& result) {
  const auto now = self_->clock().now();
  const bool bad_status = result.what == probe_result::outcome::bad_status;
  if (bad_status) {
    w.refused_since.reset();
    if (!w.bad_since)
      w.bad_since = now;
  } else {
    w.bad_since.reset();
    if (!w.refused_since)
      w.refused_since = now;
  }
  if (waiting_.empty() || failing_
      || (w.asked_evidence && now - *w.asked_evidence < evidence_interval))
    return;
  if (bad_status && now - *w.bad_since < unhealthy_after)
    return;
  w.asked_evidence = now;
  with_evidence(container, [this, container, result, bad_status](const evidence& shown) {
    auto again = containers_.find(container);
    if (again == containers_.end() || again->second.ready)
      return;
    if (bad_status && again->second.bad_since) {
      fail(diagnose_health(*wanted_, result.status, shown));
      return;
    }
    if (again->second.refused_since)
      if (auto why = diagnose_silence(
            *wanted_, shown,
            duration_cast<milliseconds>(self_->clock().now() - *again->second.refused_since)))
        fail(*why);
  });
}

template <class Then>
void service_watch_state::with_evidence(const std::string& container, Then then) {
  self_->request(engine_, answer_deadline, get_evidence{container, secrets_})
    .then([then](const evidence& shown) { then(shown); },
          [then](const caf::error&) { then(evidence{}); }); // gone already: say what is known
}

void service_watch_state::report() {
  std::vector<std::string> ready;
  for (const auto& x : tasks_)
    if (auto found = containers_.find(x.container);
        found != containers_.end() && found->second.ready)
      ready.push_back(x.address);
  std::ranges::sort(ready);
  if (ready != reported_) {
    reported_ = ready;
    self_->send(gateway_, upstreams_changed{service_, ready});
  }
  if (wanted_ && !waiting_.empty() && ready.size() >= std::max(wanted_->replicas, 1u))
    succeed();
}

void service_watch_state::succeed() {
  for (auto& promise : std::exchange(waiting_, {}))
    promise.deliver(release_ready{service_, static_cast<uint32_t>(reported_.size())});
}

void service_watch_state::fail(const failure& why) {
  failing_ = true;
  for (auto& promise : std::exchange(waiting_, {}))
    promise.deliver(make_failure(ec::build_failed, why));
}

/// Ticks only while there is something to find out: an idle service costs nothing.
void service_watch_state::tick_later() {
  const auto now = self_->clock().now();
  bool fast = !waiting_.empty() || !starting_.empty() || !ending_.empty(), slow = false;
  for (const auto& [id, w] : containers_)
    if (!w.ready && wanted_)
      (now - w.since < fast_for ? fast : slow) = true;
  if (ticking_ || (!fast && !slow))
    return;
  ticking_ = true;
  self_->delayed_send(self_, fast ? caf::timespan{fast_interval} : caf::timespan{slow_interval},
                      probe_tick{});
}

service_watch_state::~service_watch_state() {
  const auto stopped = caf::make_error(ec::unavailable, "the watch of " + service_ + " stopped");
  for (auto& promise : waiting_)
    promise.deliver(stopped);
  for (auto& promise : mourning_)
    promise.deliver(stopped);
  for (auto& promise : starting_)
    promise.deliver(stopped);
  for (auto& promise : ending_)
    promise.deliver(stopped);
}

service_watch_state::interface::behavior_type
service_watch(service_watch_state::interface::stateful_pointer<service_watch_state> self,
              std::string service, engine_actor engine, std::shared_ptr<prober> probes,
              caf::typed_actor<caf::reacts_to<upstreams_changed>> gateway,
              std::vector<std::string> ready) {
  return self->state.make_behavior(std::move(service), std::move(engine), std::move(probes),
                                   std::move(gateway), std::move(ready));
}

} // namespace backendim
