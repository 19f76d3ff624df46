#pragma once

#include "actors/domains.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim {

struct domains_context {
  durable_config durable;
  journal_actor journal;
  ingress_actor ingress;
  gateway_actor gateway;
  /// Starts one that blocks in a thread of its own until *stop*.
  std::function<domain_lookup_actor(std::stop_token stop)> lookup;
  std::function<std::string()> fresh_token;
  domains_policy policy;
};

constexpr size_t max_lookups = 8;           ///< At once.
constexpr size_t max_lookups_of_tenant = 2; ///< Of them.

/// The durable domains. It tells the gateway which domains are apps', has domains looked up, and
/// tells apps which are theirs.
class domains_driver : public durable<domains_entity> {
public:
  using durable::durable;
  ~domains_driver();

  interface::behavior_type make_behavior(domains_context context);

private:
  using report_promise = caf::typed_response_promise<domain_report>;

  caf::result<domain_info> claim(claim_domain x);
  caf::result<domain_report> check(check_domain x);
  void begin_check(check_domain x, report_promise promise);
  void complete_with_host(domain_info& x, const std::string& tenant) const;
  void conclude(const check_domain& x, domain_report report, domain_finding found,
                report_promise promise);
  void prove(const check_domain& x, domain_report report, domain_proof proof,
             report_promise promise);
  void ended(const std::string& tenant, const domain_lookup_actor& worker);
  void await_route(domain_report report, report_promise promise);
  caf::expected<std::string> named(const std::string& text) const;
  void drive(const domains_data& s);
  void tell_gateway();
  void tell_app(const std::string& key, const std::vector<std::string>& domains);

  domains_context context_;
  std::map<std::string, std::string> aliases_; ///< By domain: the app's own host.
  bool told_gateway_ = false;
  std::map<std::string, std::vector<std::string>> told_apps_; ///< By "tenant/app".
  std::multiset<std::string> looking_;                        ///< Tenants.
  std::set<domain_lookup_actor> workers_;
  std::stop_source stop_;
};

/// The actor at domains, its stream.
domains_driver::interface::behavior_type
domains(domains_driver::interface::stateful_pointer<domains_driver> self, domains_context context);

} // namespace backendim
