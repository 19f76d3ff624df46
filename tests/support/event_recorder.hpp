#pragma once

#include "adapters/container_engine.hpp"
#include "tests/support/eventually.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::test {

/// Watches an engine from a thread of its own and keeps what it hears.
class event_recorder {
public:
  explicit event_recorder(std::shared_ptr<container_engine> engine)
    : engine_{std::move(engine)}, thread_{[this](std::stop_token stop) {
        engine_->watch(
          [this](const engine_event& x) {
            std::lock_guard lock{mutex_};
            heard_.push_back(x);
          },
          stop);
      }} {}

  /// Waits until *holds*, asked again and again because much of Swarm's state changes without an
  /// event. False when the test's patience ends before that.
  template <class Predicate>
  bool wait(Predicate holds) {
    return eventually(holds);
  }

  /// The events of a service, in order; of no service: resyncs.
  std::vector<engine_event> of(const std::string& service) {
    std::lock_guard lock{mutex_};
    std::vector<engine_event> result;
    std::ranges::copy_if(heard_, std::back_inserter(result),
                         [&](const engine_event& x) { return x.service == service; });
    return result;
  }

  size_t count(const std::string& service, engine_event::kind what) {
    return static_cast<size_t>(std::ranges::count(of(service), what, &engine_event::what));
  }

private:
  std::shared_ptr<container_engine> engine_;
  std::mutex mutex_;
  std::vector<engine_event> heard_; // guarded by mutex_
  std::jthread thread_;             // last: it uses the others
};

} // namespace backendim::test
