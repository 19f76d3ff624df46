#include "actors/app_driver.hpp"

#include "actors/app_hosts.hpp"
#include "actors/release_tasks.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

app_driver::interface::behavior_type
app_driver::make_behavior(app_context context, std::string tenant, std::string app) {
  ingress_ = std::move(context.ingress);
  gateway_ = std::move(context.gateway);
  engine_ = std::move(context.engine);
  queue_ = std::move(context.queue);
  urls_ = std::move(context.urls);
  domains_ = context.domains ? std::move(context.domains)
                             : std::make_shared<const domains_policy>(domains_policy{urls_.domain});
  app_state initial;
  initial.tenant = tenant;
  initial.app = app;
  initial.url = url_of(urls_, first_host(tenant, app, urls_.domain));
  start(context.durable, {app_path(tenant, app).text, context.journal}, std::move(initial),
        [this](const app_state& s) { drive(s); });
  return {
    [this](const get_app& x) { return handle(x); },
    [this](start_deployment& x) { return admit(std::move(x)); },
    [this](destroy_app& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](activate_release& x) { return activate(std::move(x)); },
    [this](const share_requests& x) { return share(x); },
    [this](conclude_deployment& x) { return handle(std::move(x)); },
    [this](conclude_retirement& x) { return handle(std::move(x)); },
    [this](const compare_services& x) { return handle(x); },
    [this](const get_releases& x) { return handle(x); },
    [this](const compare_releases& x) { return handle(x); },
    [this](rollback_app& x) { return handle(std::move(x)); },
    [this](redeploy_app& x) { return handle(std::move(x)); },
    [this](scale_app& x) { return claim_first<app_info>(std::move(x)); },
    [this](stop_app& x) { return handle(std::move(x)); },
    [this](start_app& x) { return claim_first<app_info>(std::move(x)); },
    [this](set_maintenance& x) { return handle(std::move(x)); },
    [this](const get_app_tasks&) { return tasks(); },
    [this](end_watch& x) { return handle(std::move(x)); },
    [this](revert_release& x) { return handle(std::move(x)); },
    [this](const get_retained& x) { return handle(x); },
    [this](const get_secrets& x) { return handle(x); },
    [this](change_secrets& x) { return claim_first<secret_list>(std::move(x)); },
    [this](const get_sealed_secrets& x) { return handle(x); },
    [this](replace_seals& x) { return handle(std::move(x)); },
    [this](start_one_off& x) { return handle(std::move(x)); },
    [this](conclude_one_off& x) { return handle(std::move(x)); },
    [this](const get_domains&) { return own_domains(); },
    [this](add_domain& x) { return add(std::move(x)); },
    [this](verify_domain& x) { return verify(std::move(x)); },
    [this](remove_domain& x) { return remove(std::move(x)); },
    [this](note_domains& x) { return handle(std::move(x)); },
    [this](note_host& x) { return handle(std::move(x)); },
    [this](const mend_services& x) -> caf::result<differences> {
      for (const auto& difference : x.items)
        mend(difference);
      return differences{x.items};
    },
    [this](durable_tick) { tick(); },
  };
}

/// What cannot be built soon is turned away before it is accepted: an accepted deployment is kept.
caf::result<deployment_info> app_driver::admit(start_deployment x) {
  auto promise = self_->make_response_promise<deployment_info>();
  if (x.source.release || knows_request(current(), x.meta.request_id)
      || !decide(current(), x, moment{})) {
    handle(std::move(x), promise); // needs no place
    return promise;
  }
  const admit_deployment question{current().tenant};
  self_->request(queue_, answer_deadline, question)
    .then([this, x, promise](const deployment_admitted&) { claim_first(x, promise); },
          [this, x, promise](const caf::error& reason) mutable {
            if (knows_request(current(), x.meta.request_id)) // it was still being read before
              handle(std::move(x), promise);
            else
              promise.deliver(to_domain_error(reason));
          });
  return promise;
}

void app_driver::drive(const app_state& s) {
  live_.reset();
  if (s.live)
    live_ = tasks_of(s.tenant, s.app, *s.live, wanted_replicas(s), host(s));
  task_deployments(s);
  route(s);
  scale();
  watch(s);
  tell_reverted(s);
  task_one_offs(s);
  for (auto number : s.retiring)
    if (retiring_.insert(number).second)
      retire(s, number);
  announce(s);
  note_use(s);
  keep_own_domains(s);
}

