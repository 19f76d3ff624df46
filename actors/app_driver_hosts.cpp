// The host of the platform that is an app's own: the domains say which, once and for all its time.

#include "actors/app_driver.hpp"
#include "actors/app_hosts.hpp"
#include "actors/resolve.hpp"

#include <utility>

namespace backendim {

std::string url_of(const url_form& x, const std::string& host) {
  return x.scheme + "://" + host + x.suffix;
}

/// Empty: it is not known yet. One below another domain is of before the platform got its name.
std::string app_driver::host(const app_state& s) const {
  if (is_host_of(s.host, urls_.domain))
    return s.host;
  return hosts_are_kept_ ? "" : first_host(s.tenant, s.app, urls_.domain);
}

/// Takes a command that may make the app, whose answer has the app's URL in it. What came before
/// may make or destroy the app, so that comes first. A host that was claimed for an app which never
/// came to be stays claimed for it.
template <class Command, class Reply>
void app_driver::host_first(Command x, caf::typed_response_promise<Reply> promise) {
  const auto failed = [promise](const caf::error& why) {
    auto asked = promise;
    asked.deliver(why);
  };
  const auto take = [this, x, promise] { handle(x, promise); };
  after_waiting(
    [this, x, take, failed] {
      const auto& s = current();
      const auto wanted = decide(s, x, moment{});
      if (!wanted || wanted->empty() || (s.exists && !host(s).empty()))
        take();
      else
        claim_own_host(take, failed);
    },
    failed);
}

/// Calls *then* once the app has a host and knows it.
void app_driver::claim_own_host(std::function<void()> then,
                                std::function<void(const caf::error&)> failed) {
  ask_path<own_host>(
    self_, ingress_, domains_path(), claim_host{current().tenant, current().app, "", {"", "host"}},
    [this, then, failed](const own_host& x) {
      const note_host news{x.host, url_of(urls_, x.host), {"", "host"}};
      self_->request(interface{self_}, answer_deadline, news)
        .then([then](const app_info&) { then(); },
              [then, failed](const caf::error& why) {
                if (why == ec::not_found) // the app is about to be
                  then();
                else
                  failed(to_domain_error(why));
              });
    },
    [this, then, failed](const caf::error& why) {
      if (why != ec::not_found) {
        failed(why);
        return;
      }
      hosts_are_kept_ = false;
      tick_in(std::chrono::seconds{0}); // it can be routed now
      then();
    });
}

template void app_driver::host_first(start_deployment,
                                     caf::typed_response_promise<deployment_info>);
template void app_driver::host_first(change_secrets, caf::typed_response_promise<secret_list>);

} // namespace backendim
