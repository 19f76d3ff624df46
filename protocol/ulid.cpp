#include "protocol/ulid.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

namespace backendim {

namespace {
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

std::string make_ulid() {
  using namespace std::chrono;
  thread_local std::random_device dice; // getrandom(2) with libstdc++ on Linux
  std::string result(26, '0');
  auto time = static_cast<uint64_t>(
    duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  for (size_t i = 10; i-- > 0; time /= 32)
    result[i] = alphabet[time % 32];
  for (size_t i = 10; i < result.size(); ++i)
    result[i] = alphabet[dice() % 32];
  return result;
}

bool is_ulid(const std::string& x) {
  return x.size() == 26
         && std::ranges::all_of(x, [](char c) { return alphabet.find(c) != alphabet.npos; });
}

std::chrono::system_clock::time_point ulid_time(const std::string& x) {
  uint64_t time = 0;
  if (is_ulid(x))
    for (size_t i = 0; i < 10; ++i)
      time = time * 32 + alphabet.find(x[i]);
  return std::chrono::system_clock::time_point{
    std::chrono::milliseconds{time & ((1ull << 48) - 1)}};
}

} // namespace backendim
