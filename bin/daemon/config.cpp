#include "bin/daemon/config.hpp"

#include "adapters/dns/resolver.hpp"
#include "protocol/domain_name.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace backendim::daemon {

namespace {

/// Replaces in *below* what *above* has; a key that *below* does not know is kept, to be refused.
void lay_over(boost::json::value& below, const boost::json::value& above) {
  if (!below.is_object() || !above.is_object()) {
    below = above;
    return;
  }
  for (const auto& [key, value] : above.get_object())
    if (auto* known = below.get_object().if_contains(key))
      lay_over(*known, value);
    else
      below.get_object().emplace(key, value);
}

template <class T>
void add_table(std::string& out, const char* title) {
  out += std::string{"\n## "} + title + "\n" + std::string{T::summary} + "\n\n";
  out += "| Key | Meaning | Default |\n|---|---|---|\n";
  const auto defaults = to_json(T{}).as_object();
  for (const auto& [key, text] : T::docs) {
    const auto& value = defaults.at(key);
    out += "| `" + std::string{key} + "` | " + std::string{text} + " | ";
    out += (value.is_object() ? "" : "`" + boost::json::serialize(value) + "`") + " |\n";
  }
}

/// An S3 server needs all of its settings.
caf::error check(const blob_settings& x) {
  if (x.endpoint.empty())
    return {};
  const auto url = boost::urls::parse_uri(x.endpoint);
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty())
    return invalid_request({"/blobs/endpoint", "an http or https URL", x.endpoint, ""});
  for (const auto& [value, pointer] : {std::pair{&x.bucket, "/blobs/bucket"},
                                       {&x.region, "/blobs/region"},
                                       {&x.access_key, "/blobs/access_key"},
                                       {&x.secret_key_file, "/blobs/secret_key_file"}})
    if (value->empty())
      return invalid_request({pointer, "a value, since there is an endpoint", "nothing", ""});
  return {};
}

/// Names are kept as domains are.
caf::error check(domain_settings& x) {
  if (!x.resolver.empty() && !dns::is_server(x.resolver))
    return invalid_request(
      {"/domains/resolver", "an IP address and a port like 127.0.0.1:53", x.resolver, ""});
  for (size_t i = 0; i != x.reserved.size(); ++i) {
    auto name = domain_name(x.reserved[i], "/domains/reserved/" + std::to_string(i));
    if (!name)
      return std::move(name.error());
    x.reserved[i] = std::move(*name);
  }
  return {};
}

/// All of it or nothing, and one door with certificates only.
caf::error check(const edge_tls_settings& x, const traefik_settings& outer) {
  if (x.listen.empty() && (x.redirect || !x.certificates.empty()))
    return invalid_request({"/edge_tls/listen",
                            "an address and a port like 0.0.0.0:443, since HTTPS is set up",
                            "nothing", "0.0.0.0:443"});
  if (x.listen.empty())
    return {};
  if (auto parsed = parse_endpoint(x.listen, "/edge_tls/listen"); !parsed)
    return parsed.error();
  if (!x.certificates.starts_with('/'))
    return invalid_request({"/edge_tls/certificates", "the absolute path of a folder",
                            x.certificates.empty() ? "nothing" : x.certificates, ""});
  if (!outer.api.empty())
    return invalid_request({"/edge_tls/listen",
                            "nothing, since the Traefik in front has the certificates", x.listen,
                            ""});
  return {};
}

/// What stands in rules and addresses has to fit them.
caf::error check(const traefik_settings& x) {
  if (x.api.empty())
    return {};
  for (const auto& [text, pointer] :
       {std::pair{&x.api, "/traefik/api"}, {&x.entry, "/traefik/entry"}}) {
    const auto url = boost::urls::parse_uri(*text);
    if (!url || url->scheme() != "http" || url->host().empty())
      return invalid_request({pointer, "an http URL", *text, ""});
  }
  if (x.entrypoint.empty())
    return invalid_request({"/traefik/entrypoint", "a name", "nothing", ""});
  for (const auto& address : x.addresses) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(address, failed);
    if (failed)
      return invalid_request({"/traefik/addresses", "IP addresses", address, ""});
  }
  return {};
}

} // namespace

