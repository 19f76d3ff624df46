#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <iterator>

namespace backendim::cli {

namespace json = boost::json;

namespace {

constexpr size_t longest_token = 8 << 10;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

caf::expected<std::string> given_token(session& s, const arguments& args) {
  if (const auto token = args.value("token"))
    return trimmed(*token);
  if (const auto file = args.value("token-file")) {
    std::ifstream in{s.around().folder / *file, std::ios::binary};
    if (!in)
      return local_problem("unreadable", "cannot read " + *file);
    std::string text(longest_token, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(in.gcount()));
    return trimmed(text);
  }
  if (const auto token = s.around().variable("BACKEND_IM_TOKEN"); !token.empty())
    return trimmed(token);
  if (!s.around().ask)
    return usage_problem("no token: give --token-file FILE, or set BACKEND_IM_TOKEN");
  return trimmed(s.around().ask("API token (bim_...): ", true).value_or(""));
}

} // namespace

caf::expected<exit_code> auth_login(session& s, const arguments& args) {
  const auto url = s.url();
  const auto file = s.kept();
  if (!file)
    return file.error();
  const auto token = given_token(s, args);
  if (!token)
    return token.error();
  if (token->empty())
    return usage_problem("the token is empty");
  auto door = s.connect_to(url);
  const auto answer = door.post("/v1/auth/login", json::object{{"token", *token}});
  if (!answer)
    return answer.error();
  const auto* object = answer->if_object();
  if (!object || text_at(*object, "token").empty())
    return local_problem("strange_answer", url + " gave no session");
  const credentials kept{url, text_at(*object, "token"), text_at(*object, "user"),
                         text_at(*object, "tenant"), text_at(*object, "expires")};
  if (const auto stored = file->store(kept); !stored)
    return stored.error();
  if (s.json())
    s.print_json(json::object{{"url", kept.url},
                              {"user", kept.user},
                              {"tenant", kept.tenant},
                              {"may", text_at(*object, "may")},
                              {"role", text_at(*object, "role")},
                              {"expires", kept.expires}});
  s.say("Logged in to " + kept.url + " as " + kept.user + " of " + kept.tenant + " until "
        + kept.expires + ".");
  return exit_code::ok;
}

caf::expected<exit_code> auth_logout(session& s, const arguments&) {
  const auto file = s.kept();
  if (!file)
    return file.error();
  const auto before = file->remove();
  if (!before)
    return before.error();
  if (s.json())
    s.print_json(json::object{{"logged_out", before->has_value()}});
  if (!*before)
    s.say("Nobody was logged in.");
  else
    s.say("Logged out" + ((*before)->url.empty() ? "" : " of " + (*before)->url) + ".");
  if (!s.around().variable("BACKEND_IM_TOKEN").empty())
    s.say("BACKEND_IM_TOKEN is still set and still used.");
  return exit_code::ok;
}

caf::expected<exit_code> auth_status(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/whoami");
  if (!answer)
    return answer.error();
  const auto object = answer->is_object() ? answer->get_object() : json::object{};
  if (s.json()) {
    auto document = object;
    document["url"] = door->url();
    s.print_json(document);
    return exit_code::ok;
  }
  s.print(text_at(object, "user") + ", " + text_at(object, "role") + " of "
          + text_at(object, "tenant") + ", may " + text_at(object, "may") + " at " + door->url());
  return exit_code::ok;
}

} // namespace backendim::cli
