#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

/// How tests wait. No test judges how long something took, and none sleeps in the hope that
/// something has happened meanwhile: it waits for what it needs.
namespace backendim::test {

/// How long a test waits for what must happen. It says nothing of how fast that should be: it ends
/// a test whose event never comes, and a machine that does much else must not get there.
constexpr std::chrono::seconds patience{120};

/// Whether *holds* becomes true, asked again and again until *limit* is over.
template <class Condition>
bool eventually(Condition holds, std::chrono::seconds limit = patience) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + limit;
  for (auto pause = 1ms; !holds(); pause = std::min(2 * pause, 100ms)) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// What *number* is once it no longer moves: for what comes to a stand without an event to tell. On
/// a machine that does much else it may be early, so use it only where that does no harm.
template <class Number>
auto at_rest(Number number) {
  using namespace std::chrono_literals;
  auto last = number();
  int same = 0;
  eventually([&] {
    std::this_thread::sleep_for(20ms);
    const auto now = number();
    same = now == last ? same + 1 : 0;
    last = now;
    return same == 5;
  });
  return last;
}

/// The pace of a client that is slow on purpose: kept until the machine holds it up for longer than
/// what is *bearable*. Then it was slower than it meant to be, and what it tried shows nothing.
class slow_pace {
public:
  explicit slow_pace(std::chrono::milliseconds bearable) : bearable_{bearable} {}

  /// A step after *pause*.
  void step(std::chrono::milliseconds pause) {
    std::this_thread::sleep_for(pause);
    const auto now = std::chrono::steady_clock::now();
    kept_ &= now - last_ < bearable_;
    last_ = now;
  }
  bool kept() const { return kept_; }

private:
  std::chrono::milliseconds bearable_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool kept_ = true;
};

/// Lets *attempt* show what a slow client gets, who may be silent for *limit* only. On a machine
/// that holds it up it is tried again with twice the limit; false: it never kept its pace.
template <class Attempt>
bool at_a_slow_pace(std::chrono::milliseconds limit, Attempt attempt) {
  for (; limit < patience; limit *= 2) {
    slow_pace pace{limit / 3};
    attempt(limit, pace);
    if (pace.kept())
      return true;
  }
  return false;
}

} // namespace backendim::test
