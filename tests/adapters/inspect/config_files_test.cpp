#include "adapters/inspect/inspector.hpp"
#include "protocol/json.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <vector>

using namespace backendim;

namespace {

/// A file of configs/ and what becomes of it as backend-im.yml.
struct config_file {
  std::string name;
  std::string settings; ///< As JSON; empty: it is refused.
  std::string place{};  ///< "line:column", or "line:".
  std::vector<std::string> words{};
};

void PrintTo(const config_file& x, std::ostream* out) {
  *out << x.name;
}

config_file fits(std::string name, std::string settings) {
  return {std::move(name), std::move(settings)};
}

config_file refused(std::string name, std::string place, std::vector<std::string> words) {
  return {std::move(name), "", std::move(place), std::move(words)};
}

const std::vector<config_file>& config_files() {
  static const std::vector<config_file> result = {
    // What a hostile or broken editor writes.
    refused("unclosed-quote", "2:8:", {"unclosed quote"}),
    refused("surrogate", "1:", {"UTF-8"}),
    refused("overlong", "1:", {"UTF-8"}),
    refused("beyond-unicode", "1:", {"UTF-8"}),
    refused("tab-indent", "2:1:", {"tab"}),
    // Numbers that are none, or too large.
    refused("env-port-junk", "2:9:", {"env.PORT", "a port from 1 to 65535"}),
    refused("env-port-99999", "2:9:", {"env.PORT", "a port from 1 to 65535"}),
    refused("port-exponent", "1:7:", {"a whole number from 1 to 65535", "found 3e3"}),
    refused("port-float", "1:7:", {"a whole number from 1 to 65535", "found 3000.0"}),
    refused("port-zero", "1:7:", {"from 1 to 65535", "found 0"}),
    refused("percent-range", "2:18:", {"from 1 to 100", "found 400"}),
    refused("infinity", "1:7:", {"a whole number from 1 to 65535", "found .inf"}),
    refused("null-port", "1:6:", {"a whole number from 1 to 65535", "found nothing"}),
    // Words.
    refused("name-dash-end", "1:7:", {"DNS label", "did you mean \"shop\"?"}),
    refused("list-word", "1:6:", {"a mapping or a list of NAME=value", "found 3"}),
    // Other ways to say the same.
    fits("alias", R"({"name":"shop","start":"shop"})"),
    fits("runtime-colon", R"({"runtime":"node@18"})"),
    fits("env-list", R"({"env":{"NODE_ENV":"production","URL":"http://x/?a=b"}})"),
    fits("customer-form",
         R"({"name":"shop-api","runtime":"node@20","port":4000,)"
         R"("env":{"LOG_LEVEL":"info","NODE_ENV":"production"},)"
         R"("build":{"command":"npm ci && npm run build"},"health_check":"/health",)"
         R"("scaling":{"min":1,"max":5,"cpu_threshold":70}})"),
  };
  return result;
}

class ConfigFileTest : public testing::TestWithParam<config_file> {
protected:
  caf::expected<app_config> read() {
    std::filesystem::copy_file(std::filesystem::path{BACKENDIM_CONFIGS}
                                 / (GetParam().name + ".yml"),
                               folder_.path() / "backend-im.yml");
    return inspection::make_inspector()->read_config(folder_.path());
  }

private:
  test::temp_folder folder_;
};

TEST_P(ConfigFileTest, IsReadOrRefusedWhereItIsWrong) {
  const auto config = read();
  const auto& x = GetParam();
  if (!x.settings.empty()) {
    ASSERT_TRUE(config) << to_json_text(failure_of(config.error()));
    EXPECT_EQ(to_json_text(*config), x.settings);
    return;
  }
  ASSERT_FALSE(config) << to_json_text(*config);
  EXPECT_EQ(config.error(), ec::invalid_request);
  const auto why = failure_of(config.error());
  EXPECT_EQ(why.code, cause::config_invalid);
  EXPECT_FALSE(why.next.empty());
  ASSERT_EQ(why.evidence.size(), 1u);
  EXPECT_TRUE(why.evidence[0].starts_with("backend-im.yml:" + x.place)) << why.evidence[0];
  const auto said = why.evidence[0] + "\n" + why.next;
  for (const auto& word : x.words)
    EXPECT_NE(said.find(word), std::string::npos) << word << " in: " << said;
}

INSTANTIATE_TEST_SUITE_P(All, ConfigFileTest, testing::ValuesIn(config_files()), [](const auto& x) {
  auto name = x.param.name;
  std::erase(name, '-');
  return name;
});

TEST(ConfigFilesTest, EachFileOfTheFolderIsTried) {
  std::set<std::string> there, tried;
  for (const auto& file : std::filesystem::directory_iterator{BACKENDIM_CONFIGS})
    there.insert(file.path().stem().string());
  for (const auto& file : config_files())
    tried.insert(file.name);
  EXPECT_EQ(there, tried);
}

} // namespace
