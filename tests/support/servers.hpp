#pragma once

#include "adapters/subprocess/run.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace backendim::test {

/// What tests/support/with-servers says of a server, like BACKENDIM_REGISTRY. Ends the tests when
/// there is none: without servers none of them says anything.
inline std::string server(const char* name) {
  if (const auto* value = std::getenv(name))
    return value;
  ADD_FAILURE() << name << " is not set: run these tests with tests/support/server-tests PROGRAM";
  std::abort();
}

/// The base image of this name in the sandbox's registry, made if it is not there.
inline std::string base_image(const std::string& name) {
  subprocess::command x;
  std::istringstream words{server("BACKENDIM_BASE_IMAGES")};
  for (std::string word; words >> word;)
    x.argv.push_back(word);
  x.argv.push_back(name);
  x.env
    = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"HOME", "/root"}};
  const auto made = subprocess::run(x, {}, {});
  EXPECT_TRUE(made && made->good()) << (made && !made->tail.empty() ? made->tail.back() : "");
  return server("BACKENDIM_REGISTRY") + "/library/" + name;
}

} // namespace backendim::test
