#pragma once

#include "bin/daemon/config.hpp"

#include <caf/expected.hpp>

#include <vector>

namespace backendim::daemon {

/// The listening sockets of this process. They outlive it when another program takes its place:
/// clients that come meanwhile wait in the kernel's queue, and none is refused.
class listening_sockets {
public:
  /// Takes those that LISTEN_FDS and LISTEN_PID name, as sd_listen_fds(3) has it, and removes both
  /// from the environment.
  static listening_sockets from_environment();

  listening_sockets(listening_sockets&& other) noexcept;
  listening_sockets& operator=(listening_sockets&&) = delete;
  ~listening_sockets();

  /// A socket that listens at *where*, for the caller to close: one that was given, else a new one.
  /// Fails with unavailable.
  caf::expected<int> at(const endpoint& where);

  /// Runs the program *argv[0]* in place of this one, with these sockets. Returns, with errno set,
  /// only when it cannot.
  void hand_over(char** argv);

private:
  listening_sockets() = default;

  std::vector<int> kept_;
};

} // namespace backendim::daemon
