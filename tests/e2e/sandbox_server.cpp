#include "tests/e2e/sandbox_server.hpp"

#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace backendim::e2e {

using namespace std::chrono_literals;

namespace {

std::vector<std::string> strings_in(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::vector<std::string> result;
  for (std::string text; std::getline(in, text, '\0');)
    result.push_back(text);
  return result;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

} // namespace

sandbox_server::sandbox_server(std::string program) : program_{std::move(program)} {
  const auto found = run({"pgrep", "-o", "-x", program_});
  pid_ = std::atoi(found.out.c_str());
  EXPECT_GT(pid_, 1) << "no " << program_ << " runs";
  const auto folder = "/proc/" + std::to_string(pid_);
  words_ = strings_in(folder + "/cmdline");
  environment_ = strings_in(folder + "/environ");
}

sandbox_server::~sandbox_server() {
  if (pid_ == 0)
    restart();
}

void sandbox_server::kill() {
  if (pid_ > 1)
    ::kill(pid_, SIGKILL);
  const auto runs = [&] {
    ::waitpid(pid_, nullptr, WNOHANG); // ours if it was restarted; else the sandbox's
    return run({"pgrep", "-x", "-r", "R,S,D", program_}).exit_code == 0;
  };
  ASSERT_TRUE(test::eventually([&] { return !runs(); }));
  pid_ = 0;
}

void sandbox_server::restart() {
  pid_ = ::fork();
  if (pid_ != 0)
    return;
  ::setsid();
  for (int fd : {0, 1, 2})
    ::dup2(::open("/dev/null", O_RDWR), fd);
  ::execvpe(words_[0].c_str(), pointers(words_).data(), pointers(environment_).data());
  ::_exit(127);
}

} // namespace backendim::e2e
