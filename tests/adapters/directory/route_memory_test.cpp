#include "adapters/directory/route_memory.hpp"
#include "protocol/types.hpp"
#include "tests/support/sample.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

using namespace backendim;

namespace {

TEST(RouteMemoryTest, KeepsTheNewestTableForTheNextStart) {
  const test::temp_folder folder;
  const auto file = folder.path() / "routes.json";
  auto table = test::sampler{}.make<gateway_info>();
  {
    const auto memory = directory::open_route_memory(file);
    EXPECT_EQ(memory->last(), gateway_info{});
    memory->keep(gateway_info{});
    memory->keep(table);
    EXPECT_EQ(memory->last(), table) << "before it is written, too";
  }
  EXPECT_EQ(directory::open_route_memory(file)->last(), table);
}

TEST(RouteMemoryTest, ATableOfBeforeThereWereRulesIsStillUsed) {
  const test::temp_folder folder;
  const auto file = folder.path() / "routes.json";
  std::ofstream{file} << R"({"epoch":7,"routes":[{"host":"shop.test","service":"main-shop-v1",)"
                      << R"("upstreams":["172.18.0.5:3000"],"page":"p","text":"t"}]})";
  const auto table = directory::open_route_memory(file)->last();
  ASSERT_EQ(table.routes.size(), 1u);
  EXPECT_EQ(table.routes[0].upstreams.at(0), "172.18.0.5:3000");
  EXPECT_FALSE(table.routes[0].rules);
}

TEST(RouteMemoryTest, FileThatCannotBeReadIsNoTable) {
  const test::temp_folder folder;
  const auto file = folder.path() / "routes.json";
  std::ofstream{file} << "{\"epoch\": 3, \"routes\": [{";
  EXPECT_EQ(directory::open_route_memory(file)->last(), gateway_info{});
}

} // namespace
