#include "protocol/edge_rules.hpp"

#include "protocol/bounds.hpp"
#include "protocol/ip_network.hpp"
#include "protocol/json.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/secret_use.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace backendim {

namespace {

using problem = std::optional<decode_error>;

constexpr size_t most_users = 100;
constexpr size_t most_networks = 500;
constexpr size_t most_redirects = 100;
constexpr size_t longest_place = 1'000;
constexpr uint64_t largest_body = 1'000'000'000'000;
constexpr std::string_view size_form = "a size like 512KB or 10MB";

struct unit {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array<unit, 8> units{{{"", 1},
                                     {"B", 1},
                                     {"KB", 1'000},
                                     {"MB", 1'000'000},
                                     {"GB", 1'000'000'000},
                                     {"KIB", 1ull << 10},
                                     {"MIB", 1ull << 20},
                                     {"GIB", 1ull << 30}}};

problem wrong(std::string pointer, std::string expected, std::string found,
              std::string suggestion = "") {
  return decode_error{std::move(pointer), std::move(expected), std::move(found),
                      std::move(suggestion)};
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

problem check_rate(const rate_limit_config& x) {
  if (!x.requests)
    return wrong("/rate_limit/requests", bounds_text(*bounds_of<rate_limit_config>("requests")),
                 "nothing");
  return inside("rate_limit", problem_in_numbers(x));
}

/// Whether *x* can stand in front of the colon of a login.
bool is_user(std::string_view x) {
  return !x.empty() && x.size() <= 64
         && std::ranges::all_of(x, [](char c) { return c > ' ' && c < 127 && c != ':'; });
}

/// Whether *x* is one mention of a secret and nothing else.
bool is_mention(const std::string& x) {
  const auto names = secrets_in(x);
  return names && names->size() == 1 && x == "${SECRET:" + names->front() + "}";
}

problem check_users(const std::map<std::string, std::string>& users) {
  if (users.empty() || users.size() > most_users)
    return wrong("/basic_auth", "1 to " + std::to_string(most_users) + " users with passwords",
                 std::to_string(users.size()));
  for (const auto& [user, password] : users) {
    const auto pointer = child_pointer("/basic_auth", user);
    if (!is_user(user))
      return wrong(pointer, "a name of visible characters without a colon, at most 64",
                   "key " + in_quotes(user));
    if (is_mention(password))
      continue;
    std::string name; // that the secret could have
    for (const char c : user + "_PASSWORD") {
      const bool fits = upper(c) == '_' || (upper(c) >= 'A' && upper(c) <= 'Z')
                        || (c >= '0' && c <= '9' && !name.empty());
      name += fits ? upper(c) : '_';
    }
    return wrong(pointer, "${SECRET:NAME} and nothing else: passwords are kept as secrets",
                 "another text", is_secret_name(name) ? "${SECRET:" + name + "}" : "");
  }
  return {};
}

problem check_allow(const std::vector<std::string>& networks) {
  if (networks.empty() || networks.size() > most_networks)
    return wrong("/allow", "1 to " + std::to_string(most_networks) + " addresses or networks",
                 std::to_string(networks.size()));
  for (size_t i = 0; i != networks.size(); ++i) {
    const auto pointer = "/allow/" + std::to_string(i);
    const auto& text = networks[i];
    const auto network = parse_network(text);
    if (!network)
      return wrong(pointer,
                   "an address or a network, like 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32",
                   in_quotes(text));
    // Whoever wrote 10.1.2.3/8 may have meant the one address or the network.
    const auto address = parse_ip(text.substr(0, text.find('/')));
    if (*address != network->first)
      return wrong(pointer, "a network whose address ends where its bits end", in_quotes(text),
                   to_text(*network));
  }
  return {};
}

bool is_visible(std::string_view x) {
  return !x.empty() && x.size() <= longest_place && std::ranges::all_of(x, [](char c) {
    return c > ' ' && c < 127 && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#';
  });
}

/// A star may only stand at the end, behind a slash.
bool star_fits(std::string_view x) {
  const auto star = x.find('*');
  return star == x.npos || (star + 1 == x.size() && x.ends_with("/*"));
}

bool is_url(std::string_view x) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (x.starts_with(scheme))
      return x.size() > scheme.size() && x[scheme.size()] != '/' && x[scheme.size()] != '*';
  return false;
}

problem check_redirect(const std::string& pointer, const redirect_config& x) {
  const std::string from_form = "a path like /old, or /old/* for all below it";
  const std::string to_form = "a path like /new, or a URL like https://example.org/*";
  if (!x.from || !x.to)
    return wrong(pointer + (x.from ? "/to" : "/from"), x.from ? to_form : from_form, "nothing");
  const auto& from = *x.from;
  const auto& to = *x.to;
  if (!from.starts_with('/') || !is_visible(from) || !star_fits(from)
      || from.find('?') != from.npos) {
    const bool lacks_slash = !from.empty() && from[0] != '/' && is_visible("/" + from)
                             && star_fits(from) && from.find('?') == from.npos;
    return wrong(pointer + "/from", from_form, in_quotes(from), lacks_slash ? "/" + from : "");
  }
  const bool path = to.starts_with('/') && !to.starts_with("//");
  if ((!path && !is_url(to)) || !is_visible(to) || !star_fits(to))
    return wrong(pointer + "/to", to_form, in_quotes(to));
  if (split_star(to).star && !split_star(from).star)
    return wrong(pointer + "/to", "no * where from has none", in_quotes(to), split_star(to).base);
  if (path && rest_behind(split_star(from), std::string_view{to}.substr(0, to.find('?'))))
    return wrong(pointer + "/to", "a place that from does not send elsewhere again", in_quotes(to));
  if (x.status && *x.status != 301 && *x.status != 302 && *x.status != 307 && *x.status != 308)
    return wrong(pointer + "/status", "301, 302, 307 or 308", std::to_string(*x.status), "308");
  return {};
}

problem check_redirects(const std::vector<redirect_config>& all) {
  if (all.size() > most_redirects)
    return wrong("/redirects", "at most " + std::to_string(most_redirects),
                 std::to_string(all.size()));
  for (size_t i = 0; i != all.size(); ++i)
    if (auto found = check_redirect("/redirects/" + std::to_string(i), all[i]))
      return found;
  return {};
}

problem check_size(const std::string& text) {
  const auto size = parse_size(text);
  if (size && *size >= 1 && *size <= largest_body)
    return {};
  // "10M" and "10 MB" are close.
  std::string close;
  for (const char c : text)
    if (c != ' ')
      close += c;
  if (!parse_size(close))
    close += "B";
  const auto fits = parse_size(close);
  return wrong("/max_body", std::string{size_form}, in_quotes(text),
               !size && fits && *fits >= 1 && *fits <= largest_body ? close : "");
}

} // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  uint64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failed != std::errc{})
    return std::nullopt;
  std::string name;
  for (const char c : text.substr(static_cast<size_t>(end - text.data())))
    name += upper(c);
  const auto found = std::ranges::find(units, name, &unit::name);
  if (found == units.end() || count > UINT64_MAX / found->bytes)
    return std::nullopt;
  return count * found->bytes;
}

star_path split_star(std::string_view path) {
  if (!path.ends_with("/*"))
    return {std::string{path}, false};
  return {std::string{path.substr(0, path.size() - 2)}, true};
}

std::optional<std::string_view> rest_behind(const star_path& from, std::string_view path) {
  if (!path.starts_with(from.base))
    return std::nullopt;
  const auto rest = path.substr(from.base.size());
  if (rest.empty() || (from.star && rest.starts_with('/')))
    return rest;
  return std::nullopt;
}

std::optional<decode_error> problem_in(const edge_rules& x) {
  problem found;
  if (x.rate_limit)
    found = check_rate(*x.rate_limit);
  if (!found && x.basic_auth)
    found = check_users(*x.basic_auth);
  if (!found && x.allow)
    found = check_allow(*x.allow);
  if (!found && x.redirects)
    found = check_redirects(*x.redirects);
  if (!found && x.max_body)
    found = check_size(*x.max_body);
  return found;
}

} // namespace backendim
