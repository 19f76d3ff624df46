#pragma once

#include "adapters/lines.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim::subprocess {

/// A program to run. It leads a process group of its own and dies with the thread that runs it.
struct command {
  std::vector<std::string> argv;                 ///< argv[0] is looked up in PATH of *env*.
  std::map<std::string, std::string> env;        ///< All of it; nothing is inherited.
  std::filesystem::path folder;                  ///< Empty: ours.
  std::vector<std::filesystem::path> join_files; ///< It writes its pid to each before it begins.
  std::filesystem::path net_namespace;           ///< It enters this one before it begins.
  std::optional<uint64_t> max_file_bytes;        ///< RLIMIT_FSIZE.
  std::chrono::seconds limit{3'600};             ///< Then it is killed.
};

struct outcome {
  int exit_code = 0;            ///< 128 + signal when a signal ended it.
  bool stopped = false;         ///< We killed it: stop was asked for, or the limit passed.
  std::deque<std::string> tail; ///< The last 50 lines.

  bool good() const { return exit_code == 0 && !stopped; }
};

/// Runs it to its end. Both its outputs go to *on_line*, cut into lines at \n and \r, of at most
/// 16 KiB. Afterwards, and soon (< 1 s) after *stop*, no process of its group is left. Blocks.
/// Fails with not_found when there is no such program, unavailable when it cannot be started.
caf::expected<outcome> run(const command& x, const line_sink& on_line, std::stop_token stop);

/// The first folder of *path* (like PATH) that has *program*; empty: none.
std::filesystem::path find_program(const std::string& program, const std::string& path);

} // namespace backendim::subprocess
