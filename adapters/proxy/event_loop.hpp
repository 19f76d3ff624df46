#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace backendim::proxy {

/// A descriptor's side of an event_loop.
class watched : public boost::intrusive_ref_counter<watched, boost::thread_unsafe_counter> {
public:
  virtual ~watched() = default;
  /// *what*: EPOLLIN and its like; 0 after event_loop::again. Comes after close, too.
  virtual void event(uint32_t what) = 0;
};
using watched_ptr = boost::intrusive_ptr<watched>;

/// Waits for many descriptors with epoll, edge-triggered. Asio's reactor would need a system call
/// more for each wait; here a descriptor is announced once. Used by the thread that runs it, except
/// for post.
class event_loop {
public:
  event_loop();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Runs until stop; calls *on_tick* every *tick*.
  void run(std::chrono::milliseconds tick, const std::function<void()>& on_tick);
  void stop() { stopped_ = true; }

  /// Calls *what* in the loop's thread. From any thread. What is posted after the loop's end waits
  /// for run_posted.
  void post(std::function<void()> what);
  void run_posted();

  /// Tells *who* about *descriptor* from now on, until it is removed: whenever something changes,
  /// or *level*: as long as there is something to read. False: no memory.
  bool add(int descriptor, watched& who, bool level = false);
  /// Before it is closed: the kernel goes on telling as long as a child that was just forked holds
  /// the descriptor, too, and *who* may be gone by then.
  void remove(int descriptor);

  /// Tells *who* once, soon, although nothing changed.
  void again(watched_ptr who) { again_.push_back(std::move(who)); }
  /// Keeps *who* alive as long as events for it may be under way.
  void bury(watched_ptr who) { buried_.push_back(std::move(who)); }

private:
  void tell_again();

  int epoll_ = -1;
  int wake_ = -1; ///< Readable when something was posted.
  bool stopped_ = false;
  std::vector<watched_ptr> again_;
  std::vector<watched_ptr> buried_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

} // namespace backendim::proxy
