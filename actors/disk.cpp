#include "actors/disk.hpp"

#include "actors/garbage.hpp"
#include "actors/resolve.hpp"
#include "protocol/app.hpp"
#include "protocol/event_codec.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto listing_deadline = 60s;
constexpr uint32_t listed = 500; // streams at once

void add(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

uint64_t freed_by(const garbage_report& x) {
  uint64_t result = 0;
  for (const auto& kind : x.kinds)
    result += kind.freed_bytes;
  return result;
}

bool below(const disk_space& x, uint32_t percent) {
  return x.total_bytes > 0 && x.free_bytes < x.total_bytes / 100 * percent;
}

} // namespace

disk_watch_state::interface::behavior_type disk_watch_state::make_behavior(disk_context context) {
  context_ = std::move(context);
  schedule(std::min(context_.config.first, context_.config.every));
  return {
    [this](const get_disk&) -> caf::result<disk_report> { return report(); },
    [this](const collect_garbage& x) { return collect(x.dry_run); },
    [this](machine_load& x) { observe(std::move(x)); },
    [this](const disk_tick& x) {
      if (x.number != timer_)
        return; // another one was set meanwhile
      schedule(context_.config.every);
      if (!now_)
        begin(collection_cause::schedule, false);
    },
    [this](const waited_tick& x) {
      if (now_ && now_->number == x.number)
        answer(*now_);
    },
  };
}

void disk_watch_state::schedule(std::chrono::milliseconds delay) {
  next_ = caf::make_timestamp() + delay;
  self_->delayed_send(self_, delay, disk_tick{++timer_});
}

caf::result<garbage_report> disk_watch_state::collect(bool dry_run) {
  if (now_ && now_->report.dry_run != dry_run)
    return caf::make_error(ec::unavailable, now_->report.dry_run
                                              ? "a dry run is under way; try again"
                                              : "a collection is under way; try again");
  auto promise = self_->make_response_promise<garbage_report>();
  if (!now_)
    begin(collection_cause::request, dry_run);
  now_->promises.push_back(promise);
  self_->delayed_send(self_, context_.config.answer_within, waited_tick{now_->number});
  return promise;
}

// -- one collection -------------------------------------------------------------------------------

void disk_watch_state::begin(collection_cause why, bool dry_run) {
  now_ = std::make_shared<round>();
  now_->number = ++rounds_;
  now_->report.why = why;
  now_->report.dry_run = dry_run;
  now_->report.began = caf::make_timestamp();
  now_->order.dry_run = dry_run;
  now_->order.low_space = low();
  now_->order.asked = now_->report.began;
  spdlog::info("disk begins a collection why={} dry_run={}",
               boost::describe::enum_to_string(why, "?"), dry_run);
  list_logs_of(now_);
}

void disk_watch_state::list_logs_of(const round_ptr& x) {
  self_->request(context_.worker, listing_deadline, list_logs{})
    .then(
      [this, x](log_names& reply) {
        x->all_logs = {reply.items.begin(), reply.items.end()};
        std::erase_if(app_of_,
                      [&](const auto& known) { return !x->all_logs.contains(known.first); });
        for (auto& id : reply.items)
          if (!app_of_.contains(id))
            x->logs.push_back(std::move(id));
        find_apps_of_logs(x);
      },
      [this, x](const caf::error& why) {
        end(x, "the build logs cannot be listed: " + render(to_domain_error(why)));
      });
}

void disk_watch_state::find_apps_of_logs(const round_ptr& x) {
  while (!x->logs.empty() && x->unanswered < context_.config.page) {
    const auto id = std::move(x->logs.back());
    x->logs.pop_back();
    ++x->unanswered;
    find_app(x, id);
  }
  if (x->unanswered == 0)
    list_apps(x, "");
}

/// Its first event says whose deployment it was.
void disk_watch_state::find_app(const round_ptr& x, const std::string& id) {
  const auto maker = deployment_path(tenant_of_work(id), id_of_work(id));
  const get_stream first_event{maker.text, 1, 1};
  self_->request(context_.journal, listing_deadline, first_event)
    .then(
      [this, x, id](const recorded_events& reply) {
        if (now_ != x)
          return;
        auto& app = app_of_[id];
        if (!reply.events.empty())
          if (const auto made = from_kept_text<deployment_created>(reply.events[0].event.body))
            app = made->tenant + "/" + made->app;
        --x->unanswered;
        find_apps_of_logs(x);
      },
      [this, x](const caf::error& why) {
        end(x, "the journal does not answer: " + render(to_domain_error(why)));
      });
}

/// All that there ever was: one that is not awake yet retains as much as others.
void disk_watch_state::list_apps(const round_ptr& x, const std::string& after) {
  self_
    ->request(context_.journal, listing_deadline,
              get_streams{prefix_of(path_kind::app), after, listed})
    .then(
      [this, x](const stream_names& reply) {
        if (now_ != x)
          return;
        add(x->apps, reply.names);
        if (reply.names.size() == listed)
          list_apps(x, reply.names.back());
        else
          ask_apps(x);
      },
      [this, x](const caf::error& why) {
        end(x, "the journal does not answer: " + render(to_domain_error(why)));
      });
}

