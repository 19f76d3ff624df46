// What an app asks and tells the quota of its tenant.

#include "actors/app_driver.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <type_traits>
#include <utility>

namespace backendim {

namespace {

template <class Command>
constexpr bool makes_apps
  = std::is_same_v<Command, start_deployment> || std::is_same_v<Command, change_secrets>;

} // namespace

template <class Reply, class Command>
caf::result<Reply> app_driver::claim_first(Command x) {
  auto promise = self_->make_response_promise<Reply>();
  claim_first(std::move(x), promise);
  return promise;
}

/// Takes *x* once its app has a host and its tenant has room for the tasks that the app will have.
/// What was asked before, or takes no more than is there, needs none.
template <class Command, class Reply>
void app_driver::claim_first(Command x, caf::typed_response_promise<Reply> promise) {
  const auto& s = current();
  if (recovering()) { // a question to ourselves is answered behind it
    const auto again = [this, x, promise] { claim_first(x, promise); };
    self_->request(interface{self_}, answer_deadline, get_app{})
      .then([again](const app_info&) { again(); },
            [again, promise](const caf::error& why) {
              auto asked = promise;
              if (why == ec::not_found) // there is none yet
                again();
              else
                asked.deliver(to_domain_error(why));
            });
    return;
  }
  const auto tasks = tasks_after(s, x);
  const auto take = [this](Command what, caf::typed_response_promise<Reply> answer) {
    if constexpr (makes_apps<Command>)
      host_first(std::move(what), std::move(answer));
    else
      handle(std::move(what), std::move(answer));
  };
  if (knows_request(s, x.meta.request_id)
      || (s.exists ? tasks <= wanted_replicas(s) : !makes_apps<Command>)) {
    take(std::move(x), std::move(promise));
    return;
  }
  const claim_tasks question{s.app, tasks, x.meta};
  ask_path<quota_report>(
    self_, ingress_, quota_path(s.tenant), question,
    [take, x, promise](const quota_report&) { take(x, promise); },
    [promise](const caf::error& why) {
      auto asked = promise;
      asked.deliver(why);
    });
}

/// The room that is kept follows what is there. While a deployment is under way none is given
/// back: its release may need it.
void app_driver::note_use(const app_state& s) {
  if (!s.exists) {
    noted_.forget();
    if (s.last_number == 0 && s.created == caf::timestamp{})
      return; // there never was one
    if (std::exchange(forgotten_, true))
      return;
    ask_path<quota_report>(
      self_, ingress_, quota_path(s.tenant),
      forget_app{s.app, {"", "destroyed-" + std::to_string(s.last_number)}},
      [](const quota_report&) {},
      [this](const caf::error& why) {
        if (why == ec::not_found)
          return;
        forgotten_ = false;
        tick_in(retry_after);
      });
    return;
  }
  forgotten_ = false;
  note_tasks news{s.app, wanted_replicas(s), !s.open.empty(), {"", ""}};
  if (!noted_.is_news(self_->system(), news))
    return;
  news.meta.request_id = "tasks-" + std::to_string(news.tasks);
  ask_path<quota_report>(
    self_, ingress_, quota_path(s.tenant), news, [](const quota_report&) {},
    [this](const caf::error& why) {
      if (why == ec::not_found)
        return; // nobody keeps quotas
      spdlog::warn("app could not tell what it takes app={} why=\"{}\"", stream(), render(why));
      noted_.forget();
      tick_in(retry_after);
    });
}

template caf::result<app_info> app_driver::claim_first<app_info>(scale_app);
template caf::result<app_info> app_driver::claim_first<app_info>(start_app);
template caf::result<secret_list> app_driver::claim_first<secret_list>(change_secrets);
template void app_driver::claim_first(start_deployment,
                                      caf::typed_response_promise<deployment_info>);

} // namespace backendim
