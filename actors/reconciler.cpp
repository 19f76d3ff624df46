#include "actors/reconciler.hpp"

#include "actors/resolve.hpp"
#include "protocol/app.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto listing_deadline = 30s;
constexpr uint32_t listed = 500; // paths at once
} // namespace

reconciler_state::interface::behavior_type reconciler_state::make_behavior(reconciler_config config,
                                                                           engine_actor engine,
                                                                           ingress_actor ingress) {
  config_ = config;
  engine_ = std::move(engine);
  ingress_ = std::move(ingress);
  self_->delayed_send(self_, config_.first, reconcile_tick{});
  return {
    [this](const reconcile& x) { return begin(x.dry_run); },
    [this](const get_reconciliation&) -> caf::result<reconciliation> { return last_; },
    [this](reconcile_tick) {
      self_->delayed_send(self_, config_.period, reconcile_tick{});
      self_->request(interface{self_}, config_.period, reconcile{})
        .then([](const reconciliation&) {},
              [](const caf::error& x) {
                spdlog::warn("reconciler could not compare why=\"{}\"", render(to_domain_error(x)));
              });
    },
  };
}

caf::result<reconciliation> reconciler_state::begin(bool dry_run) {
  auto promise = self_->make_response_promise<reconciliation>();
  if (now_ && now_->dry_run == dry_run) {
    now_->promises.push_back(promise);
    return promise;
  }
  if (now_)
    return caf::make_error(ec::unavailable, "another comparison is under way");
  now_ = std::make_shared<round>();
  now_->dry_run = dry_run;
  now_->promises.push_back(promise);
  self_->request(engine_, listing_deadline, get_services{})
    .then(
      [this, x = now_](service_list& reply) {
        x->result.at = caf::make_timestamp();
        x->result.services = static_cast<uint32_t>(reply.services.size());
        for (auto& service : reply.services)
          x->found[app_path(service.tenant, service.app).text].push_back(std::move(service));
        for (const auto& [app, services] : x->found)
          x->apps.push_back(app);
        list_apps(x, "");
      },
      [this](const caf::error& why) { fail(to_domain_error(why)); });
  return promise;
}

/// Adds the living apps of which the engine has nothing.
void reconciler_state::list_apps(const std::shared_ptr<round>& x, const std::string& after) {
  self_->request(ingress_, listing_deadline, list_actors{prefix_of(path_kind::app), after, listed})
    .then(
      [this, x](const actor_list& reply) {
        for (const auto& entry : reply.items)
          if (!x->found.contains(entry.path))
            x->apps.push_back(entry.path);
        if (reply.items.size() == listed)
          list_apps(x, reply.items.back().path);
        else
          ask_apps(x);
      },
      [this](const caf::error& why) { fail(to_domain_error(why)); });
}

void reconciler_state::ask_apps(const std::shared_ptr<round>& x) {
  while (!x->apps.empty() && x->unanswered < config_.page) {
    auto app = std::move(x->apps.back());
    x->apps.pop_back();
    ++x->unanswered;
    ask(x, app);
  }
  if (x->unanswered == 0)
    end(x);
}

void reconciler_state::ask(const std::shared_ptr<round>& x, const std::string& app) {
  const auto found = x->found.find(app);
  const compare_services question{found == x->found.end() ? std::vector<found_service>{}
                                                          : std::move(found->second)};
  ask_path<differences>(
    self_, ingress_, path<path_kind::app>{app}, question,
    [this, x, app](const differences& reply) {
      x->result.differences.insert(x->result.differences.end(), reply.items.begin(),
                                   reply.items.end());
      if (!x->dry_run && !reply.items.empty())
        ask_path<differences>(
          self_, ingress_, path<path_kind::app>{app}, mend_services{reply.items},
          [](const differences&) {},
          [app](const caf::error& why) {
            spdlog::warn("reconciler could not have an app mended app={} why=\"{}\"", app,
                         render(why));
          });
      --x->unanswered;
      ask_apps(x);
    },
    [this, x, app](const caf::error& why) {
      spdlog::warn("reconciler got no answer app={} why=\"{}\"", app, render(why));
      --x->unanswered;
      ask_apps(x);
    });
}

void reconciler_state::end(const std::shared_ptr<round>& x) {
  auto& result = x->result;
  result.mended = !x->dry_run;
  result.total = last_.total + (x->dry_run ? 0 : result.differences.size());
  for (const auto& difference : result.differences)
    spdlog::warn("reconciler found a difference service={} what={} dry_run={}", difference.service,
                 boost::describe::enum_to_string(difference.what, "?"), x->dry_run);
  last_ = result;
  for (auto& promise : x->promises)
    promise.deliver(result);
  x->promises.clear();
  now_.reset();
}

void reconciler_state::fail(const caf::error& why) {
  for (auto& promise : now_->promises)
    promise.deliver(why);
  now_->promises.clear();
  now_.reset();
}

reconciler_state::~reconciler_state() {
  if (now_)
    fail(caf::make_error(ec::unavailable, "the reconciler stopped"));
}

reconciler_state::interface::behavior_type
reconciler(reconciler_state::interface::stateful_pointer<reconciler_state> self,
           reconciler_config config, engine_actor engine, ingress_actor ingress) {
  return self->state.make_behavior(config, std::move(engine), std::move(ingress));
}

} // namespace backendim
