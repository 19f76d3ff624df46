#include "protocol/spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace backendim {

namespace {

/// How many letters to insert, delete or replace to turn one word into the other.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < to.size(); ++j) {
      const auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

} // namespace

std::string_view closest_word(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  // Two letters may be swapped, which is two edits, and in long words a third may be wrong.
  auto limit = std::max<size_t>(word.size() < 4 ? 1 : 2, word.size() / 3) + 1;
  if (word.size() > 64)
    return best; // not a typing error, and costly to compare
  for (auto candidate : known)
    if (auto distance = edit_distance(word, candidate); distance < limit) {
      limit = distance;
      best = candidate;
    }
  return best;
}

} // namespace backendim
