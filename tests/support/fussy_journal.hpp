#pragma once

#include "tests/support/fake_journal.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace backendim::test {

/// Its disk has no room for some streams; reads go on.
class fussy_journal : public fake_journal {
public:
  std::optional<std::string> refused; ///< What names of such streams begin with.

  std::vector<append_result> append_batch(std::span<const append_events> batch) override {
    std::vector<append_result> results;
    for (const auto& x : batch)
      if (refused && x.stream.starts_with(*refused))
        results.push_back(caf::make_error(ec::unavailable, "disk full"));
      else
        results.push_back(std::move(fake_journal::append_batch({&x, 1}).front()));
    return results;
  }
};

} // namespace backendim::test
