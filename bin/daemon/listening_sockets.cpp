#include "bin/daemon/listening_sockets.hpp"

#include "protocol/error.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace backendim::daemon {

namespace {

using boost::asio::ip::tcp;

constexpr int first_given = 3; // SD_LISTEN_FDS_START
constexpr int backlog = 4096;

int number_in(const char* variable) {
  const auto* text = std::getenv(variable);
  return text ? std::atoi(text) : 0;
}

/// A duplicate that a child does not get.
int duplicate(int descriptor) {
  return ::fcntl(descriptor, F_DUPFD_CLOEXEC, first_given);
}

bool is_bound_to(int descriptor, const tcp::endpoint& where) {
  tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  if (::getsockname(descriptor, bound.data(), &size) != 0)
    return false;
  bound.resize(size);
  return bound == where;
}

/// The descriptor, or -1 with errno set.
int listen_at(const tcp::endpoint& where) {
  const int result
    = ::socket(where.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (result < 0)
    return -1;
  const int on = 1;
  ::setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(result, where.data(), static_cast<socklen_t>(where.size())) == 0
      && ::listen(result, backlog) == 0)
    return result;
  const int why = errno;
  ::close(result);
  errno = why;
  return -1;
}

} // namespace

listening_sockets listening_sockets::from_environment() {
  listening_sockets result;
  const int count = number_in("LISTEN_FDS");
  if (number_in("LISTEN_PID") == ::getpid())
    for (int i = first_given; i < first_given + count; ++i) {
      ::fcntl(i, F_SETFD, FD_CLOEXEC);
      ::fcntl(i, F_SETFL, ::fcntl(i, F_GETFL) | O_NONBLOCK);
      result.kept_.push_back(i);
    }
  for (const auto* variable : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"})
    ::unsetenv(variable);
  return result;
}

listening_sockets::listening_sockets(listening_sockets&& other) noexcept
  : kept_{std::exchange(other.kept_, {})} {}

listening_sockets::~listening_sockets() {
  for (const int x : kept_)
    ::close(x);
}

caf::expected<int> listening_sockets::at(const endpoint& where) {
  boost::system::error_code wrong;
  const tcp::endpoint place{boost::asio::ip::make_address(where.address, wrong), where.port};
  if (wrong)
    return caf::make_error(ec::invalid_request, where.address + " is not an IP address");
  for (const int x : kept_)
    if (is_bound_to(x, place))
      return duplicate(x);
  const int fresh = listen_at(place);
  if (fresh < 0)
    return caf::make_error(ec::unavailable, "cannot listen on " + where.address + " port "
                                              + std::to_string(where.port) + ": "
                                              + std::generic_category().message(errno));
  kept_.push_back(fresh);
  return duplicate(fresh);
}

void listening_sockets::hand_over(char** argv) {
  // First above all of their new places, so that none is put upon another.
  const int above = first_given + static_cast<int>(kept_.size());
  std::vector<int> moved;
  for (const int x : kept_)
    moved.push_back(::fcntl(x, F_DUPFD_CLOEXEC, above));
  for (size_t i = 0; i < moved.size(); ++i)
    ::dup2(moved[i], first_given + static_cast<int>(i)); // without FD_CLOEXEC
  ::setenv("LISTEN_FDS", std::to_string(moved.size()).c_str(), 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::execvp(argv[0], argv);
}

} // namespace backendim::daemon
