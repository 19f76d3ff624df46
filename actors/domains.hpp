#pragma once

#include "actors/durable.hpp"
#include "protocol/domain.hpp"

#include <caf/expected.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// That one app wants a domain.
struct domain_claim {
  caf::timestamp since; ///< When the app was created.
  std::string token;
  std::string who;
  caf::timestamp at;
};
BOOST_DESCRIBE_STRUCT(domain_claim, (), (since, token, who, at))

struct known_domain {
  std::map<std::string, domain_claim> claims; ///< By "tenant/app"; the owner's, too.
  std::optional<std::string> owner;           ///< "tenant/app"; none: nobody proved it.
  domain_proof proof = domain_proof::txt;
  caf::timestamp proven;
  std::string last_tenant; ///< Who had it before, if nobody has it.
};
BOOST_DESCRIBE_STRUCT(known_domain, (), (claims, owner, proof, proven, last_tenant))

/// Whose every host name is: one stream, so that none ever is two apps'.
struct domains_data {
  std::map<std::string, known_domain> domains;        ///< By name.
  std::map<std::string, std::set<std::string>> names; ///< What each "tenant/app" has or wants.
  std::map<std::string, std::string> hosts;    ///< Of the platform: whose each is, "tenant/app".
  std::map<std::string, std::string> own_host; ///< The same the other way round: one of each app.
};
BOOST_DESCRIBE_STRUCT(domains_data, (), (domains, names, hosts, own_host))

constexpr size_t max_domains = 50; ///< Of one app.

using domains_event
  = std::variant<domain_claimed, domain_proven, domain_released, host_claimed, host_released>;

caf::expected<std::vector<domains_event>> decide(const domains_data& s, const claim_domain& x,
                                                 const moment& m);
caf::expected<std::vector<domains_event>> decide(const domains_data& s, const prove_domain& x,
                                                 const moment& m);
caf::expected<std::vector<domains_event>> decide(const domains_data& s, const release_domain& x,
                                                 const moment& m);
caf::expected<std::vector<domains_event>> decide(const domains_data& s, const keep_domains& x,
                                                 const moment& m);
caf::expected<std::vector<domains_event>> decide(const domains_data& s, const claim_host& x,
                                                 const moment& m);
void apply(domains_data& s, const domain_claimed& x);
void apply(domains_data& s, const domain_proven& x);
void apply(domains_data& s, const domain_released& x);
void apply(domains_data& s, const host_claimed& x);
void apply(domains_data& s, const host_released& x);
caf::expected<domain_info> answer(const domains_data& s, const claim_domain& x);
caf::expected<domain_info> answer(const domains_data& s, const prove_domain& x);
caf::expected<domain_list> answer(const domains_data& s, const release_domain& x);
caf::expected<domain_list> answer(const domains_data& s, const keep_domains& x);
caf::expected<domain_list> answer(const domains_data& s, const list_domains& x);
caf::expected<own_host> answer(const domains_data& s, const claim_host& x);
caf::expected<all_domains> answer(const domains_data& s, const get_all_domains& x);
bool has_ended(const domains_data& s);

/// Whose a claim is.
std::string owner_key(const std::string& tenant, const std::string& app);

/// Whether it is enough that *domain* leads to this platform: it leads there for whoever is on it,
/// so no other tenant may want the domain or have had it last.
bool http_is_enough(const domains_data& s, const std::string& domain, const std::string& tenant);

/// A conflict if another app has *domain*, or it is an app's own host; of another tenant's nothing
/// is said.
caf::error taken(const domains_data& s, const std::string& domain, const std::string& tenant,
                 const std::string& app);

/// The domain as *tenant* sees it for *app*; not_found: the app does not want it.
caf::expected<domain_info> domain_of(const domains_data& s, const std::string& domain,
                                     const std::string& tenant, const std::string& app);

/// What the platform's operator says of domains.
struct domains_policy {
  std::string platform;                ///< Apps' own hosts are below it.
  std::vector<std::string> reserved{}; ///< Names that nobody gets, nor what is below them.
  bool http = true;                    ///< Whether it may be proof that a domain leads here.
};

/// *text* as the name of a domain that an app may have. Fails with invalid_request at /domain.
caf::expected<std::string> allowed_domain(const domains_policy& policy, const std::string& text);

/// Whether that a domain leads here says anything: not for names beside the platform's own, of
/// which all may lead here.
bool http_says_something(const domains_policy& policy, const std::string& domain);

/// The app's own host, to which a CNAME can point; the one it would get first, if it has none yet.
std::string host_of(const domains_data& s, const domains_policy& policy, const std::string& tenant,
                    const std::string& app);

/// What the events do not say of it; *host* is its app's own.
void complete(domain_info& x, const domains_policy& policy, std::string host);

struct domains_entity {
  using interface = domains_actor;
  using state = domains_data;
  using event = domains_event;
  static constexpr const char* name = "domains";
  static constexpr uint32_t snapshot = 1;
};

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::domains_event);
BACKENDIM_KEPT_STATE(extern, backendim::domains_entity);
