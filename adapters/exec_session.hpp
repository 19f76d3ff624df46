#pragma once

#include "adapters/lines.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

struct terminal_size {
  uint16_t rows = 24;
  uint16_t columns = 80;
};

/// A command to run in a container of this node, beside the container's own process.
struct exec_request {
  std::string container_id;
  std::vector<std::string> command;
  bool terminal = false; ///< Whether it has one; stdout and stderr are one stream then.
  terminal_size size;    ///< Of the terminal.
};

/// Takes bytes as they come, not lines. May block: nothing is read meanwhile.
using exec_sink = std::function<void(output_stream from, std::string_view bytes)>;

/// Such a command. Its members may be called from any thread.
class exec_session {
public:
  virtual ~exec_session() = default;

  /// Runs it and hands out what it writes, in the calling thread, until it has ended. Returns its
  /// exit code. Call once. At *stop* the command ends with all that it started and that did not
  /// leave its session: SIGHUP, then SIGKILL after two seconds. Fails with unavailable then, and
  /// when the engine is lost, with conflict when the container does not run.
  virtual caf::expected<int> run(const exec_sink& on_output, std::stop_token stop) = 0;

  /// Passes *bytes* on to its stdin. *taken* is called once, from any thread: when they are gone,
  /// or nobody will ever read them.
  virtual void write(std::string bytes, std::function<void()> taken) = 0;

  /// Its stdin ends behind what was written before.
  virtual void end_input() = 0;

  /// Of its terminal; nothing without one. Blocks for a moment.
  virtual void resize(terminal_size x) = 0;
};

} // namespace backendim
