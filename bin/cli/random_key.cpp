#include "bin/cli/random_key.hpp"

#include <array>
#include <cstdio>
#include <random>

namespace backendim::cli {

std::string random_key() {
  std::random_device random;
  std::array<char, 9> part{};
  std::string result = "cli-";
  for (int i = 0; i < 4; ++i) {
    std::snprintf(part.data(), part.size(), "%08x", random());
    result += part.data();
  }
  return result;
}

} // namespace backendim::cli
