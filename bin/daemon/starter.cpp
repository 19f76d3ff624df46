#include "bin/daemon/starter.hpp"

#include "protocol/error.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

asm(".section .rodata\n"
    ".global backendim_starter\n"
    ".global backendim_starter_end\n"
    "backendim_starter:\n"
    ".incbin \"" BACKENDIM_STARTER "\"\n"
    "backendim_starter_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char backendim_starter[];
extern const char backendim_starter_end[];
}

namespace backendim::daemon {

namespace fs = std::filesystem;

caf::error install_starter(const fs::path& file) {
  const std::string_view program{backendim_starter, backendim_starter_end};
  std::ifstream there{file, std::ios::binary};
  if (std::string{std::istreambuf_iterator<char>{there}, {}} == program)
    return {};
  const auto fresh = fs::path{file.string() + ".new"};
  std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
  out << program;
  out.close();
  if (!out || ::chmod(fresh.c_str(), 0555) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)
    return caf::make_error(ec::unavailable, "cannot write " + file.string() + ": "
                                              + std::generic_category().message(errno));
  return {};
}

} // namespace backendim::daemon
