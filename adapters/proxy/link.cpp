#include "adapters/proxy/link.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace backendim::proxy {

namespace {

void set_option(int descriptor, int level, int name) {
  const int on = 1;
  ::setsockopt(descriptor, level, name, &on, sizeof on);
}

} // namespace

link::~link() {
  close();
}

void link::adopt(int descriptor) {
  descriptor_ = descriptor;
  connected_ = loop_.add(descriptor, *this);
  no_delay();
}

void link::connect(const boost::asio::ip::tcp::endpoint& to) {
  descriptor_ = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connecting_ = true;
  if (descriptor_ < 0 || !loop_.add(descriptor_, *this)
      || (::connect(descriptor_, to.data(), static_cast<socklen_t>(to.size())) != 0
          && errno != EINPROGRESS)) {
    connecting_ = false;
    loop_.again(this);
  }
}

void link::no_delay() {
  set_option(descriptor_, IPPROTO_TCP, TCP_NODELAY);
}

void link::event(uint32_t what) {
  if (descriptor_ < 0 && what != 0)
    return; // closed by an earlier event of this round
  if (connecting_) {
    // A socket that has not begun to connect reports a hang-up.
    if ((what & (EPOLLOUT | EPOLLERR)) == 0)
      return;
    connecting_ = false;
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failed, &size);
    connected_ = failed == 0;
    if (connected_)
      no_delay();
    if (owner != nullptr)
      owner->ready(*this);
    return;
  }
  if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    readable_ = ending_ = true;
  if ((what & EPOLLIN) != 0)
    readable_ = true;
  const bool awaited = what == 0 || (wants_read_ && readable_)
                       || (wants_write_ && (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0);
  if (!awaited || owner == nullptr)
    return;
  if (readable_)
    wants_read_ = false;
  if ((what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
    wants_write_ = false;
  owner->ready(*this);
}

link::received link::read(std::span<char> into) {
  for (;;) {
    const auto n = ::recv(descriptor_, into.data(), into.size(), 0);
    if (n > 0) {
      // All that was there is read, and what comes is an event: another try would only fail. The
      // end is no further event if it came together with these bytes.
      readable_ = ending_ || static_cast<size_t>(n) == into.size();
      return {outcome::done, static_cast<size_t>(n)};
    }
    if (n == 0)
      return {outcome::ended, 0};
    if (errno == EINTR)
      continue;
    readable_ = false;
    return {errno == EAGAIN ? outcome::later : outcome::failed, 0};
  }
}

link::outcome link::write(outbox& from) {
  while (!from.empty()) {
    const auto parts = from.parts();
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = std::min<size_t>(parts.size(), 64);
    const auto n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (n >= 0) {
      from.written(static_cast<size_t>(n));
      continue;
    }
    if (errno == EINTR)
      continue;
    return errno == EAGAIN ? outcome::later : outcome::failed;
  }
  return outcome::done;
}

void link::want_read() {
  if (std::exchange(wants_read_, true) || !readable_)
    return;
  loop_.again(this); // its event has come already
}

void link::want_write() {
  wants_write_ = true;
}

/// As recv: the number of bytes that wait, 0 for the end, negative with errno.
ssize_t link::peek() {
  char byte = 0;
  return ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

bool link::quiet() {
  return peek() < 0 && errno == EAGAIN;
}

bool link::hung_up() {
  const auto n = peek();
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

size_t link::in_transit() {
  int n = 0;
  return ::ioctl(descriptor_, SIOCOUTQ, &n) == 0 ? static_cast<size_t>(n) : 0;
}

void link::keep_probing() {
  set_option(descriptor_, SOL_SOCKET, SO_KEEPALIVE);
}

link::outcome link::shutdown_send() {
  ::shutdown(descriptor_, SHUT_WR);
  return outcome::done;
}

void link::reset_on_close() {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void link::close() {
  owner = nullptr;
  connected_ = connecting_ = false;
  if (descriptor_ < 0)
    return;
  loop_.remove(descriptor_);
  ::close(std::exchange(descriptor_, -1));
  if (use_count() != 0) // not in the destructor
    loop_.bury(this);
}

} // namespace backendim::proxy
