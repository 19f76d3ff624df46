// What an app has to do with its domains: it asks for them in its own name, and says what it is.

#include "actors/app_driver.hpp"
#include "actors/app_hosts.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto deadline = 28s; // looking one up takes ten, and the door waits for thirty

std::vector<std::string> verified_of(const domain_list& x) {
  std::vector<std::string> result;
  for (const auto& each : x.items)
    if (each.state == domain_state::verified)
      result.push_back(each.domain);
  return result;
}

/// Of a list each one; a report says all itself.
void complete(domain_list& x, const domains_policy& policy, const std::string& host) {
  for (auto& each : x.items)
    complete(each, policy, host);
}
void complete(domain_report&, const domains_policy&, const std::string&) {}

} // namespace

/// Asks what *make* makes of our state, if there is an app. Asking ourselves first waits until the
/// stream has been read; what is sent to the domains comes there before what a destroyed app says.
template <class Reply, class Make>
caf::result<Reply> app_driver::ask_domains(Make make) {
  auto promise = self_->make_response_promise<Reply>();
  const auto failed
    = [promise](const caf::error& why) mutable { promise.deliver(to_domain_error(why)); };
  self_->request(interface{self_}, answer_deadline, get_app{})
    .then(
      [this, make, promise, failed](const app_info&) {
        self_->request(ingress_, answer_deadline, resolve_path{domains_path().text})
          .then(
            [this, make, promise, failed](caf::strong_actor_ptr& found) {
              self_
                ->request(caf::actor_cast<domains_actor>(std::move(found)), deadline,
                          make(current()))
                .then(
                  [this, promise](Reply& x) mutable {
                    const auto& s = current();
                    const auto own = host(s);
                    complete(x, *domains_,
                             own.empty() ? first_host(s.tenant, s.app, urls_.domain) : own);
                    promise.deliver(std::move(x));
                  },
                  failed);
            },
            failed);
      },
      failed);
  return promise;
}

caf::result<domain_list> app_driver::own_domains() {
  return ask_domains<domain_list>([](const app_state& s) { return list_domains{s.tenant, s.app}; });
}

caf::result<domain_info> app_driver::add(add_domain x) {
  return ask_domains<domain_info>([x = std::move(x)](const app_state& s) {
    return claim_domain{x.domain, s.tenant, s.app, s.created, "", x.meta};
  });
}

caf::result<domain_report> app_driver::verify(verify_domain x) {
  return ask_domains<domain_report>([x = std::move(x)](const app_state& s) {
    return check_domain{x.domain, s.tenant, s.app, x.meta};
  });
}

caf::result<domain_list> app_driver::remove(remove_domain x) {
  return ask_domains<domain_list>([x = std::move(x)](const app_state& s) {
    return release_domain{x.domain, s.tenant, s.app, x.meta};
  });
}

/// Once for each app that comes to be or to an end, and after each start: domains of one that is no
/// more are free, whatever happened in between, and one that is has a host.
void app_driver::keep_own_domains(const app_state& s) {
  if (!s.exists && s.created == caf::timestamp{})
    return; // there never was one
  const auto since = s.exists ? s.created : caf::timestamp{};
  if (domains_told_ == since)
    return;
  domains_told_ = since;
  if (!s.exists)
    tell_domains(since);
  else
    claim_own_host(
      [this, since] {
        if (domains_told_ == since) // else it was destroyed meanwhile
          tell_domains(since);
      },
      [this](const caf::error& why) { ask_domains_again(why); });
}

void app_driver::ask_domains_again(const caf::error& why) {
  spdlog::warn("app could not tell which domains it keeps app={} why=\"{}\"", stream(),
               render(why));
  domains_told_.reset();
  tick_in(retry_after);
}

/// *since*: when the app came to be; the epoch: there is none.
void app_driver::tell_domains(caf::timestamp since) {
  const bool exists = since != caf::timestamp{};
  keep_domains wish;
  wish.tenant = current().tenant;
  wish.app = current().app;
  if (exists)
    wish.since = since;
  wish.meta.request_id = exists ? "created" : "destroyed";
  ask_path<domain_list>(
    self_, ingress_, domains_path(), wish,
    [this, since, exists](const domain_list& x) {
      if (domains_told_ != since || !exists || verified_of(x) == current().domains)
        return;
      self_
        ->request(interface{self_}, answer_deadline, note_domains{verified_of(x), {"", "domains"}})
        .then([](const app_info&) {},
              [this](const caf::error& why) { ask_domains_again(to_domain_error(why)); });
    },
    [this](const caf::error& why) {
      if (why != ec::not_found) // else nobody keeps domains
        ask_domains_again(why);
    });
}

} // namespace backendim
