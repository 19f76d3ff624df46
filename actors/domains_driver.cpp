#include "actors/domains_driver.hpp"

#include "actors/domain_lookup.hpp"
#include "actors/resolve.hpp"
#include "protocol/domain_name.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto try_again = 1s;
constexpr auto table_deadline = 30s;
constexpr auto route_patience = 7s; // Traefik learns of a host within five

std::string listed(const std::vector<std::string>& x) {
  std::string result;
  for (const auto& each : x)
    result += (result.empty() ? "" : ", ") + each;
  return result;
}

/// What was found of a domain that is not proved, and what to do about it.
void explain(domain_report& report, const domain_finding& found, bool asked_http) {
  const auto& x = report.what;
  if (!found.texts_trouble.empty())
    report.detail
      = "The TXT record " + x.record + " could not be looked up: " + found.texts_trouble + ".";
  else if (found.texts.empty())
    report.detail = "There is no TXT record " + x.record + ".";
  else
    report.detail = "The TXT record " + x.record + " does not hold what is expected.";
  report.next = "Set the TXT record " + x.record + " to " + x.value;
  if (asked_http) {
    if (!found.addresses_trouble.empty())
      report.detail
        += " Where " + x.domain + " leads could not be looked up: " + found.addresses_trouble + ".";
    else if (found.addresses.empty())
      report.detail += " " + x.domain + " has no address.";
    else
      report.detail += " " + x.domain + " leads to " + listed(found.addresses)
                       + ", where this platform does not answer.";
    report.next += ", or let " + x.domain + " lead here: with a CNAME to " + x.host
                   + ", or A and AAAA records with this platform's addresses";
  }
  report.next += ".";
  if (!asked_http)
    report.next += " That it leads here is not enough for this domain.";
  report.next += " Name servers may tell what was there before for a while.";
}

} // namespace

