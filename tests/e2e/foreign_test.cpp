#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace backendim;

namespace {

struct route {
  std::string method;
  std::string pattern;
  std::string needs;
};

const std::vector<std::string> roles{"viewer", "developer", "admin", "owner"};
/// Each with the least role that has it: its place above.
const std::map<std::string, size_t> least{{"read", 0},       {"deploy", 1}, {"manage", 2},
                                          {"administer", 2}, {"own", 3},    {"operate", 4}};

/// Those of docs/rest.md, which is the program's own table, but for the open ones.
std::vector<route> routes() {
  std::ifstream in{std::string{BACKENDIM_SOURCE} + "/docs/rest.md"};
  std::vector<route> result;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    inside = (inside || line == "<!-- begin routes -->") && line != "<!-- end routes -->";
    const auto begin = line.find('`'), space = line.find(' ', begin), end = line.find('`', space);
    if (!inside || !line.starts_with("| `") || line.ends_with("; open |"))
      continue;
    auto pattern = line.substr(space + 1, end - space - 1);
    const auto needs = line.rfind("; needs `");
    result.push_back(
      {line.substr(begin + 1, space - begin - 1), pattern.substr(0, pattern.find('?')),
       needs == line.npos ? "read"
                          : line.substr(needs + 9, line.find('`', needs + 9) - needs - 9)});
  }
  return result;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (const auto at = text.find(from); at != text.npos)
    text.replace(at, from.size(), to);
  return text;
}

size_t least_of(const std::string& role) {
  return static_cast<size_t>(std::ranges::find(roles, role) - roles.begin());
}

/// The tokens of one member of each role.
std::map<std::string, std::string> tokens_of(const std::string& tenant) {
  std::map<std::string, std::string> result;
  for (const auto& role : roles) {
    const auto made = e2e::cli({"members", "add", "a-" + role, "--role", role, "--tenant", tenant});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    result[role] = e2e::first_line(made.out);
  }
  return result;
}

e2e::http_answer ask(const route& x, const std::string& path, const std::string& token) {
  return e2e::get("http://127.0.0.1:7780" + path,
                  {"-X", x.method, "-H", "Authorization: Bearer " + token, "-H",
                   "Content-Type: application/json", "--data-binary", "{}", "-m", "20"});
}

/// Of what everybody may have, an answer to a stranger tells nothing of this app, and nothing that
/// a stranger sends changes it.
TEST(ForeignTest, NoRouteReachesAnotherTenantsApp) {
  const auto source = e2e::copy_of("dockerfile", "walked");
  std::ofstream{source / "Dockerfile"} << "FROM web:12\nEXPOSE 8080\n";
  ASSERT_EQ(e2e::cli({"secret", "set", "K=a-value-of-main", "--app", "walked"}).exit_code, 0);
  const auto deployed = e2e::cli({"deploy", "--app", "walked"}, source);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  const auto at_rest = [] { // the app hears of the end a moment after everybody else
    return !boost::json::parse(e2e::api("/v1/apps/walked").body).as_object().contains("deploying");
  };
  ASSERT_TRUE(test::eventually(at_rest));
  const auto before = boost::json::parse(e2e::api("/v1/apps/walked").body);
  const std::string id{before.at("latest").as_string()};
  ASSERT_EQ(e2e::cli({"members", "add", "anna", "--role", "owner", "--tenant", "main"}).exit_code,
            0);
  const auto all = routes();
  ASSERT_GT(all.size(), 20u);
  ASSERT_EQ(e2e::cli({"tenants", "create", "strangers", "--owner", "eve"}).exit_code, 0);
  for (const auto& [role, token] : tokens_of("strangers")) {
    for (const auto& x : all)
      for (const std::string actor :
           {"app/main/walked", "tenant/main", "service/main/main-walked-v1"}) {
        const bool names_it = x.pattern.find("{id}") != x.pattern.npos
                              || x.pattern.find("{path") != x.pattern.npos
                              || x.pattern.find("{tenant}") != x.pattern.npos
                              || (x.method != "POST" && x.pattern.find("{app}") != x.pattern.npos);
        auto path = replaced(x.pattern, "{app}", "walked");
        path = replaced(path, "{id}", actor == "tenant/main" ? "walked" : id);
        path = replaced(path, "{path...}", actor);
        path = replaced(path, "{tenant}", "main");
        path = replaced(path, "{user}", "anna");
        path = replaced(path, "{domain}", "walked.example.test");
        const auto answer = ask(x, path, token);
        const auto what = x.method + " " + path + " as " + role + ": " + answer.body;
        EXPECT_EQ(answer.body.find("\"anna\""), std::string::npos) << what;
        if (const auto permitted = least.at(x.needs); permitted > least_of(role)) {
          EXPECT_EQ(answer.status, 403) << what;
        }
        EXPECT_EQ(answer.body.find("walked-main"), std::string::npos) << what;
        if (names_it) {
          EXPECT_TRUE(answer.status == 404 || answer.status == 403 || answer.status == 400)
            << answer.status << " " << what;
        }
      }
  }
  EXPECT_EQ(boost::json::parse(e2e::api("/v1/apps/walked").body), before);
  EXPECT_NE(e2e::api("/v1/apps/walked/secrets").body.find("\"K\""), std::string::npos);
  EXPECT_NE(e2e::get(e2e::url_of("walked") + "/").status, 503);
  const auto members = boost::json::parse(e2e::api("/v1/tenants/main/members").body);
  EXPECT_TRUE(std::ranges::any_of(
    members.at("items").as_array(),
    [](const auto& member) { return member.at("user") == "anna" && member.at("role") == "owner"; }))
    << members;
  EXPECT_EQ(e2e::cli({"destroy", "walked", "--confirm", "walked"}).exit_code, 0);
}

/// Nothing that is named is there, so what is allowed changes nothing.
TEST(ForeignTest, EveryRoleOfTheOwnTenantMayWhatTheTableSays) {
  ASSERT_EQ(e2e::cli({"tenants", "create", "walkers", "--owner", "will"}).exit_code, 0);
  for (const auto& [role, token] : tokens_of("walkers"))
    for (const auto& x : routes()) {
      auto path = replaced(x.pattern, "{app}", "ghost");
      path = replaced(path, "{id}", "01JABCDEFGHJKMNPQRSTVWXYZ0");
      path = replaced(path, "{path...}", "tenant/walkers");
      path = replaced(path, "{tenant}", "walkers");
      path = replaced(path, "{user}", "nobody");
      path = replaced(path, "{domain}", "ghost.example.test");
      const auto answer = ask(x, path, token);
      const auto what = x.method + " " + path + " as " + role + ": " + answer.body;
      EXPECT_NE(answer.status, 401) << what;
      EXPECT_NE(answer.status, 0) << what;
      EXPECT_EQ(answer.status == 403, least_of(role) < least.at(x.needs)) << what;
    }
}

} // namespace
