// simulation_tests [--seeds N | --seed S] [--gtest_filter=...]

#include "tests/simulation/seeds.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string_view>

namespace backendim::simulation {

namespace {

std::vector<uint32_t>& chosen() {
  static std::vector<uint32_t> result = [] {
    std::vector<uint32_t> usual(20);
    std::iota(usual.begin(), usual.end(), 1u);
    return usual;
  }();
  return result;
}

bool read(std::string_view text, uint32_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

/// False: there is something else than options that are known.
bool take(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option{argv[i]};
    uint32_t value = 0;
    if (i + 1 == argc || !read(argv[i + 1], value) || (option != "--seeds" && option != "--seed"))
      return false;
    chosen().assign(option == "--seeds" ? value : 1, value);
    if (option == "--seeds")
      std::iota(chosen().begin(), chosen().end(), 1u);
  }
  return true;
}

} // namespace

const std::vector<uint32_t>& seeds() {
  return chosen();
}

} // namespace backendim::simulation

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!backendim::simulation::take(argc, argv)) {
    std::cerr << "usage: simulation_tests [--seeds N | --seed S] [--gtest_filter=...]\n";
    return 2;
  }
  spdlog::set_level(std::getenv("SIMULATION_LOG") ? spdlog::level::info : spdlog::level::off);
  return RUN_ALL_TESTS();
}
