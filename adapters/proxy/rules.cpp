#include "adapters/proxy/rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace backendim::proxy {

namespace {

constexpr ip_address everybody{};          // where clients are not told apart
constexpr unsigned maintenance_pause = 60; // seconds that a client should stay away
constexpr size_t longest_login = 1'024;    // in base64: each one is hashed

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// RFC 4648, with its padding.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string result;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0)
      return std::nullopt;
    bits = ((bits << 6) | static_cast<unsigned>(digit)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      result += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return result;
}

/// The address in an element of X-Forwarded-For, which some proxies write with its port.
std::optional<ip_address> forwarded_address(std::string_view x) {
  while (x.starts_with(' ') || x.starts_with('\t'))
    x.remove_prefix(1);
  while (x.ends_with(' ') || x.ends_with('\t'))
    x.remove_suffix(1);
  if (x.starts_with('['))
    return parse_ip(x.substr(1, std::min(x.find(']'), x.size()) - 1));
  if (x.find(':') != x.npos && x.find(':') == x.rfind(':'))
    x = x.substr(0, x.find(':'));
  return parse_ip(x);
}

page too_fast(std::chrono::nanoseconds wait) {
  auto result = standard_page(429);
  result.retry_after = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(wait).count());
  return result;
}

page login_wanted(const std::string& host) {
  auto result = standard_page(401);
  result.fields = "WWW-Authenticate: Basic realm=\"" + host + "\", charset=\"UTF-8\"\r\n";
  return result;
}

/// Every mark is compared, and the user's name is part of it: no time tells what was wrong.
bool may_come_in(const rules& x, const request_head& head, const marker& mark) {
  const auto login = basic_login(head);
  if (!login || !mark)
    return false;
  const auto found = mark(login_text(x.host, *login));
  bool known = false;
  for (const auto& one : x.logins)
    known |= equal_in_constant_time(one, found);
  return known;
}

} // namespace

std::unique_ptr<const rules> rules_of(const std::string& host, const host_route& from,
                                      limiter_registry& limiters) {
  if (!from.rules && !from.maintenance && !from.tenant_requests)
    return nullptr;
  auto result = std::make_unique<rules>();
  result->host = host;
  if (from.maintenance)
    result->maintenance
      = page{503, "Down for maintenance", *from.maintenance, {}, maintenance_pause};
  if (from.tenant_requests) {
    const auto n = std::max(*from.tenant_requests, 1u);
    result->tenant_limit = limiters.get(":" + from.tenant, {n, 1, n}); // no host's name
  }
  if (!from.rules)
    return result;
  const auto& what = from.rules->what;
  if (what.allow)
    for (const auto& text : *what.allow)
      result->allow.push_back(parse_network(text).value_or(ip_network{{}, 128}));
  if (what.rate_limit && what.rate_limit->requests) {
    const auto& wish = *what.rate_limit;
    const auto one_at_least = [](uint32_t n) { return std::max(n, 1u); };
    result->limit = limiters.get(host, {one_at_least(*wish.requests),
                                        one_at_least(wish.seconds ? *wish.seconds : 1),
                                        one_at_least(wish.burst ? *wish.burst : *wish.requests)});
  }
  result->needs_login = bool(what.basic_auth);
  result->logins = from.rules->logins;
  if (what.redirects)
    for (const auto& x : *what.redirects)
      if (x.from && x.to)
        result->redirects.push_back(
          {split_star(*x.from), split_star(*x.to), x.status ? *x.status : 308u});
  if (what.max_body)
    result->max_body = parse_size(*what.max_body).value_or(0);
  return result;
}

bool is_acme_challenge(const request_head& head) {
  constexpr std::string_view folder = "/.well-known/acme-challenge/";
  if ((head.method != "GET" && head.method != "HEAD") || !head.target.starts_with(folder))
    return false;
  const auto token = head.target.substr(folder.size());
  return !token.empty() && std::ranges::all_of(token, [](char c) {
    return digit_of(c) >= 0 ? c != '+' && c != '/' : c == '-' || c == '_';
  });
}

std::optional<page> refusal(const rules& x, const visit& v, const marker& mark) {
  const auto& head = v.head;
  const bool open = is_acme_challenge(head);
  if (!open && !x.allow.empty()
      && std::ranges::none_of(x.allow, [&](const auto& y) { return y.contains(v.client); }))
    return standard_page(403);
  if (x.limit)
    if (const auto wait = x.limit->take(v.client, v.now); wait.count() > 0)
      return too_fast(wait);
  if (x.tenant_limit)
    if (const auto wait = x.tenant_limit->take(everybody, v.now); wait.count() > 0)
      return too_fast(wait);
  if (!open) {
    if (x.maintenance)
      return x.maintenance;
    for (const auto& one : x.redirects)
      if (auto place = location_of(one, head.target))
        return moved_page(one.status, std::move(*place));
    if (x.needs_login && !may_come_in(x, head, mark))
      return login_wanted(x.host);
  }
  if (x.max_body && head.content_length.value_or(0) > *x.max_body)
    return standard_page(413);
  return std::nullopt;
}

ip_address client_of(std::string_view peer, const request_head& head,
                     const std::vector<std::string>& proxies) {
  const auto nearest = parse_ip(peer).value_or(ip_address{});
  std::vector<ip_address> ours;
  for (const auto& x : proxies)
    if (const auto address = parse_ip(x))
      ours.push_back(*address);
  const auto is_ours = [&](const auto& x) { return std::ranges::find(ours, x) != ours.end(); };
  if (!is_ours(nearest))
    return nearest;
  for (auto x = head.fields.rbegin(); x != head.fields.rend(); ++x) {
    if (x->id != field_id::x_forwarded_for)
      continue;
    for (auto rest = x->value; !rest.empty();) {
      const auto comma = rest.rfind(',');
      const auto last = forwarded_address(comma == rest.npos ? rest : rest.substr(comma + 1));
      if (!last)
        return nearest; // who wrote that is no proxy of ours
      if (!is_ours(*last))
        return *last;
      rest = rest.substr(0, comma == rest.npos ? 0 : comma);
    }
  }
  return nearest;
}

std::optional<std::string> basic_login(const request_head& head) {
  constexpr std::string_view scheme = "basic ";
  const field* found = nullptr;
  for (const auto& x : head.fields)
    if (x.id == field_id::authorization) {
      if (found)
        return std::nullopt;
      found = &x;
    }
  if (!found || found->value.size() > longest_login || found->value.size() <= scheme.size()
      || !same_word(found->value.substr(0, scheme.size()), scheme))
    return std::nullopt;
  auto text = found->value.substr(scheme.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  auto login = from_base64(text);
  if (!login || login->find(':') == login->npos)
    return std::nullopt;
  return login;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) // marks are equally long
    return false;
  unsigned different = 0;
  for (size_t i = 0; i != a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

std::optional<std::string> location_of(const redirect& x, std::string_view target) {
  const auto question = std::min(target.find('?'), target.size());
  const auto rest = rest_behind(x.from, target.substr(0, question));
  if (!rest)
    return std::nullopt;
  auto result = x.to.base;
  if (x.to.star)
    result += *rest;
  if (result.empty())
    result = "/";
  // "//host" and "/\host" would lead to another host.
  if (x.to.base.empty() || x.to.base.starts_with('/'))
    while (result.size() > 1 && (result[1] == '/' || result[1] == '\\'))
      result.erase(1, 1);
  if (x.to.base.find('?') == x.to.base.npos)
    result += target.substr(question);
  return result;
}

} // namespace backendim::proxy
