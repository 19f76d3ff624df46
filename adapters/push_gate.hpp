#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace backendim {

/// Keeps whoever pushes into the registry and whoever removes layers from it apart: a layer that
/// arrives while unused ones are removed would be lost. Thread-safe; outlives its passes.
class push_gate {
public:
  /// Gives back what it stands for when it goes.
  class pass {
  public:
    pass(push_gate& gate, void (push_gate::*end)()) : gate_{&gate}, end_{end} {}
    pass(pass&& x) noexcept : gate_{std::exchange(x.gate_, nullptr)}, end_{x.end_} {}
    pass& operator=(pass&&) = delete;
    ~pass() {
      if (gate_)
        (gate_->*end_)();
    }

  private:
    push_gate* gate_;
    void (push_gate::*end_)();
  };

  /// To push: waits while it is closed. None: *stop* was requested.
  std::optional<pass> enter(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait(lock, stop, [this] { return !closed_; }))
      return std::nullopt;
    ++inside_;
    return pass{*this, &push_gate::leave};
  }

  /// To remove: lets nobody in any more and waits until nobody is inside. None: somebody still was
  /// after *patience*, *stop* was requested, or it is closed already; then it is as before.
  std::optional<pass> close(std::chrono::milliseconds patience, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (closed_)
      return std::nullopt;
    closed_ = true;
    if (changed_.wait_for(lock, stop, patience, [this] { return inside_ == 0; }))
      return pass{*this, &push_gate::open};
    closed_ = false;
    changed_.notify_all();
    return std::nullopt;
  }

private:
  void leave() {
    const std::lock_guard guard{mutex_};
    --inside_;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard guard{mutex_};
    closed_ = false;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  size_t inside_ = 0;
  bool closed_ = false;
};

} // namespace backendim
