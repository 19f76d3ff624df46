#include "adapters/buildah/builder.hpp"
#include "adapters/buildah/machine_fence.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace backendim;
using namespace backendim::buildah;

namespace {

bool has(const std::vector<std::string>& all, const std::string& x) {
  return std::ranges::find(all, x) != all.end();
}

TEST(MachineFenceTest, ClosesTheMachinesOwnAddressesAndTheMetadataService) {
  const auto fence = fence_of_machine({}, {"10.1.0.0/16"}, {}, {});
  ASSERT_TRUE(fence) << render(fence.error());
  EXPECT_TRUE(has(fence->closed, "169.254.0.0/16"));
  EXPECT_TRUE(has(fence->closed, "127.0.0.1/32"));
  EXPECT_TRUE(has(fence->closed, "10.1.0.0/16"));
  EXPECT_TRUE(fence->open.empty());
}

TEST(MachineFenceTest, OpensWhatBuildsAreToldToUse) {
  build_surroundings around;
  around.http_proxy = "http://192.0.2.1:3128";
  around.npm_registry = "https://192.0.2.2/npm/";
  around.goproxy = "http://192.0.2.3:3000,direct";
  const auto fence = fence_of_machine(around, {}, {"192.0.2.4:22"}, {});
  ASSERT_TRUE(fence) << render(fence.error());
  EXPECT_EQ(fence->open,
            (std::vector<open_place>{
              {"192.0.2.4", 22}, {"192.0.2.1", 3128}, {"192.0.2.2", 443}, {"192.0.2.3", 3000}}));
}

TEST(MachineFenceTest, OpensTheFrontDoorAtEachAddressOfTheMachine) {
  const auto fence = fence_of_machine({}, {}, {}, {443});
  ASSERT_TRUE(fence) << render(fence.error());
  EXPECT_NE(std::ranges::find(fence->open, open_place{"127.0.0.1", 443}), fence->open.end());
}

TEST(MachineFenceTest, ANameWithoutAddressOpensNothing) {
  const auto fence = fence_of_machine({}, {}, {"no-such-name.invalid:80"}, {});
  ASSERT_TRUE(fence) << render(fence.error());
  EXPECT_TRUE(fence->open.empty());
}

TEST(MachineFenceTest, SaysWhatIsMalformed) {
  for (const auto* x : {"10.1.0.0/33", "10.1.0/16", "everything", "10.0.0.0/8 -j ACCEPT", ""})
    EXPECT_EQ(test::error_of(fence_of_machine({}, {x}, {}, {})), ec::invalid_request) << x;
  for (const auto* x : {"10.1.0.5", "10.1.0.5:", ":80", "10.1.0.5:99999", "10.1.0.5:80x"})
    EXPECT_EQ(test::error_of(fence_of_machine({}, {}, {x}, {})), ec::invalid_request) << x;
}

TEST(MachineFenceTest, ExceptionsComeBeforeWhatTheyAreExceptionsFrom) {
  EXPECT_EQ(fence_rules({{"192.0.2.0/24"}, {{"192.0.2.7", 80}}}, "10.0.2.3"),
            "*filter\n"
            ":INPUT ACCEPT\n"
            ":FORWARD DROP\n"
            ":OUTPUT ACCEPT\n"
            "-A OUTPUT -o lo -j ACCEPT\n"
            "-A OUTPUT -d 10.0.2.3 -p udp --dport 53 -j ACCEPT\n"
            "-A OUTPUT -d 10.0.2.3 -p tcp --dport 53 -j ACCEPT\n"
            "-A OUTPUT -d 192.0.2.7 -p tcp --dport 80 -j ACCEPT\n"
            "-A OUTPUT -d 192.0.2.0/24 -p tcp -j REJECT --reject-with tcp-reset\n"
            "-A OUTPUT -d 192.0.2.0/24 -j REJECT\n"
            "COMMIT\n");
}

} // namespace
