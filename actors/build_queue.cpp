#include "actors/build_queue.hpp"

#include "protocol/types.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto clean_limit = 60s;
constexpr auto job_limit = 7200s; // the deployment's own deadlines end jobs much earlier
} // namespace

build_queue_actor::behavior_type build_queue_state::make_behavior(build_queue_config config,
                                                                  build_tools tools,
                                                                  ingress_actor ingress) {
  config_ = config;
  tools_ = std::move(tools);
  ingress_ = std::move(ingress);
  return {
    [this](fetch_source& x) {
      return enqueue<source_fetched>(deployment_state::fetching, std::move(x));
    },
    [this](build_image& x) {
      return enqueue<image_built>(deployment_state::building, std::move(x));
    },
    [this](push_image& x) {
      return enqueue<image_pushed>(deployment_state::pushing, std::move(x));
    },
    [this](const cancel_work& x) { return cancel(x.id); },
    [this](const get_build_queue&) -> caf::result<build_queue_info> {
      build_queue_info result{config_.build_slots, {}};
      for (const auto& x : jobs_)
        result.jobs.push_back(x.info);
      return result;
    },
  };
}

template <class Reply, class Message>
caf::result<Reply> build_queue_state::enqueue(deployment_state step, Message x) {
  if (jobs_.size() >= config_.max_waiting)
    return caf::make_error(ec::unavailable, "too many deployments wait; try again later");
  auto promise = self_->make_response_promise<Reply>();
  const auto which = jobs_.emplace(jobs_.end());
  which->info = {x.id, x.tenant, step, false};
  which->refuse = [promise](const caf::error& why) mutable { promise.deliver(why); };
  which->run = [this, which, promise, message = std::move(x)](const build_actor& worker) mutable {
    self_->request(worker, job_limit, message)
      .then(
        [this, which, promise](Reply& reply) mutable {
          promise.deliver(std::move(reply));
          end(which);
        },
        [this, which, promise](const caf::error& reason) mutable {
          promise.deliver(to_domain_error(reason));
          end(which);
        });
  };
  start_jobs();
  return promise;
}

void build_queue_state::start_jobs() {
  uint32_t builds = 0, light = 0;
  const auto count = [&](const job& x) -> uint32_t& {
    return x.info.step == deployment_state::building ? builds : light;
  };
  for (const auto& x : jobs_)
    if (x.info.running)
      ++count(x);
  for (auto& x : jobs_)
    if (!x.info.running
        && count(x) < (&count(x) == &builds ? config_.build_slots : config_.light_slots)) {
      ++count(x);
      start(x);
    }
}

void build_queue_state::start(job& x) {
  x.info.running = true;
  x.worker = spawn_worker(x.stop.get_token());
  self_->send(ingress_, actor_entry{"build/" + x.info.id, "build", "deployment/" + x.info.id},
              caf::actor_cast<caf::strong_actor_ptr>(x.worker));
  x.run(x.worker);
}

void build_queue_state::end(job_ref which) {
  self_->send_exit(which->worker, caf::exit_reason::user_shutdown);
  const auto id = which->info.id;
  jobs_.erase(which);
  if (cancelling_.contains(id)
      && std::ranges::none_of(jobs_, [&](const job& x) { return x.info.id == id; }))
    clean(id);
  start_jobs();
}

/// Answers when the job's processes are gone.
caf::result<work_cancelled> build_queue_state::cancel(const std::string& id) {
  bool running = false;
  for (auto x = jobs_.begin(); x != jobs_.end();) {
    const auto here = x++;
    if (here->info.id != id)
      continue;
    if (here->info.running) {
      running = true;
      here->stop.request_stop();
    } else {
      here->refuse(caf::make_error(ec::timed_out, "cancelled while it waited"));
      jobs_.erase(here);
    }
  }
  auto promise = self_->make_response_promise<work_cancelled>();
  cancelling_.emplace(id, promise);
  if (!running)
    clean(id);
  return promise;
}

build_actor build_queue_state::spawn_worker(std::stop_token stop) {
  if (config_.own_threads)
    return self_->spawn<caf::detached>(build, tools_, std::move(stop));
  return self_->spawn(build, tools_, std::move(stop));
}

/// Removes what the deployment left on the disk, then says so.
void build_queue_state::clean(const std::string& id) {
  auto worker = spawn_worker({});
  const auto done = [this, id, worker] {
    const auto [first, last] = cancelling_.equal_range(id);
    for (auto x = first; x != last; ++x)
      x->second.deliver(work_cancelled{id});
    cancelling_.erase(first, last);
    self_->send_exit(worker, caf::exit_reason::user_shutdown);
  };
  self_->request(worker, clean_limit, cancel_work{id})
    .then([done](const work_cancelled&) { done(); }, [done](const caf::error&) { done(); });
}

build_queue_state::~build_queue_state() {
  for (auto& x : jobs_) {
    x.stop.request_stop(); // a running one ends soon, but has nobody to tell any more
    x.refuse(caf::make_error(ec::unavailable, "build queue stopped"));
  }
  for (auto& x : cancelling_)
    x.second.deliver(caf::make_error(ec::unavailable, "build queue stopped"));
}

build_queue_actor::behavior_type
build_queue(build_queue_actor::stateful_pointer<build_queue_state> self, build_queue_config config,
            build_tools tools, ingress_actor ingress) {
  return self->state.make_behavior(config, std::move(tools), std::move(ingress));
}

} // namespace backendim