caf::expected<config> read_config(const std::filesystem::path& file) {
  std::ifstream in{file};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in)
    return caf::make_error(ec::unavailable, "cannot read " + file.string());
  auto given = parse_json(text);
  if (!given)
    return std::move(given.error());
  auto whole = to_json(config{}); // the defaults are what the struct begins with
  lay_over(whole, *given);
  auto result = from_json<config>(whole);
  if (!result)
    return result;
  constexpr std::array levels{"debug", "info", "warning", "error"};
  if (std::find(levels.begin(), levels.end(), result->log_level) == levels.end())
    return invalid_request({"/log_level", "debug, info, warning or error", result->log_level, ""});
  auto too_short = std::optional<std::string>{};
  boost::mp11::mp_for_each<fields_of<step_deadlines>>([&](auto field) {
    if (result->deadlines.*field.pointer < std::chrono::seconds{1})
      too_short = std::string{"/deadlines/"} + field.name;
  });
  if (too_short)
    return invalid_request({*too_short, "at least 1000 milliseconds", "less", ""});
  if (result->exec_idle < std::chrono::seconds{1})
    return invalid_request({"/exec_idle", "at least 1000 milliseconds", "less", ""});
  if (result->disk.every < std::chrono::minutes{1})
    return invalid_request({"/disk/every", "at least 60000 milliseconds", "less", ""});
  for (const auto& [time, pointer] :
       {std::pair{result->disk.grace, "/disk/grace"}, {result->disk.cache_age, "/disk/cache_age"}})
    if (time < std::chrono::milliseconds{0})
      return invalid_request({pointer, "a duration", "less than nothing", ""});
  if (result->disk.collect_below_percent > 99)
    return invalid_request({"/disk/collect_below_percent", "0 to 99", "more", ""});
  const auto& journal = result->journal;
  if (!journal.empty() && !journal.starts_with("postgresql://")
      && !journal.starts_with("postgres://")
      && (journal.find('=') == std::string::npos || journal.find("://") != std::string::npos))
    return invalid_request( // without what was found: it may hold a password
      {"/journal", "nothing, postgresql://… or key=value for PostgreSQL", "something else", ""});
  for (const auto& [text_of, pointer] :
       {std::pair{&result->listen, "/listen"}, {&result->edge, "/edge"}})
    if (auto parsed = parse_endpoint(*text_of, pointer); !parsed)
      return parsed.error();
  if (auto why = check(result->blobs))
    return why;
  if (auto why = check(result->domains))
    return why;
  if (auto why = check(result->traefik))
    return why;
  if (auto why = check(result->edge_tls, result->traefik))
    return why;
  return result;
}

caf::expected<endpoint> parse_endpoint(const std::string& text, const char* pointer) {
  endpoint result;
  const auto colon = text.rfind(':');
  bool good = colon != std::string::npos;
  if (good) {
    result.address = text.substr(0, colon);
    const bool v6 = result.address.starts_with('[') && result.address.ends_with(']');
    if (v6)
      result.address = result.address.substr(1, result.address.size() - 2);
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, result.port);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(result.address, error);
    good = parsed.ec == std::errc{} && parsed.ptr == end && !error && address.is_v6() == v6;
  }
  if (!good)
    return invalid_request(
      {pointer, "an IP address and a port like 127.0.0.1:7780 or [::1]:7780", text, ""});
  return result;
}

std::string config_markdown() {
  std::string result;
  add_table<config>(result, "Top level");
  add_table<edge_tls_settings>(result, "edge_tls");
  add_table<builder_settings>(result, "builder");
  add_table<build_sources>(result, "builder.sources");
  add_table<step_deadlines>(result, "deadlines");
  add_table<admission_settings>(result, "admission");
  add_table<blob_settings>(result, "blobs");
  add_table<disk_settings>(result, "disk");
  add_table<domain_settings>(result, "domains");
  add_table<traefik_settings>(result, "traefik");
  return result;
}

} // namespace backendim::daemon
