// backend-im-start FILE PROGRAM ARGUMENT...
//
// Takes variables from FILE, which only the app's own tasks see, into its environment and becomes
// the program. It runs in images of other people, so it needs no library and nothing of theirs.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

char variables[1 << 20]; // K=V and a zero for each; the last byte stays one

[[noreturn]] void give_up(const char* what, int code) {
  std::fprintf(stderr, "backend-im: %s: %s\n", what, std::strerror(errno));
  std::_Exit(code);
}

} // namespace

int main(int argc, char** argv) {
  constexpr int misused = 125, not_executable = 126, not_there = 127;
  if (argc < 3)
    return misused;
  const int file = ::open(argv[1], O_RDONLY | O_CLOEXEC);
  if (file < 0)
    give_up(argv[1], misused);
  size_t size = 0;
  for (ssize_t n = 1; n > 0; size += static_cast<size_t>(n > 0 ? n : 0)) {
    n = ::read(file, variables + size, sizeof variables - 1 - size);
    if (n < 0)
      give_up(argv[1], misused);
  }
  for (char* at = variables; at < variables + size; at += std::strlen(at) + 1)
    if (std::strchr(at, '='))
      ::putenv(at);
  ::execvp(argv[2], argv + 2);
  give_up(argv[2], errno == ENOENT ? not_there : not_executable);
}
