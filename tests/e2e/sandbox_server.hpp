#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace backendim::e2e {

/// A server of the sandbox, by the name of its program, that a test may kill and bring back.
class sandbox_server {
public:
  explicit sandbox_server(std::string program);
  sandbox_server(const sandbox_server&) = delete;
  sandbox_server& operator=(const sandbox_server&) = delete;
  ~sandbox_server(); ///< Brings it back if the test did not.

  void kill();    ///< SIGKILL; returns when it is gone.
  void restart(); ///< With the words and the environment that it had; does not wait.

private:
  std::string program_;
  pid_t pid_ = 0;
  std::vector<std::string> words_, environment_;
};

} // namespace backendim::e2e
