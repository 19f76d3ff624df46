#include "adapters/proxy/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace backendim::proxy {

using boost::asio::ip::tcp;

namespace {

int open_spare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

} // namespace

listener::listener(event_loop& loop, client_handler on_client)
  : loop_{loop}, on_client_{std::move(on_client)}, spare_{open_spare()} {}

listener::~listener() {
  close();
  if (spare_ >= 0)
    ::close(spare_);
}

int listener::open(const tcp::endpoint& at) {
  descriptor_ = ::socket(at.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0)
    return errno;
  const int on = 1;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor_, at.data(), static_cast<socklen_t>(at.size())) != 0
      || ::listen(descriptor_, 4096) != 0)
    return errno;
  return adopt(descriptor_);
}

int listener::adopt(int descriptor) {
  descriptor_ = descriptor;
  tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  if (::getsockname(descriptor_, bound.data(), &size) != 0)
    return errno;
  bound.resize(size);
  port_ = bound.port();
  return 0;
}

void listener::start() {
  if (descriptor_ >= 0)
    loop_.add(descriptor_, *this, true);
}

void listener::close() {
  if (descriptor_ < 0)
    return;
  loop_.remove(descriptor_);
  ::close(std::exchange(descriptor_, -1));
}

void listener::event(uint32_t) {
  for (int i = 0; i != 64 && descriptor_ >= 0; ++i) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int client = ::accept4(descriptor_, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
      peer.resize(size);
      on_client_(client, peer);
      continue;
    }
    if (errno == EAGAIN)
      return;
    if ((errno == EMFILE || errno == ENFILE) && spare_ >= 0) {
      // Who waits would make this event come again and again.
      ::close(std::exchange(spare_, -1));
      if (const int away = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC); away >= 0)
        ::close(away);
      spare_ = open_spare();
      return;
    }
  }
}

} // namespace backendim::proxy
