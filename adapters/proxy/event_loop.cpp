#include "adapters/proxy/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace backendim::proxy {

event_loop::event_loop()
  : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  epoll_event x{};
  x.events = EPOLLIN; // without a watched
  if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &x) != 0)
    throw std::system_error{errno, std::system_category(), "epoll"};
}

event_loop::~event_loop() {
  ::close(wake_);
  ::close(epoll_);
}

void event_loop::run(std::chrono::milliseconds tick, const std::function<void()>& on_tick) {
  using clock = std::chrono::steady_clock;
  auto next = clock::now() + tick;
  std::array<epoll_event, 256> events;
  while (!stopped_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now()).count();
    const auto wait = again_.empty() ? std::max<int64_t>(left, 0) : 0;
    const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                               static_cast<int>(wait));
    for (int i = 0; i < n; ++i) {
      const auto& x = events[static_cast<size_t>(i)];
      if (x.data.ptr != nullptr) {
        static_cast<watched*>(x.data.ptr)->event(x.events);
        continue;
      }
      uint64_t count = 0;
      if (::read(wake_, &count, sizeof count) > 0)
        run_posted();
    }
    tell_again();
    if (left <= 0) {
      on_tick();
      next = clock::now() + tick;
    }
    buried_.clear();
  }
  again_.clear();
  buried_.clear();
}

void event_loop::tell_again() {
  for (auto& x : std::exchange(again_, {}))
    x->event(0);
}

void event_loop::post(std::function<void()> what) {
  bool first = false;
  {
    std::lock_guard lock{mutex_};
    first = posted_.empty();
    posted_.push_back(std::move(what));
  }
  const uint64_t one = 1;
  if (first)
    (void)!::write(wake_, &one, sizeof one);
}

void event_loop::run_posted() {
  std::vector<std::function<void()>> all;
  {
    std::lock_guard lock{mutex_};
    all.swap(posted_);
  }
  for (auto& x : all)
    x();
}

bool event_loop::add(int descriptor, watched& who, bool level) {
  epoll_event x{};
  x.events = EPOLLIN;
  if (!level)
    x.events |= EPOLLOUT | EPOLLRDHUP | EPOLLET;
  x.data.ptr = &who;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &x) == 0;
}

void event_loop::remove(int descriptor) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

} // namespace backendim::proxy
