#include "bin/cli/terminal_mode.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace backendim::cli {

terminal_mode& terminal_mode::of_stdin() {
  static terminal_mode one;
  return one;
}

void terminal_mode::change(void (*how)(termios&)) {
  const std::lock_guard guard{lock_};
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0)
    return;
  if (!changed_)
    before_ = now;
  how(now);
  changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) == 0 || changed_;
}

void terminal_mode::hide_input() {
  change([](termios& x) { x.c_lflag &= ~static_cast<tcflag_t>(ECHO); });
}

void terminal_mode::raw() {
  change([](termios& x) { ::cfmakeraw(&x); });
}

void terminal_mode::restore() {
  const std::lock_guard guard{lock_};
  if (changed_)
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  changed_ = false;
}

window_size size_of_terminal() {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0)
    return {};
  return {size.ws_row, size.ws_col};
}

} // namespace backendim::cli
