#include "bin/cli/program.hpp"
#include "bin/cli/terminal_mode.hpp"
#include "bin/cli/verb.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>

using namespace backendim::cli;

namespace {

std::optional<std::string> ask(const std::string& question, bool hidden) {
  std::cerr << question << std::flush;
  if (hidden)
    terminal_mode::of_stdin().hide_input();
  std::string line;
  const bool got = static_cast<bool>(std::getline(std::cin, line));
  if (hidden) {
    terminal_mode::of_stdin().restore();
    std::cerr << "\n";
  }
  return got ? std::optional{line} : std::nullopt;
}

std::string variable(const std::string& name) {
  const auto* value = std::getenv(name.c_str());
  return value ? value : "";
}

/// Ends the program without its destructors: another thread is at work.
void quit() {
  terminal_mode::of_stdin().restore();
  std::_Exit(static_cast<int>(exit_code::interrupted));
}

/// Signals come to this thread only; it may do what a handler may not.
void watch_signals(const std::shared_ptr<interrupts>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int x : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&set, x);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread{[signals, set] {
    for (int which = 0; sigwait(&set, &which) == 0;)
      signals->raise();
  }}.detach();
}

} // namespace

int main(int argc, char** argv) {
  const auto signals = std::make_shared<interrupts>(quit);
  watch_signals(signals);
  surroundings around{std::cout,
                      std::cerr,
                      *signals,
                      ::isatty(STDOUT_FILENO) == 1,
                      ::isatty(STDERR_FILENO) == 1,
                      {},
                      variable,
                      {},
                      {},
                      {}};
  if (::isatty(STDIN_FILENO) == 1)
    around.ask = ask;
  else
    around.input = [] { return std::string{std::istreambuf_iterator<char>{std::cin}, {}}; };
  std::error_code failed;
  around.folder = std::filesystem::current_path(failed);
  return run_program({argv + 1, argv + argc}, around);
}
