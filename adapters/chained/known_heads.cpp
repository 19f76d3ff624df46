#include "adapters/chained/known_heads.hpp"

namespace backendim::chained {

void known_heads::be_at(const journal_head& place) {
  if (place_ == place)
    return;
  heads_.clear();
  place_ = place;
}

void known_heads::keep(const std::string& stream, const stream_head& head) {
  const auto known = heads_.find(stream);
  if (known != heads_.end()) {
    known->second = head;
    return;
  }
  if (heads_.size() >= most)
    heads_.clear();
  heads_.emplace(stream, head);
}

const stream_head* known_heads::find(const std::string& stream) const {
  const auto known = heads_.find(stream);
  return known == heads_.end() ? nullptr : &known->second;
}

} // namespace backendim::chained
