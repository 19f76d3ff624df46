#include "protocol/writable.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;

namespace {

decode_error problem_of(const std::vector<std::string>& folders) {
  return problem_in_writable(folders).value_or(decode_error{"none", "", "", ""});
}

TEST(WritableTest, PlainFoldersAreTaken) {
  EXPECT_EQ(problem_of({}).pointer, "none");
  EXPECT_EQ(problem_of({"/data/cache", "/data/cache-2", "/app/.next", "/var/lib/app"}).pointer,
            "none");
}

TEST(WritableTest, WhatHidesTheSystemIsRefused) {
  for (const auto* bad : {"/", "/proc", "/proc/self", "/sys", "/sys/fs", "/dev", "/dev/shm", "/run",
                          "/run/secrets", "/tmp", "/tmp/x", "/etc", "/usr", "/lib"})
    EXPECT_EQ(problem_of({"/data", bad}).pointer, "/1") << bad;
  EXPECT_EQ(problem_of({"/processes"}).pointer, "none") << "only begins like one";
  EXPECT_EQ(problem_of({"/usr/share/nginx/cache"}).pointer, "none");
}

TEST(WritableTest, OtherFormsAreRefusedWithThePlainOne) {
  EXPECT_EQ(problem_of({"data/cache"}).suggestion, "/data/cache");
  EXPECT_EQ(problem_of({"./cache"}).suggestion, "/cache");
  EXPECT_EQ(problem_of({"/data/cache/"}).suggestion, "/data/cache");
  EXPECT_EQ(problem_of({"/data//cache"}).suggestion, "/data/cache");
  EXPECT_EQ(problem_of({"/data/../etc"}).pointer, "/0");
  EXPECT_EQ(problem_of({"/data/../etc"}).suggestion, "");
  EXPECT_EQ(problem_of({"//"}).pointer, "/0");
  EXPECT_EQ(problem_of({""}).pointer, "/0");
  EXPECT_EQ(problem_of({"/da ta"}).pointer, "/0");
  EXPECT_EQ(problem_of({"/data,readonly"}).pointer, "/0");
  EXPECT_EQ(problem_of({"/" + std::string(200, 'x')}).pointer, "/0");
}

TEST(WritableTest, NoneIsTwiceOrInAnother) {
  EXPECT_EQ(problem_of({"/data", "/data"}).pointer, "/1");
  EXPECT_EQ(problem_of({"/data", "/data/cache"}).pointer, "/1");
  EXPECT_EQ(problem_of({"/data/cache", "/data"}).pointer, "/1");
  EXPECT_EQ(problem_of({"/data", "/database"}).pointer, "none");
}

TEST(WritableTest, ThereAreAFew) {
  std::vector<std::string> many;
  for (int i = 0; i != 8; ++i)
    many.push_back("/data/" + std::to_string(i));
  EXPECT_EQ(problem_of(many).pointer, "none");
  many.push_back("/data/8");
  EXPECT_EQ(problem_of(many).pointer, "");
}

} // namespace