/// Tells each open deployment what it has to do, once, and again after a failure.
void app_driver::task_deployments(const app_state& s) {
  std::erase_if(told_, [&](const auto& x) { return !s.open.contains(x.first); });
  for (const auto& [id, accepted] : s.open) {
    const auto by = s.superseded.find(id);
    const auto* wish = s.doomed.contains(id)      ? "cancel"
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
  create_deployment message;
  message.id = x.id;
  message.tenant = s.tenant;
  message.app = s.app;
  message.release = x.release;
  message.source = x.source;
  message.config = x.config;
  message.url = s.url;
  message.secrets = current_secrets(s.secrets);
  message.meta = {x.who, x.request_id};
  if (x.source.release)
    if (const auto* kept = find_release(s, *x.source.release)) {
      message.copied = *kept;
      if (!x.fresh_secrets)
        message.secrets = with_others(kept->secrets, message.secrets);
      message.copied->secrets.clear(); // said once
    }
  if (s.scaled)
    message.replicas = *s.scaled;
  ask_path<deployment_info>(
    self_, ingress_, deployment_path(s.tenant, x.id), message,
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
  ask_path<deployment_info>(
    self_, ingress_, deployment_path(current().tenant, id), begin_deployment{{"", "begin-" + id}},
    [](const auto&) {},
    [this, id](const caf::error&) {
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::supersede(const std::string& id, const std::string& by) {
  ask_path<deployment_info>(
    self_, ingress_, deployment_path(current().tenant, id),
    supersede_deployment{by, {"", "by-" + by}}, [](const auto&) {},
    [this, id](const caf::error&) {
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::cancel(const std::string& id) {
  ask_path<deployment_info>(
    self_, ingress_, deployment_path(current().tenant, id),
    cancel_deployment{{"", "destroyed-" + id}}, [](const auto&) {},
    [this, id](const caf::error& reason) {
      if (reason == ec::conflict)
        return; // it ended by itself and will say so
      told_.erase(id);
      tick_in(retry_after);
    });
}

void app_driver::retire(const app_state& s, uint32_t number) {
  self_->request(gateway_, drain_deadline, retire_release{service_name(s.tenant, s.app, number)})
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

/// What was found a moment ago may be different by now: only what is still wrong is changed.
void app_driver::mend(const difference& x) {
  const bool live = live_ && live_->service == x.service;
  const auto failed = [this, service = x.service](const caf::error& why) {
    spdlog::warn("app could not mend a service app={} service={} why=\"{}\"", stream(), service,
                 render(to_domain_error(why)));
  };
  if (x.what == drift::orphan && !live)
    self_->request(gateway_, drain_deadline, retire_release{x.service})
      .then([](const release_removed&) {}, failed);
  else if (x.what == drift::missing && live)
    self_->request(engine_, drain_deadline, *live_).then([](const release_running&) {}, failed);
  else if (x.what == drift::replicas && live)
    self_->request(engine_, drain_deadline, scale_release{x.service, live_->replicas})
      .then([](const release_running&) {}, failed);
}

void app_driver::announce(const app_state& s) {
  const auto tenant = tenant_path(s.tenant).text;
  auto info = answer(s, get_app{});
  if (!info) {
    if (announced_.forget())
      self_->request(ingress_, answer_deadline, resolve_path{tenant})
        .then(
          [this, gone = app_removed{s.tenant, s.app}](caf::strong_actor_ptr& found) {
            self_->send(caf::actor_cast<tenant_actor>(found), gone);
          },
          [](const caf::error&) {});
    return;
  }
  if (!announced_.is_news(self_->system(), *info))
    return;
  self_->request(ingress_, answer_deadline, resolve_path{tenant})
    .then(
      [this, news = *info](caf::strong_actor_ptr& found) {
        self_->send(caf::actor_cast<tenant_actor>(found), news);
      },
      [this](const caf::error&) {
        announced_.forget();
        tick_in(retry_after);
      });
}

app_driver::interface::behavior_type app(app_driver::interface::stateful_pointer<app_driver> self,
                                         app_context context, std::string tenant,
                                         std::string name) {
  return self->state.make_behavior(std::move(context), std::move(tenant), std::move(name));
}

} // namespace backendim
