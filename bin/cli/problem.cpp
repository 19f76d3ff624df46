#include "bin/cli/problem.hpp"

#include "bin/cli/terminal.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim::cli {

namespace json = boost::json;

namespace {

json::object from_failure(const failure& x, ec code) {
  return {{"code", to_string(code)}, {"detail", x.message}, {"failure", to_json(x)}};
}

json::object from_decode_error(const decode_error& x) {
  auto detail = (x.pointer.empty() ? "" : "at " + x.pointer + ": ") + "expected " + x.expected;
  if (!x.found.empty())
    detail += ", found " + x.found;
  json::object result{{"code", to_string(ec::invalid_request)}, {"detail", detail}};
  result["pointer"] = x.pointer;
  if (!x.suggestion.empty())
    result["suggestion"] = x.suggestion;
  return result;
}

/// The last line: what to search for, and what to tell the operator.
std::string references(const json::object& problem) {
  std::string result;
  const auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty())
      result.append(result.empty() ? "" : ", ").append(label).append(" ").append(value);
  };
  auto code = text_at(object_at(problem, "failure"), "code");
  add("code", code.empty() ? text_at(problem, "code") : code);
  add("pointer", text_at(problem, "pointer"));
  add("deployment", text_at(problem, "deployment"));
  add("request", text_at(problem, "request_id"));
  return result;
}

} // namespace

caf::error make_problem(json::object document) {
  const auto detail = text_at(document, "detail");
  return caf::make_error(ec::invalid_request, detail, json::serialize(document));
}

caf::error usage_problem(std::string detail, std::string suggestion) {
  json::object result{{"code", "usage"}, {"detail", std::move(detail)}};
  if (!suggestion.empty())
    result["suggestion"] = std::move(suggestion);
  result["exit"] = static_cast<int>(exit_code::usage);
  return make_problem(std::move(result));
}

caf::error local_problem(std::string code, std::string detail, std::string next) {
  json::object result{{"code", std::move(code)}, {"detail", std::move(detail)}};
  if (!next.empty())
    result["next"] = std::move(next);
  return make_problem(std::move(result));
}

json::object problem_of(const caf::error& why) {
  const auto& context = why.context();
  if (context.match_elements<std::string, std::string>()) {
    json::error_code failed;
    auto document = json::parse(context.get_as<std::string>(1), failed);
    if (!failed && document.is_object())
      return std::move(document.as_object());
  }
  const auto reason = to_domain_error(why);
  const auto code = static_cast<ec>(reason.code());
  if (context.match_elements<failure>())
    return from_failure(context.get_as<failure>(0), code);
  if (context.match_elements<decode_error>())
    return from_decode_error(context.get_as<decode_error>(0));
  if (context.match_elements<std::string>())
    return {{"code", to_string(code)}, {"detail", context.get_as<std::string>(0)}};
  return {{"code", to_string(code)}, {"detail", render(reason)}};
}

exit_code exit_code_of(const json::object& problem) {
  const auto number = [&](const char* key) {
    const auto* x = problem.if_contains(key);
    return x && x->is_int64() ? x->get_int64() : 0;
  };
  if (const auto exit = number("exit"))
    return static_cast<exit_code>(exit);
  switch (number("status")) {
    case 401:
    case 403: return exit_code::refused;
    case 404: return exit_code::not_found;
    case 429:
    case 502:
    case 503:
    case 504: return exit_code::unreachable;
    default: break;
  }
  return text_at(problem, "code") == "not_found" ? exit_code::not_found : exit_code::failed;
}

exit_code exit_code_of(const caf::error& why) {
  return exit_code_of(problem_of(why));
}

std::string problem_text(const json::object& problem, bool color) {
  const auto& failure = object_at(problem, "failure");
  auto detail = text_at(failure, "message");
  if (detail.empty())
    detail = text_at(problem, "detail");
  if (detail.empty())
    detail = text_at(problem, "title");
  std::string result = color ? "\x1b[31merror:\x1b[0m " : "error: ";
  result += printable(detail) + "\n";
  if (const auto* lines = failure.if_contains("evidence"); lines && lines->is_array())
    for (const auto& line : lines->get_array())
      if (line.is_string())
        result += "  | " + printable(line.get_string()) + "\n";
  auto next = text_at(failure, "next");
  if (next.empty())
    next = text_at(problem, "next");
  if (!next.empty())
    result += "  next: " + printable(next) + "\n";
  if (const auto suggestion = text_at(problem, "suggestion"); !suggestion.empty())
    result += "  did you mean \"" + printable(suggestion) + "\"?\n";
  if (const auto words = references(problem); !words.empty())
    result += "  " + printable(words) + "\n";
  return result;
}

std::string text_at(const json::object& x, std::string_view key) {
  const auto* found = x.if_contains(json::string_view{key.data(), key.size()});
  return found && found->is_string() ? std::string{found->get_string()} : std::string{};
}

const json::object& object_at(const json::object& x, std::string_view key) {
  static const json::object none;
  const auto* found = x.if_contains(json::string_view{key.data(), key.size()});
  return found && found->is_object() ? found->get_object() : none;
}

} // namespace backendim::cli
