#pragma once

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace backendim::proxy {

/// What something waits for. All waits of a kind last equally long.
enum class wait_kind : uint8_t {
  handshake, ///< A client to say who it wants, in TLS.
  idle,      ///< The next request of a client.
  parting,   ///< The same while the edge stops: it may be on its way.
  header,    ///< The end of its head.
  connect,   ///< An upstream to accept.
  silence,   ///< Any byte of an upstream.
  body,      ///< Bytes of a request's body, or a client to take those of a response.
  linger,    ///< A client to close its side.
  pooled,    ///< The next request for an idle upstream connection.
  kinds,
};

/// Something with at most one deadline at a time; forgets it when it dies.
class deadline : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  deadline() = default;
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// The wait was too long, and is over. May destroy the object.
  virtual void expired(wait_kind kind) = 0;
  /// It has lasted for a tick. Must not destroy anything.
  virtual void still_waiting() {}

  void disarm() { unlink(); }

protected:
  ~deadline() = default;

private:
  friend class deadlines;
  std::chrono::steady_clock::time_point since_;
};

/// All deadlines of one worker: a first-in first-out list for each kind, so it is sorted, walked by
/// one tick. Up to a tick late.
class deadlines {
public:
  using clock = std::chrono::steady_clock;

  explicit deadlines(const std::array<std::chrono::milliseconds, size_t(wait_kind::kinds)>& limits)
    : limits_{limits} {
    tick_ = *std::min_element(limits_.begin(), limits_.end()) / 4;
    tick_ = std::clamp(tick_, std::chrono::milliseconds{5}, std::chrono::milliseconds{250});
  }

  /// *x* waits from now on, for *kind* only.
  void arm(deadline& x, wait_kind kind) {
    x.unlink();
    x.since_ = now_;
    queues_[size_t(kind)].push_back(x);
  }

  /// Call it each tick().
  void walk(clock::time_point now) {
    now_ = now;
    for (size_t kind = 0; kind != queues_.size(); ++kind) {
      auto& queue = queues_[kind];
      while (!queue.empty() && queue.front().since_ + limits_[kind] <= now_) {
        auto& late = queue.front();
        late.unlink();
        late.expired(wait_kind(kind));
      }
    }
    for (auto& x : queues_[size_t(wait_kind::silence)]) {
      if (x.since_ + tick_ > now_)
        break;
      x.still_waiting();
    }
  }

  std::chrono::milliseconds tick() const { return tick_; }
  bool recent(const deadline& x) const { return now_ - x.since_ < std::chrono::seconds{1}; }

private:
  using waiting = boost::intrusive::list<deadline, boost::intrusive::constant_time_size<false>>;
  std::array<std::chrono::milliseconds, size_t(wait_kind::kinds)> limits_;
  std::chrono::milliseconds tick_{};
  std::array<waiting, size_t(wait_kind::kinds)> queues_;
  clock::time_point now_ = clock::now(); ///< As coarse as the tick: a clock call costs.
};

} // namespace backendim::proxy
