#include "bin/daemon/config.hpp"
#include "bin/daemon/router.hpp"
#include "protocol/role.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace backendim;

namespace {

std::string page(const std::string& name) {
  std::ifstream in{std::string{BACKENDIM_DOCS} + "/" + name};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// What stands between two lines of comment.
std::string generated(const std::string& text, const std::string& what) {
  const auto begin_mark = "<!-- begin " + what + " -->\n", end_mark = "<!-- end " + what + " -->";
  const auto begin = text.find(begin_mark), end = text.find(end_mark);
  return begin == text.npos || end == text.npos
           ? "no " + begin_mark
           : text.substr(begin + begin_mark.size(), end - begin - begin_mark.size());
}

// When these fail: put what they expected between the page's marks.

TEST(DocsTest, TableOfRoutesIsThatOfTheProgram) {
  EXPECT_EQ(generated(page("rest.md"), "routes"), daemon::routes_markdown());
}

TEST(DocsTest, TableOfRolesIsThatOfTheProgram) {
  EXPECT_EQ(generated(page("tenants.md"), "roles"), roles_markdown());
}

TEST(DocsTest, TablesOfSettingsAreThoseOfTheProgram) {
  EXPECT_EQ(generated(page("configuration.md"), "settings"), daemon::config_markdown());
}

TEST(DocsTest, RoutesDifferAndSayWhatTheyAnswer) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& x : daemon::routes()) {
    EXPECT_TRUE(seen.emplace(x.method, x.pattern).second) << x.pattern;
    EXPECT_FALSE(x.answer.empty()) << x.pattern;
    EXPECT_NE(x.run, nullptr) << x.pattern;
  }
}

} // namespace