void disk_watch_state::ask_apps(const round_ptr& x) {
  while (!x->apps.empty() && x->unanswered < context_.config.page) {
    const auto path = std::move(x->apps.back());
    x->apps.pop_back();
    ++x->unanswered;
    ask(x, path);
  }
  if (x->unanswered == 0)
    remove(x);
}

void disk_watch_state::ask(const round_ptr& x, const std::string& where) {
  ask_path<retained>(
    self_, context_.ingress, path<path_kind::app>{where}, get_retained{},
    [this, x, where](const retained& reply) {
      if (now_ != x)
        return;
      const auto app = where.substr(prefix_of(path_kind::app).size());
      auto& order = x->order;
      order.apps.push_back(app);
      if (!reply.deployments.empty())
        order.busy.push_back(app);
      add(order.keep.images, reply.images);
      add(order.keep.sources, reply.sources);
      add(order.keep.deployments, reply.deployments);
      add(order.keep.released, reply.released);
      --x->unanswered;
      ask_apps(x);
    },
    [this, x, where](const caf::error& why) {
      end(x, where + " does not say what it needs: " + render(why));
    });
}

void disk_watch_state::remove(const round_ptr& x) {
  std::map<std::string, std::string> logs;
  for (const auto& id : x->all_logs)
    if (const auto known = app_of_.find(id); known != app_of_.end())
      logs.emplace(*known);
  x->order.logs = garbage_logs(logs, x->order.keep, context_.config.build_logs,
                               x->order.asked - context_.config.grace);
  self_->request(context_.worker, context_.config.limit, x->order)
    .then(
      [this, x](garbage_removed& reply) {
        x->report.kinds = std::move(reply.kinds);
        end(x, "");
      },
      [this, x](const caf::error& why) {
        end(x, "it did not come to its end: " + render(to_domain_error(why)));
      });
}

void disk_watch_state::end(const round_ptr& x, std::string error) {
  if (now_ != x)
    return; // it has failed already
  auto& result = x->report;
  result.error = std::move(error);
  result.ended = caf::make_timestamp();
  const auto freed = freed_by(result);
  if (!result.error.empty())
    spdlog::warn("disk could not collect garbage why=\"{}\"", result.error);
  else
    spdlog::info("disk ended a collection dry_run={} freed_bytes={}", result.dry_run, freed);
  (result.dry_run ? looked_ : last_) = result;
  if (!result.dry_run) {
    context_.figures->freed_bytes += freed;
    for (auto& [folder, trend] : trends_)
      trend.forget();
    if (!result.error.empty())
      schedule(std::min(context_.config.again, context_.config.every));
  }
  answer(*x);
  now_.reset();
}

void disk_watch_state::answer(round& x) {
  for (auto& promise : x.promises)
    promise.deliver(x.report);
  x.promises.clear();
}

// -- what is left ---------------------------------------------------------------------------------

bool disk_watch_state::low() const {
  return std::ranges::any_of(
    disks_, [&](const auto& x) { return below(x, context_.config.collect_below_percent); });
}

void disk_watch_state::observe(machine_load x) {
  const auto now = self_->clock().now();
  disks_ = std::move(x.disks);
  for (const auto& disk : disks_)
    trends_[disk.folder].add(now, disk.free_bytes);
  if (!disks_.empty())
    context_.figures->free_bytes = std::ranges::min(disks_, {}, &disk_space::free_bytes).free_bytes;
  if (!low()) {
    low_since_.reset();
    return;
  }
  if (now_ || (low_since_ && now < *low_since_ + context_.config.low_pause))
    return;
  low_since_ = now;
  begin(collection_cause::low_space, false);
}

disk_report disk_watch_state::report() const {
  disk_report result;
  result.node = context_.node;
  for (const auto& disk : disks_) {
    disk_state state;
    state.space = disk;
    state.collect_below_bytes = disk.total_bytes / 100 * context_.config.collect_below_percent;
    state.floor_bytes = context_.config.floor;
    if (const auto trend = trends_.find(disk.folder); trend != trends_.end())
      if (const auto left = trend->second.time_until(context_.config.floor))
        state.floor_in = *left;
    result.disks.push_back(std::move(state));
  }
  if (now_)
    result.running = now_->report;
  if (last_)
    result.last = *last_;
  if (looked_)
    result.looked = *looked_;
  result.next = next_;
  result.freed_bytes = context_.figures->freed_bytes;
  return result;
}

disk_watch_state::~disk_watch_state() {
  if (now_)
    for (auto& promise : now_->promises)
      promise.deliver(caf::make_error(ec::unavailable, "the disk actor stopped"));
}

disk_watch_state::interface::behavior_type
disk_watch(disk_watch_state::interface::stateful_pointer<disk_watch_state> self,
           disk_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
