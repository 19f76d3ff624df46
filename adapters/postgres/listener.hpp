#pragma once

#include "adapters/chained/tail.hpp"
#include "adapters/postgres/journal.hpp"

#include <stop_token>
#include <thread>

namespace backendim::postgres {

/// Hears, on a connection of its own, how far the journal has come, whoever appended, and tells
/// *waiters*, which outlive it. What it missed while it had no connection it asks for.
class listener {
public:
  listener(journal_place place, chained::tail& waiters);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

private:
  void run(const std::stop_token& stop);
  void listen(const std::stop_token& stop);
  /// Until something can be read from *fd* (-1: nothing can) or the end is near.
  void wait(int fd, int milliseconds) const;

  journal_place place_;
  chained::tail& waiters_;
  int wakeup_ = -1; ///< An eventfd: the end is near.
  std::jthread thread_;
};

} // namespace backendim::postgres
