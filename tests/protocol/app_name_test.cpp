#include "protocol/app_name.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;

namespace {

TEST(AppNameTest, FoldersBecomeNames) {
  EXPECT_EQ(valid_name("My Shop_2"), "my-shop-2");
  EXPECT_EQ(valid_name("42-shop-"), "shop");
  EXPECT_EQ(valid_name("été"), "t");
  EXPECT_EQ(valid_name("***"), "");
  EXPECT_EQ(valid_name(std::string(39, 'a') + "-b"), std::string(39, 'a'));
}

} // namespace
