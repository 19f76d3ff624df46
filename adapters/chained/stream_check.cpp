#include "adapters/chained/stream_check.hpp"

#include "protocol/error.hpp"

#include <utility>

namespace backendim::chained {

stream_check::stream_check(std::string stream, stream_head head, uint64_t from,
                           damage_sink on_damage)
  : stream_{std::move(stream)}, head_{head}, next_{from}, known_{from == 1}, on_damage_{std::move(
                                                                               on_damage)} {}

void stream_check::take(const stored_record& x) {
  lost_before(x.what.version, "lost");
  if (x.what.version > head_.version)
    damaged(x.what.version, x.what.position, "stands behind the stream's kept end");
  else if (known_ && link_of(last_, x.what, x.meta) != x.own)
    damaged(x.what.version, x.what.position, "changed: its link does not match");
  next_ = x.what.version + 1;
  known_ = true;
  last_ = x.own;
}

void stream_check::take_unreadable(uint64_t version, uint64_t position, const std::string& how) {
  damaged(version, position, how);
  next_ = version + 1;
  known_ = false;
}

void stream_check::end() {
  lost_before(head_.version + 1, "cut off");
  if (known_ && next_ == head_.version + 1 && last_ != head_.last)
    damaged(head_.version, 0, "changed: it is not the stream's kept end");
}

void stream_check::lost_before(uint64_t version, const char* how) {
  for (; next_ < version; ++next_) {
    damaged(next_, 0, how);
    known_ = false;
  }
}

void stream_check::damaged(uint64_t version, uint64_t position, std::string how) {
  on_damage_({stream_, version, position, std::move(how)});
}

caf::error error_of(const journal_damage& x) {
  std::string place = x.stream.empty() ? "the journal" : "stream " + x.stream;
  if (x.version != 0)
    place += " version " + std::to_string(x.version);
  if (x.position != 0)
    place += " position " + std::to_string(x.position);
  return caf::make_error(ec::internal, place + ": " + x.how);
}

std::string text_of(const caf::error& why) {
  return why.context().match_elements<std::string>() ? why.context().get_as<std::string>(0)
                                                     : render(why);
}

} // namespace backendim::chained
