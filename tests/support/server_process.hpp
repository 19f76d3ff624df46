#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim::test {

/// A loopback port that nobody has just now.
uint16_t free_port();

/// A program that runs until this object ends.
class server_process {
public:
  server_process() = default;
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;
  ~server_process() { kill(); }

  /// Starts it with *env* (lines NAME=VALUE) alone, and waits until *url* answers with *status*;
  /// fails the test when it does not within 60 s, or outside a sandbox. argv[0] is a path. What it
  /// says goes to <program>.log in SANDBOX_DIR.
  void start(const std::vector<std::string>& argv, const std::vector<std::string>& env,
             const std::string& url, unsigned status = 200);
  void kill(); ///< SIGKILL.

private:
  pid_t pid_ = 0;
};

} // namespace backendim::test
