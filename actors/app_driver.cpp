#include "actors/app_driver.hpp"

#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto retry_after = 1s;
constexpr auto drain_deadline = 90s; // drain (30 s) and removal by the engine
} // namespace

app_driver::interface::behavior_type
app_driver::make_behavior(app_context context, std::string tenant, std::string app) {
  context_ = std::move(context);
  host_ = app + "-" + tenant + "." + context_.domain;
  app_state initial;
  initial.tenant = tenant;
  initial.app = app;
  initial.url = "http://" + host_ + context_.url_suffix;
  start(context_.durable, {"app/" + tenant + "/" + app, context_.journal}, std::move(initial),
        [this](const app_state& s) { drive(s); });
  return {
    [this](get_app& x) { return handle(std::move(x)); },
    [this](start_deployment& x) { return handle(std::move(x)); },
    [this](destroy_app& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](conclude_deployment& x) { return handle(std::move(x)); },
    [this](conclude_retirement& x) { return handle(std::move(x)); },
    [this](durable_tick) { tick(); },
  };
}

void app_driver::drive(const app_state& s) {
  task_deployments(s);
  route(s); // before what it no longer names is retired
  for (auto number : s.retiring)
    if (retiring_.insert(number).second)
      retire(s, number);
  announce(s);
}

/// Tells each open deployment what it has to do, once, and again after a failure.
void app_driver::task_deployments(const app_state& s) {
  std::erase_if(told_, [&](const auto& x) { return !s.open.contains(x.first); });
  for (const auto& [id, accepted] : s.open) {
    const auto by = s.superseded.find(id);
    const auto* wish = !s.exists                  ? "cancel"
                       : by != s.superseded.end() ? "supersede"
                       : s.deploying == id        ? "begin"
                                                  : "wait";
    auto& told = told_[id];
    if (told == wish)
      continue;
    if (told.empty()) { // it may not even know its task
      told = "create";
      create(s, accepted);
    } else if (told != "create") {
      told = wish;
      if (told == "begin")
        begin(id);
      else if (told == "supersede")
        supersede(id, by->second);
      else if (told == "cancel")
        cancel(id);
    }
  }
}

void app_driver::create(const app_state& s, const deployment_accepted& x) {
  const create_deployment message{x.id,     s.tenant, s.app, x.release,
                                  x.source, x.config, s.url, {x.who, x.request_id}};
  ask_path<deployment_actor, deployment_info>(
    self_, context_.ingress, "deployment/" + x.id, message,
    [this, id = x.id](const deployment_info&) {
      told_[id] = "wait"; // one that has ended wakes up by this and says how, once more
      tick_in(0s);
    },
    [this, id = x.id](const caf::error& reason) {
      spdlog::warn("app could not task deployment app={} id={} why=\"{}\"", stream(), id,
                   render(reason));
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::begin(const std::string& id) {
  ask_path<deployment_actor, deployment_info>(
    self_, context_.ingress, "deployment/" + id, begin_deployment{{"", "begin-" + id}},
    [](const auto&) {},
    [this, id](const caf::error&) {
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::supersede(const std::string& id, const std::string& by) {
  ask_path<deployment_actor, deployment_info>(
    self_, context_.ingress, "deployment/" + id, supersede_deployment{by, {"", "by-" + by}},
    [](const auto&) {},
    [this, id](const caf::error&) {
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::cancel(const std::string& id) {
  ask_path<deployment_actor, deployment_info>(
    self_, context_.ingress, "deployment/" + id, cancel_deployment{{"", "destroyed-" + id}},
    [](const auto&) {},
    [this, id](const caf::error& reason) {
      if (reason == ec::conflict)
        return; // it ended by itself and will say so
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::retire(const app_state& s, uint32_t number) {
  self_
    ->request(context_.gateway, drain_deadline,
              retire_release{service_name(s.tenant, s.app, number)})
    .then(
      [this, number](const release_removed&) {
        self_
          ->request(interface{self_}, answer_deadline,
                    conclude_retirement{number, {"", "retired-" + std::to_string(number)}})
          .then([this, number](const app_info&) { retiring_.erase(number); },
                [this, number](const caf::error&) {
                  retiring_.erase(number);
                  tick_in(retry_after);
                });
      },
      [this, number](const caf::error& reason) {
        spdlog::warn("app could not retire release app={} release={} why=\"{}\"", stream(), number,
                     render(to_domain_error(reason)));
        retiring_.erase(number);
        tick_in(retry_after);
      });
}

void app_driver::route(const app_state& s) {
  if (!s.exists) {
    if (std::exchange(routed_, std::nullopt))
      self_->request(context_.gateway, answer_deadline, remove_route{host_})
        .then([](const route_set&) {}, [](const caf::error&) {});
    return;
  }
  set_route wish{host_, caf::none, s.app + " is not running", ""};
  if (s.live) {
    const auto& config = s.live->config;
    wish.service = await_release{service_name(s.tenant, s.app, s.live->number), s.live->port,
                                 config.health_check ? *config.health_check : "",
                                 config.scaling && config.scaling->min ? *config.scaling->min : 1};
    wish.title = s.app + " is starting";
    wish.text = "Release v" + std::to_string(s.live->number)
                + " is live but none of its tasks is ready at the moment.";
  } else if (s.last_failure) {
    wish.title = s.app + " could not be deployed";
    wish.text = "The last deployment failed: " + s.last_failure->message;
  } else {
    wish.title = s.app + " is being deployed";
    wish.text = "The first deployment is under way. This page turns into the app when it is done.";
  }
  if (routed_ == wish)
    return;
  routed_ = wish;
  self_->request(context_.gateway, drain_deadline, wish)
    .then([](const route_set&) {},
          [this](const caf::error& reason) {
            spdlog::warn("app could not set its route app={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            routed_.reset();
            tick_in(retry_after);
          });
}

void app_driver::announce(const app_state& s) {
  const auto tenant = "tenant/" + s.tenant;
  auto info = answer(s, get_app{});
  if (!info) {
    if (std::exchange(announced_, std::nullopt))
      self_->request(context_.ingress, answer_deadline, resolve_path{tenant})
        .then(
          [this, gone = app_removed{s.tenant, s.app}](caf::strong_actor_ptr& found) {
            self_->send(caf::actor_cast<tenant_actor>(found), gone);
          },
          [](const caf::error&) {});
    return;
  }
  if (announced_ == *info)
    return;
  announced_ = *info;
  self_->request(context_.ingress, answer_deadline, resolve_path{tenant})
    .then(
      [this, news = *info](caf::strong_actor_ptr& found) {
        self_->send(caf::actor_cast<tenant_actor>(found), news);
      },
      [this](const caf::error&) {
        announced_.reset();
        tick_in(retry_after);
      });
}

app_driver::interface::behavior_type app(app_driver::interface::stateful_pointer<app_driver> self,
                                         app_context context, std::string tenant,
                                         std::string name) {
  return self->state.make_behavior(std::move(context), std::move(tenant), std::move(name));
}

} // namespace backendim
