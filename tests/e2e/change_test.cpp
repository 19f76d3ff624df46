#include "tests/e2e/change_under_load.hpp"

#include <gtest/gtest.h>

using namespace backendim;

namespace {

TEST(ChangeUnderLoadTest, NoRequestFailsWhateverTheOperatorDoes) {
  e2e::change_under_load("rush", 8080);
}

} // namespace
