#pragma once

#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace backendim::e2e {

/// One of tests/e2e/broken, and what its developer is told.
struct mistake {
  const char* folder;
  const char* code;
  const char* evidence; ///< Part of what is shown.
  friend void PrintTo(const mistake& x, std::ostream* out) { *out << x.folder; }
};

/// Deploys it as *app*, which has to fail with its cause, evidence and a next step.
inline void expect_told(const std::string& app, const mistake& x) {
  const auto failed = cli({"deploy", "--app", app}, broken() / x.folder);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.out, "");
  EXPECT_NE(failed.err.find(std::string{"code "} + x.code), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find(x.evidence), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("next: "), std::string::npos) << failed.err;
}

} // namespace backendim::e2e
