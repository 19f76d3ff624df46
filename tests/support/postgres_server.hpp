#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace backendim::test {

/// A PostgreSQL of one test program's own, reached through a unix socket; gone with it.
class postgres_server {
public:
  /// Started when it is first asked for, in BACKENDIM_SCRATCH. Ends the tests when it cannot be.
  static postgres_server& instance();

  /// What a client is told to connect to.
  std::string connection() const;

  void start();  ///< Returns when it answers.
  void kill();   ///< SIGKILL to all of its processes at once: what a loss of power leaves.
  void stop();   ///< In good order.
  void freeze(); ///< It keeps its connections and answers nothing, until thaw().
  void thaw();

  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;
  ~postgres_server();

private:
  postgres_server();
  bool is_ready() const;
  void signal_all(int signal) const;

  std::filesystem::path folder_;
  pid_t pid_ = 0;
};

} // namespace backendim::test
