// Shows why a test on servers failed, while they still are there. Whoever links this file has it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace {

class evidence : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (!test.result()->Failed() || !std::getenv("SANDBOX_DIR"))
      return;
    std::fflush(nullptr);
    (void)!std::system(BACKENDIM_SOURCE "/tests/support/evidence >&2");
  }
};

[[maybe_unused]] const bool registered = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new evidence);
  return true;
}();

} // namespace