domains_driver::~domains_driver() {
  stop_.request_stop();
  for (const auto& x : workers_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

domains_driver::interface::behavior_type domains_driver::make_behavior(domains_context context) {
  context_ = std::move(context);
  start(context_.durable, {"domains", context_.journal}, domains_data{},
        [this](const domains_data& s) { drive(s); });
  return {
    [this](claim_domain& x) { return claim(std::move(x)); },
    [this](check_domain& x) { return check(std::move(x)); },
    [this](prove_domain& x) { return handle(std::move(x)); },
    [this](release_domain& x) -> caf::result<domain_list> {
      auto kept = domain_name(x.domain, "/domain");
      if (!kept)
        return std::move(kept.error());
      x.domain = std::move(*kept);
      return handle(std::move(x));
    },
    [this](const list_domains& x) { return handle(x); },
    [this](keep_domains& x) { return handle(std::move(x)); },
    [this](const get_all_domains& x) { return handle(x); },
    [this](claim_host& x) {
      x.domain = context_.policy.platform;
      return handle(std::move(x));
    },
    [this](get_changes x) { return handle(x); },
    [this](durable_tick) { tick(); },
  };
}

caf::result<domain_info> domains_driver::claim(claim_domain x) {
  auto allowed = allowed_domain(context_.policy, x.domain);
  if (!allowed)
    return std::move(allowed.error());
  x.domain = std::move(*allowed);
  x.token = context_.fresh_token();
  return handle(std::move(x));
}

caf::result<domain_report> domains_driver::check(check_domain x) {
  auto kept = domain_name(x.domain, "/domain");
  if (!kept)
    return std::move(kept.error());
  x.domain = std::move(*kept);
  auto promise = self_->make_response_promise<domain_report>();
  // A question to ourselves is answered once the stream has been read.
  self_->request(interface{self_}, answer_deadline, list_domains{x.tenant, x.app})
    .then([this, x, promise](const domain_list&) { begin_check(x, promise); },
          [promise](const caf::error& why) mutable { promise.deliver(to_domain_error(why)); });
  return promise;
}

void domains_driver::complete_with_host(domain_info& x, const std::string& tenant) const {
  complete(x, context_.policy, host_of(current(), context_.policy, tenant, x.app));
}

void domains_driver::begin_check(check_domain x, report_promise promise) {
  domain_report report;
  auto known = domain_of(current(), x.domain, x.tenant, x.app);
  auto why = known ? taken(current(), x.domain, x.tenant, x.app) : std::move(known.error());
  if (!why && known->state == domain_state::pending
      && (looking_.size() >= max_lookups || looking_.count(x.tenant) >= max_lookups_of_tenant))
    why = caf::make_error(ec::over_quota, "other domains are being looked up; try again in ten "
                                          "seconds");
  if (why) {
    promise.deliver(std::move(why));
    return;
  }
  report.what = std::move(*known);
  complete_with_host(report.what, x.tenant);
  report.expected = report.what.value;
  if (report.what.state == domain_state::verified) {
    await_route(std::move(report), promise);
    return;
  }
  looking_.insert(x.tenant);
  auto worker = context_.lookup(stop_.get_token());
  workers_.insert(worker);
  const examine_domain question{x.domain, report.expected, report.what.http};
  self_->request(worker, lookup_limit + 2s, question)
    .then(
      [this, x, report, worker, promise](domain_finding& found) {
        ended(x.tenant, worker);
        conclude(x, report, std::move(found), promise);
      },
      [this, x, worker, promise](const caf::error& reason) mutable {
        ended(x.tenant, worker);
        promise.deliver(to_domain_error(reason));
      });
}

void domains_driver::ended(const std::string& tenant, const domain_lookup_actor& worker) {
  looking_.erase(looking_.find(tenant));
  workers_.erase(worker);
  self_->send_exit(worker, caf::exit_reason::user_shutdown);
}

void domains_driver::conclude(const check_domain& x, domain_report report, domain_finding found,
                              report_promise promise) {
  report.found = found.texts;
  report.addresses = found.addresses;
  if (std::ranges::find(found.texts, report.expected) != found.texts.end()) {
    prove(x, std::move(report), domain_proof::txt, promise);
  } else if (found.leads_here && report.what.http) {
    prove(x, std::move(report), domain_proof::http, promise);
  } else {
    explain(report, found, report.what.http);
    promise.deliver(std::move(report));
  }
}

/// Others may have changed things while it was looked up: what the stream says is decided on anew.
void domains_driver::prove(const check_domain& x, domain_report report, domain_proof proof,
                           report_promise promise) {
  const auto token = report.expected.substr(domain_record_value.size());
  const prove_domain command{x.domain, x.tenant, x.app, token, proof, x.meta};
  self_->request(interface{self_}, answer_deadline, command)
    .then(
      [this, x, report, promise](domain_info& now) mutable {
        report.what = std::move(now);
        complete_with_host(report.what, x.tenant);
        await_route(std::move(report), promise);
      },
      [promise](const caf::error& why) mutable { promise.deliver(to_domain_error(why)); });
}

/// What is verified is verified, whether or not the front door is quick.
void domains_driver::await_route(domain_report report, report_promise promise) {
  const auto& x = report.what;
  const bool by_txt = x.proof == domain_proof::txt;
  report.detail = x.domain + " is verified and serves " + x.app + ".";
  if (by_txt)
    report.next = "Requests come in once " + x.domain + " leads here: with a CNAME to " + x.host
                  + ", or A and AAAA records with this platform's addresses.";
  const set_aliases table{aliases_, x.domain};
  self_->request(context_.gateway, route_patience, table)
    .then([report, promise](const route_set&) mutable { promise.deliver(std::move(report)); },
          [report, promise](const caf::error& why) mutable {
            report.next
              = "The front door does not answer for it yet: " + render(to_domain_error(why));
            promise.deliver(std::move(report));
          });
}

void domains_driver::drive(const domains_data& s) {
  std::map<std::string, std::string> aliases;
  std::map<std::string, std::vector<std::string>> of_apps;
  for (const auto& [domain, known] : s.domains)
    if (known.owner) {
      const auto slash = known.owner->find('/');
      aliases[domain] = host_of(s, context_.policy, known.owner->substr(0, slash),
                                known.owner->substr(slash + 1));
      of_apps[*known.owner].push_back(domain);
    }
  if (aliases != aliases_ || !told_gateway_) {
    aliases_ = std::move(aliases);
    tell_gateway();
  }
  for (const auto& [app, domains] : told_apps_)
    of_apps[app]; // one that has none any more hears of that
  for (const auto& [app, domains] : of_apps)
    if (const auto told = told_apps_.find(app); told == told_apps_.end() || told->second != domains)
      tell_app(app, domains);
}

void domains_driver::tell_gateway() {
  told_gateway_ = true;
  self_->request(context_.gateway, table_deadline, set_aliases{aliases_, ""})
    .then([](const route_set&) {},
          [this](const caf::error& why) {
            spdlog::warn("domains could not set their routes why=\"{}\"",
                         render(to_domain_error(why)));
            told_gateway_ = false;
            tick_in(try_again);
          });
}

void domains_driver::tell_app(const std::string& key, const std::vector<std::string>& domains) {
  told_apps_[key] = domains;
  ask_path<app_info>(
    self_, context_.ingress, path<path_kind::app>{prefix_of(path_kind::app) + key},
    note_domains{domains, {"", "domains"}},
    [this, key](const app_info&) {
      if (const auto told = told_apps_.find(key); told != told_apps_.end() && told->second.empty())
        told_apps_.erase(told);
    },
    [this, key](const caf::error& why) {
      if (why == ec::not_found) { // it was destroyed and will say so
        told_apps_.erase(key);
        return;
      }
      spdlog::warn("domains could not tell an app app={} why=\"{}\"", key, render(why));
      told_apps_[key] = {"?"}; // no domain is called so: it is told again
      tick_in(try_again);
    });
}

domains_driver::interface::behavior_type
domains(domains_driver::interface::stateful_pointer<domains_driver> self, domains_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
