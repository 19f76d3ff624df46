// The route of an app: nobody else writes it.

#include "actors/app_driver.hpp"
#include "actors/app_hosts.hpp"
#include "actors/release_tasks.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace backendim {

namespace {
const std::string usual_maintenance = "We are working on it and will be back soon.";
} // namespace

/// Whoever waits for the route asks again at once, and not after a deadline.
app_driver::~app_driver() {
  for (auto& [number, promise] : activating_)
    promise.deliver(caf::make_error(ec::unavailable, stream() + " stopped"));
}

/// Answers once the release is on the route and requests find their way there. Behind a commit, so
/// that a restart finds what was put there.
caf::result<route_set> app_driver::activate(activate_release x) {
  auto promise = self_->make_response_promise<route_set>();
  const auto failed = [promise](const caf::error& why) {
    auto asked = promise;
    asked.deliver(to_domain_error(why));
  };
  take(
    std::move(x),
    [this, promise, failed] {
      const auto& s = current();
      if (host(s).empty()) {
        failed(caf::make_error(ec::unavailable, "the app's host is not known yet"));
        return;
      }
      activating_.emplace(++activations_, promise);
      routed_.forget(); // a repeat has to be answered, too
      route(s);
    },
    failed);
  return promise;
}

/// A share of the requests is part of the route. Who asks for it has to be the one under way.
caf::result<split_counted> app_driver::share(const share_requests& x) {
  const auto& s = current();
  if (recovering())
    return caf::make_error(ec::unavailable, stream() + " is being read");
  if (auto wrong = check_turn(s, x.deployment))
    return wrong;
  if (host(s).empty())
    return caf::make_error(ec::unavailable, "the app's host is not known yet");
  if (x.weight > 0)
    return self_->delegate(gateway_, split_route{host(s), x.service, x.weight});
  auto promise = self_->make_response_promise<split_counted>();
  self_->request(gateway_, answer_deadline, end_split{host(s), x.service.service})
    .then(
      [promise](const route_set& done) {
        auto asked = promise;
        split_counted nothing;
        nothing.host = done.host;
        asked.deliver(std::move(nothing));
      },
      [promise](const caf::error& why) {
        auto asked = promise;
        asked.deliver(to_domain_error(why));
      });
  return promise;
}

void app_driver::route(const app_state& s) {
  if (!s.exists) {
    remove_route_of(s);
    return;
  }
  unrouted_ = false;
  const auto own = host(s);
  if (own.empty())
    return; // it is asked for: what may be another app's is not routed
  set_route wish{own, s.tenant, s.app, caf::none, s.app + " is not running", ""};
  if (s.stopped) {
    wish.title = s.app + " is stopped";
    wish.text = "Somebody stopped it. It answers again once it is started or deployed.";
  } else if (s.live) {
    wish.service = readiness_of(s.tenant, s.app, *s.live, wanted_replicas(s));
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
  if (s.live)
    wish.rules = rules_of(s.tenant, s.app, *s.live);
  if (s.maintenance)
    wish.maintenance = s.maintenance->message.empty() ? usual_maintenance : s.maintenance->message;
  if (!routed_.is_news(self_->system(), wish))
    return;
  // Those who asked for what this one says; later ones have a request of their own.
  const auto answer_all = [this, last = activations_](auto reply) {
    while (!activating_.empty() && activating_.begin()->first <= last) {
      activating_.begin()->second.deliver(reply);
      activating_.erase(activating_.begin());
    }
  };
  self_->request(gateway_, drain_deadline, wish)
    .then([answer_all](const route_set& done) { answer_all(done); },
          [this, answer_all](const caf::error& reason) {
            answer_all(to_domain_error(reason));
            if (failure_of(reason).code == cause::route_missing)
              return; // the route is set; whether what stands in front knows it, deployments ask
            spdlog::warn("app could not set its route app={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            routed_.forget();
            tick_in(retry_after);
          });
}

/// Of an app that was destroyed, perhaps before this actor began. The host may be another app's by
/// now; then the gateway leaves it alone.
void app_driver::remove_route_of(const app_state& s) {
  routed_.forget();
  if (s.created == caf::timestamp{} || std::exchange(unrouted_, true))
    return; // there never was one
  const auto had
    = s.former_host.empty() ? first_host(s.tenant, s.app, urls_.domain) : s.former_host;
  self_->request(gateway_, answer_deadline, remove_route{had, s.tenant, s.app})
    .then([](const route_set&) {},
          [this](const caf::error&) {
            unrouted_ = false;
            tick_in(retry_after);
          });
}

} // namespace backendim
