#include "tests/e2e/small_app.hpp"
#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;

namespace {

TEST(WritableTest, TheAppWritesWhereItSaysAndNowhereElse) {
  const e2e::small_app x{"scribe"};
  x.write_handler("const tried = f => { try { require('fs').writeFileSync(f, 'x'); return 'yes' }"
                  " catch (e) { return e.code } };"
                  "s.end(['/data/cache/a', '/app/uploads/a', '/data/a', '/app/a', '/tmp/a']"
                  ".map(tried).join(' '))",
                  "writable: [/data/cache, /app/uploads]\n");
  const auto plan = x.say({"plan"});
  EXPECT_NE(plan.out.find("writable    /data/cache"), std::string::npos) << plan.out;
  EXPECT_NE(plan.out.find("empty at each start"), std::string::npos) << plan.out;
  const auto deployed = x.deploy();
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_EQ(x.shown(), "yes yes EROFS EROFS yes");
  const auto full = x.say({"run", "--", "sh", "-c",
                           "head -c 70000000 /dev/zero >/data/cache/big; wc -c </data/cache/big"});
  EXPECT_NE(full.out.find("67108864"), std::string::npos) << full.out << full.err;
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
}

TEST(WritableTest, AFolderThatHidesTheSystemIsRefusedWithItsPlace) {
  const e2e::small_app x{"vandal"};
  x.write("here", "", "writable: [/data, /proc/self]\n");
  const auto refused = x.deploy();
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.err.find("backend-im.yml:3:"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("outside of /proc"), std::string::npos) << refused.err;
}

} // namespace
