#pragma once

#include "adapters/journal.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace backendim::test {

/// What can happen to a journal behind its back.
enum class harm {
  body_changed,
  type_changed,
  meta_changed,
  time_changed,
  link_changed,
  record_lost,
  record_moved, ///< To another stream.
  head_lost,    ///< Of the stream.
  stream_lost,  ///< With its head.
  snapshot_changed,
  snapshot_moved, ///< To the version before.
};

constexpr harm harms_of_a_record[]
  = {harm::body_changed, harm::type_changed, harm::meta_changed, harm::time_changed,
     harm::link_changed, harm::record_lost,  harm::record_moved};

/// A store of the tests: a journal in it, and the ways to damage it.
class journal_world {
public:
  virtual ~journal_world() = default;
  /// The journal as another start of the program finds it.
  virtual caf::expected<std::shared_ptr<journal>> open() = 0;
  virtual void inflict(harm what, const std::string& stream, uint64_t version) = 0;
};

struct journal_case {
  const char* name;
  std::unique_ptr<journal_world> (*make)();
  friend void PrintTo(const journal_case& x, std::ostream* out) { *out << x.name; }
};

/// The SQL that does it, for stores that have tables; names of streams without quotes only.
inline std::vector<std::string> sql_of(harm what, const std::string& stream, uint64_t version) {
  const auto record = " WHERE stream = '" + stream + "' AND version = " + std::to_string(version);
  const auto of_stream = " WHERE stream = '" + stream + "'";
  const auto change
    = [&](const std::string& how) { return std::vector{"UPDATE events SET " + how + record}; };
  switch (what) {
    case harm::body_changed: return change("body = 'x'");
    case harm::type_changed: return change("type = 'x'");
    case harm::meta_changed: return change(R"(meta = '{"who":"eve","request_id":"request-1"}')");
    case harm::time_changed: return change("at = at + 1");
    case harm::link_changed:
      return change("link = (SELECT link FROM streams" + of_stream + ")"); // that of another record
    case harm::record_lost: return {"DELETE FROM events" + record};
    case harm::record_moved: return change("stream = '" + stream + " '");
    case harm::head_lost: return {"DELETE FROM streams" + of_stream};
    case harm::stream_lost:
      return {"DELETE FROM streams" + of_stream, "DELETE FROM events" + of_stream};
    case harm::snapshot_changed: return {"UPDATE snapshots SET body = 'x'" + of_stream};
    case harm::snapshot_moved: return {"UPDATE snapshots SET version = version - 1" + of_stream};
  }
  throw std::logic_error{"no such harm"};
}

} // namespace backendim::test
