#pragma once

#include "adapters/chained/link.hpp"
#include "adapters/journal.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>

namespace backendim::chained {

/// Where streams stood when the journal stood somewhere, so that appends need not ask for each. Of
/// a store that others may write to, what it says has to be compared with what is there.
class known_heads {
public:
  /// Forgets all unless it is of *place*.
  void be_at(const journal_head& place);

  /// Those who are told from now on are of *place*.
  void move_to(const journal_head& place) { place_ = place; }
  void keep(const std::string& stream, const stream_head& head);
  void clear() { heads_.clear(); }

  const journal_head& place() const { return place_; }

  /// Null: not known. Until the next change.
  const stream_head* find(const std::string& stream) const;

private:
  static constexpr size_t most = 4'096; // some hundred kB; then it begins anew

  journal_head place_;
  std::unordered_map<std::string, stream_head> heads_;
};

} // namespace backendim::chained
