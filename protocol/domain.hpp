#pragma once

#include "protocol/access.hpp"
#include "protocol/app_host.hpp"
#include "protocol/durable.hpp"
#include "protocol/journal.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <string>
#include <vector>

namespace backendim {

/// Append only.
enum class domain_state : uint8_t { pending = 1, verified };
BOOST_DESCRIBE_ENUM(domain_state, pending, verified)

/// By what somebody proved that a domain is theirs. Append only.
enum class domain_proof : uint8_t {
  txt = 1, ///< A TXT record with the token.
  http,    ///< The domain leads to this platform, and nobody else wants it.
};
BOOST_DESCRIBE_ENUM(domain_proof, txt, http)

struct domain_info {
  static constexpr std::string_view summary = "A domain that an app has or wants.";
  static constexpr field_doc docs[] = {
    {"record", "The name of the TXT record that proves whose the domain is."},
    {"value", "What this record has to hold."},
    {"host", "Where the domain has to lead for requests to reach the app, like a CNAME's target."},
    {"http", "Whether it is proof enough that the domain leads here."},
    {"who", "Who added it."},
    {"at", "When."},
    {"proof", "What proved it; absent: nothing yet."},
    {"verified", "When; absent: not yet."},
  };
  std::string domain;
  std::string app;
  domain_state state = domain_state::pending;
  std::string record;
  std::string value;
  std::string host;
  bool http = false;
  std::string who;
  caf::timestamp at;
  caf::optional<domain_proof> proof;
  caf::optional<caf::timestamp> verified;
  friend bool operator==(const domain_info&, const domain_info&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_info, (),
                      (domain, app, state, record, value, host, http, who, at, proof, verified))

struct domain_list {
  static constexpr std::string_view summary = "The domains that an app has or wants, by name.";
  std::string tenant;
  std::string app;
  std::vector<domain_info> items;
  friend bool operator==(const domain_list&, const domain_list&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_list, (), (tenant, app, items))

struct domain_report {
  static constexpr std::string_view summary
    = "Whether a domain is proved to be the tenant's, and what was found when it was looked up.";
  static constexpr field_doc docs[] = {
    {"expected", "What the TXT record has to hold."},
    {"found", "What TXT records there are under its name. Untrusted text."},
    {"addresses", "Where the domain leads; empty also when that was not looked up."},
    {"detail", "The outcome in a sentence."},
    {"next", "What to do; empty: nothing."},
  };
  domain_info what;
  std::string expected;
  std::vector<std::string> found;
  std::vector<std::string> addresses;
  std::string detail;
  std::string next;
  friend bool operator==(const domain_report&, const domain_report&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_report, (), (what, expected, found, addresses, detail, next))

// -- what an app is asked -------------------------------------------------------------------------

struct add_domain {
  static constexpr std::string_view summary
    = "Says that a domain is to serve an app, which it does once somebody proved whose it is.";
  static constexpr permission needs = permission::manage;
  std::string domain;
  request_meta meta;
  friend bool operator==(const add_domain&, const add_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(add_domain, (), (domain, meta))

struct verify_domain {
  static constexpr std::string_view summary
    = "Looks now whether a domain is proved to be the tenant's; takes up to ten seconds.";
  static constexpr permission needs = permission::manage;
  std::string domain;
  request_meta meta;
  friend bool operator==(const verify_domain&, const verify_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(verify_domain, (), (domain, meta))

struct remove_domain {
  static constexpr std::string_view summary = "Ends what a domain has to do with an app.";
  static constexpr permission needs = permission::manage;
  std::string domain;
  request_meta meta;
  friend bool operator==(const remove_domain&, const remove_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_domain, (), (domain, meta))

struct get_domains {
  static constexpr std::string_view summary = "Asks for the domains that an app has or wants.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_domains&, const get_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(get_domains, (), ())

/// The domains tell an app which are its own. It shows them; routes are not its business.
struct note_domains {
  static constexpr std::string_view summary = "Which domains serve an app.";
  std::vector<std::string> domains;
  request_meta meta;
  friend bool operator==(const note_domains&, const note_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(note_domains, (), (domains, meta))

struct domains_noted {
  static constexpr std::string_view summary = "Event: other domains serve the app than before.";
  std::vector<std::string> domains;
  friend bool operator==(const domains_noted&, const domains_noted&) = default;
};
BOOST_DESCRIBE_STRUCT(domains_noted, (), (domains))

// -- what the domains are asked -------------------------------------------------------------------

/// Internal, as all below but what operators send: the app that sends it knows that it exists.
struct claim_domain {
  static constexpr std::string_view summary = "An app wants a domain.";
  static constexpr field_doc docs[] = {
    {"since", "When the app was created: another one of the same name is not the same app."},
    {"token", "What a proof has to show. Added on the way."},
  };
  std::string domain;
  std::string tenant;
  std::string app;
  caf::timestamp since;
  std::string token;
  request_meta meta;
  friend bool operator==(const claim_domain&, const claim_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(claim_domain, (), (domain, tenant, app, since, token, meta))

struct check_domain {
  static constexpr std::string_view summary = "An app wants a domain's proof to be looked up.";
  std::string domain;
  std::string tenant;
  std::string app;
  request_meta meta;
  friend bool operator==(const check_domain&, const check_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(check_domain, (), (domain, tenant, app, meta))

struct prove_domain {
  static constexpr std::string_view summary = "A domain's proof was found.";
  std::string domain;
  std::string tenant;
  std::string app;
  std::string token;
  domain_proof proof = domain_proof::txt;
  request_meta meta;
  friend bool operator==(const prove_domain&, const prove_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(prove_domain, (), (domain, tenant, app, token, proof, meta))

struct release_domain {
  static constexpr std::string_view summary = "Ends what a domain has to do with an app.";
  static constexpr permission needs = permission::operate;
  std::string domain;
  std::string tenant;
  std::string app;
  request_meta meta;
  friend bool operator==(const release_domain&, const release_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(release_domain, (), (domain, tenant, app, meta))

struct list_domains {
  static constexpr std::string_view summary = "Asks for the domains of an app.";
  std::string tenant;
  std::string app;
  friend bool operator==(const list_domains&, const list_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(list_domains, (), (tenant, app))

/// An app tells which it is, whenever it comes to life and when it is destroyed. The answer is what
/// it has.
struct keep_domains {
  static constexpr std::string_view summary
    = "Ends what domains have to do with apps of the same name that are no more.";
  static constexpr field_doc docs[]
    = {{"since", "When the app that there is was created; absent: there is none."}};
  std::string tenant;
  std::string app;
  caf::optional<caf::timestamp> since;
  request_meta meta;
  friend bool operator==(const keep_domains&, const keep_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(keep_domains, (), (tenant, app, since, meta))

struct get_all_domains {
  static constexpr std::string_view summary = "Asks for every domain of every tenant.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_all_domains&, const get_all_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(get_all_domains, (), ())

struct domain_entry {
  static constexpr std::string_view summary = "A domain and an app that has or wants it.";
  std::string domain;
  std::string tenant;
  std::string app;
  domain_state state = domain_state::pending;
  friend bool operator==(const domain_entry&, const domain_entry&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_entry, (), (domain, tenant, app, state))

struct all_domains {
  static constexpr std::string_view summary = "Every domain of every tenant, by name.";
  std::vector<domain_entry> items;
  friend bool operator==(const all_domains&, const all_domains&) = default;
};
BOOST_DESCRIBE_STRUCT(all_domains, (), (items))

// -- events ---------------------------------------------------------------------------------------

struct domain_claimed {
  static constexpr std::string_view summary = "Event: an app wants a domain.";
  std::string domain;
  std::string tenant;
  std::string app;
  caf::timestamp since;
  std::string token;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const domain_claimed&, const domain_claimed&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_claimed, (), (domain, tenant, app, since, token, who, at))

struct domain_proven {
  static constexpr std::string_view summary
    = "Event: a domain is proved to be a tenant's and serves its app.";
  std::string domain;
  std::string tenant;
  std::string app;
  domain_proof proof = domain_proof::txt;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const domain_proven&, const domain_proven&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_proven, (), (domain, tenant, app, proof, who, at))

struct domain_released {
  static constexpr std::string_view summary = "Event: an app has a domain, or wants it, no longer.";
  std::string domain;
  std::string tenant;
  std::string app;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const domain_released&, const domain_released&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_released, (), (domain, tenant, app, who, at))

/// Whose every domain is and every host of the platform, at domains. Fails with invalid_request,
/// not_found, conflict, over_quota.
using domains_actor = caf::typed_actor<caf::replies_to<claim_domain>::with<domain_info>,
                                       caf::replies_to<check_domain>::with<domain_report>,
                                       caf::replies_to<prove_domain>::with<domain_info>,
                                       caf::replies_to<release_domain>::with<domain_list>,
                                       caf::replies_to<list_domains>::with<domain_list>,
                                       caf::replies_to<keep_domains>::with<domain_list>,
                                       caf::replies_to<claim_host>::with<own_host>,
                                       caf::replies_to<get_all_domains>::with<all_domains>,
                                       caf::replies_to<get_changes>::with<stream_position>>;

// -- the worker that looks domains up -------------------------------------------------------------

struct examine_domain {
  static constexpr std::string_view summary = "Asks what the world says of a domain.";
  static constexpr field_doc docs[] = {
    {"wanted", "The text of a TXT record that is enough."},
    {"http", "Whether to see where the domain leads, if there is none."},
  };
  std::string domain;
  std::string wanted;
  bool http = false;
  friend bool operator==(const examine_domain&, const examine_domain&) = default;
};
BOOST_DESCRIBE_STRUCT(examine_domain, (), (domain, wanted, http))

struct domain_finding {
  static constexpr std::string_view summary = "What the world says of a domain.";
  static constexpr field_doc docs[] = {
    {"texts", "Of the TXT records under the domain's name for them. Untrusted text."},
    {"texts_trouble", "Why they could not be looked up; empty: they were."},
    {"addresses", "Of the domain."},
    {"addresses_trouble", "Why they could not be looked up; empty: they were, or nobody asked."},
    {"leads_here", "Whether a request to one of them ended at this platform."},
  };
  std::vector<std::string> texts;
  std::string texts_trouble;
  std::vector<std::string> addresses;
  std::string addresses_trouble;
  bool leads_here = false;
  friend bool operator==(const domain_finding&, const domain_finding&) = default;
};
BOOST_DESCRIBE_STRUCT(domain_finding, (),
                      (texts, texts_trouble, addresses, addresses_trouble, leads_here))

/// Looks one domain up at a time and blocks meanwhile.
using domain_lookup_actor = caf::typed_actor<caf::replies_to<examine_domain>::with<domain_finding>>;

} // namespace backendim
