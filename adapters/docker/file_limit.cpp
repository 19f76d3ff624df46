#include "adapters/docker/file_limit.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

namespace backendim::docker {

namespace {

/// Who listens at *socket*, or made it for who does; 0: nobody.
pid_t owner_of(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return 0;
  std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return 0;
  ucred owner{};
  socklen_t size = sizeof owner;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
      || ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &owner, &size) != 0)
    owner.pid = 0;
  ::close(descriptor);
  return owner.pid;
}

} // namespace

uint64_t files_of_engine(const std::string& socket) {
  const auto owner = owner_of(socket);
  if (owner <= 0)
    return 0;
  std::ifstream limits{"/proc/" + std::to_string(owner) + "/limits"};
  constexpr std::string_view name = "Max open files";
  for (std::string line; std::getline(limits, line);) {
    if (!line.starts_with(name))
      continue;
    std::istringstream words{line.substr(name.size())};
    std::string soft, hard;
    words >> soft >> hard;
    uint64_t result = 0;
    if (hard == "unlimited")
      result = std::numeric_limits<uint64_t>::max();
    else
      std::from_chars(hard.data(), hard.data() + hard.size(), result);
    return result;
  }
  return 0;
}

} // namespace backendim::docker
