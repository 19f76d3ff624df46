#pragma once

#include <termios.h>

#include <cstdint>
#include <mutex>

namespace backendim::cli {

/// How the terminal on stdin behaves. What was changed is put back, also when the program is ended
/// by a signal. Its members may be called from any thread.
class terminal_mode {
public:
  static terminal_mode& of_stdin();

  /// What is typed is not shown: something secret is.
  void hide_input();
  /// Every key goes to who reads, Ctrl-C too.
  void raw();
  void restore();

private:
  void change(void (*how)(termios&));

  std::mutex lock_;
  termios before_{};
  bool changed_ = false;
};

struct window_size {
  uint16_t rows = 0; ///< 0: unknown.
  uint16_t columns = 0;
};

/// Of the terminal on stdin.
window_size size_of_terminal();

} // namespace backendim::cli
