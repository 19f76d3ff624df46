#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/tenant_name.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

constexpr double most = 1e15;

std::optional<uint64_t> number_at(const json::object& x, std::string_view key) {
  const auto* found = x.if_contains(json::string_view{key.data(), key.size()});
  if (!found || !found->is_number())
    return std::nullopt;
  json::error_code failed;
  const auto value = found->to_number<uint64_t>(failed);
  return failed ? std::nullopt : std::optional{value};
}

std::string cores(std::optional<uint64_t> millis) {
  if (!millis)
    return "any";
  auto text
    = std::to_string(*millis / 1'000) + "." + std::to_string(1'000 + *millis % 1'000).substr(1);
  text.resize(text.find_last_not_of('0') + 1);
  if (text.ends_with('.'))
    text.pop_back();
  return text;
}

std::string memory(std::optional<uint64_t> bytes) {
  return bytes ? std::to_string(*bytes >> 20) + " MiB" : "any";
}

std::string count(std::optional<uint64_t> x) {
  return x ? std::to_string(*x) : "any";
}

/// "4", "0.5", "8GiB": *units* are what may stand behind the number, the first is no word.
std::optional<uint64_t> scaled_number(const std::string& text,
                                      const std::vector<std::pair<std::string, double>>& units) {
  double value = 0;
  const auto* last = text.data() + text.size();
  const auto [end, failed] = std::from_chars(text.data(), last, value, std::chars_format::fixed);
  if (failed != std::errc{} || value < 0)
    return std::nullopt;
  for (const auto& [word, factor] : units) {
    const auto product = value * factor, whole = std::round(product);
    if (std::string_view{end, static_cast<size_t>(last - end)} == word && product < most
        && std::abs(product - whole) < 1e-6)
      return static_cast<uint64_t>(whole);
  }
  return std::nullopt;
}

struct limit_flag {
  std::string_view flag;
  const char* key;
  std::vector<std::pair<std::string, double>> units;
  std::string_view example;
};

const std::vector<limit_flag>& limit_flags() {
  static const std::vector<limit_flag> all{
    {"apps", "apps", {{"", 1}}, "3"},
    {"cpu", "cpu_millis", {{"", 1'000}}, "4 or 0.5"},
    {"memory",
     "memory_bytes",
     {{"GiB", 1024.0 * 1024 * 1024}, {"MiB", 1024.0 * 1024}},
     "8GiB or 512MiB"},
    {"builds", "builds", {{"", 1}}, "2"},
    {"disk",
     "disk_bytes",
     {{"GiB", 1024.0 * 1024 * 1024}, {"MiB", 1024.0 * 1024}},
     "20GiB or 512MiB"},
    {"requests", "requests_per_second", {{"", 1}}, "100"},
  };
  return all;
}

void show(session& s, const json::value& answer) {
  const auto* x = answer.if_object();
  if (s.json() || !x) {
    s.print_json(answer);
    return;
  }
  const auto& limits = object_at(*x, "limits");
  s.print_text(table_text({
    {"QUOTA", "HAS", "MAY HAVE"},
    {"apps", count(number_at(*x, "apps")), count(number_at(limits, "apps"))},
    {"cpu", cores(number_at(*x, "cpu_millis")), cores(number_at(limits, "cpu_millis"))},
    {"memory", memory(number_at(*x, "memory_bytes")), memory(number_at(limits, "memory_bytes"))},
    {"builds at once", "", count(number_at(limits, "builds"))},
    {"disk", number_at(*x, "disk_bytes") ? memory(number_at(*x, "disk_bytes")) : std::string{},
     memory(number_at(limits, "disk_bytes"))},
    {"requests/s", "", count(number_at(limits, "requests_per_second"))},
  }));
  const auto* items = x->if_contains("items");
  if (!items || !items->is_array() || items->get_array().empty())
    return;
  std::vector<std::vector<std::string>> rows{{"APP", "TASKS"}};
  for (const auto& item : items->get_array())
    if (const auto* app = item.if_object())
      rows.push_back({text_at(*app, "app"), count(number_at(*app, "tasks"))});
  s.print("");
  s.print_text(table_text(rows));
}

std::string target_of(const std::string& tenant) {
  return "/v1/tenants/" + http::percent_encode(tenant) + "/quota";
}

} // namespace

caf::expected<exit_code> quota(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto tenant = tenant_or_own(*door, args);
  if (!tenant)
    return tenant.error();
  const auto answer = door->get(target_of(*tenant));
  if (!answer)
    return answer.error();
  show(s, *answer);
  return exit_code::ok;
}

/// What is not named stays as it is.
caf::expected<exit_code> admin_quota(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto target = target_of(args.operand(0));
  auto answer = door->get(target);
  if (!answer)
    return std::move(answer.error());
  auto limits = answer->is_object() ? object_at(answer->get_object(), "limits") : json::object{};
  bool changed = false;
  for (const auto& x : limit_flags()) {
    const auto given = args.value(x.flag);
    if (!given)
      continue;
    changed = true;
    if (*given == "any") {
      limits.erase(x.key);
      continue;
    }
    const auto value = scaled_number(*given, x.units);
    if (!value)
      return usage_problem("--" + std::string{x.flag} + " needs something like "
                           + std::string{x.example} + ", or any");
    limits[x.key] = *value;
  }
  if (changed) {
    json::object body;
    body["limits"] = std::move(limits);
    answer = door->command("PUT", target, body);
    if (!answer)
      return std::move(answer.error());
  }
  show(s, *answer);
  return exit_code::ok;
}

} // namespace backendim::cli
