#include "protocol/app_config.hpp"
#include "protocol/json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace backendim;

namespace {

template <class T>
constexpr bool is_list_of_structs = false;
template <described_struct T>
constexpr bool is_list_of_structs<std::vector<T>> = true;

template <class T>
void add_keys(std::string& table, const std::string& prefix) {
  boost::mp11::mp_for_each<fields_of<T>>([&](auto field) {
    using value = std::decay_t<decltype(*(T{}.*field.pointer))>;
    const auto key = prefix + field.name;
    if constexpr (described_struct<value>)
      add_keys<value>(table, key + ".");
    else if constexpr (is_list_of_structs<value>)
      add_keys<typename value::value_type>(table, key + "[].");
    else
      table += "| `" + key + "` | " + std::string{doc_of<T>(field.name)} + " |\n";
  });
}

// When this fails for good reason: put what it expected between the page's marks.
TEST(AppKeysTest, TheManualNamesEveryKeyOfTheFile) {
  std::ifstream in{std::string{BACKENDIM_DOCS} + "/backend-im-yml.md"};
  const std::string page{std::istreambuf_iterator<char>{in}, {}};
  const std::string begin = "<!-- begin keys -->\n", end = "<!-- end keys -->";
  const auto from = page.find(begin), to = page.find(end);
  ASSERT_TRUE(from < to && to != page.npos);
  std::string expected = "| Key | Meaning |\n|---|---|\n";
  add_keys<app_config>(expected, "");
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), expected);
}

} // namespace
