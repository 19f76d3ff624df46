#include "tests/support/server_process.hpp"

#include "adapters/http/client.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

namespace backendim::test {

using namespace std::chrono_literals;

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const auto& x : words)
    result.push_back(const_cast<char*>(x.c_str()));
  result.push_back(nullptr);
  return result;
}

} // namespace

uint16_t free_port() {
  boost::asio::io_context context;
  const boost::asio::ip::tcp::endpoint any{boost::asio::ip::address_v4::loopback(), 0};
  return boost::asio::ip::tcp::acceptor{context, any}.local_endpoint().port();
}

void server_process::start(const std::vector<std::string>& argv,
                           const std::vector<std::string>& env, const std::string& url,
                           unsigned status) {
  const auto* sandbox = std::getenv("SANDBOX_DIR");
  if (!sandbox)
    FAIL() << argv[0] << " is started inside a sandbox only: tests/support/server-tests PROGRAM";
  const auto log = std::string{sandbox} + "/" + argv[0].substr(argv[0].rfind('/') + 1) + ".log";
  auto words = pointers(argv); // all made before the fork: other threads may run
  auto variables = pointers(env);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
    ::dup2(1, 2);
    ::close_range(3, ~0u, 0); // or it would hold the ports that this process listens on
    ::execve(words[0], words.data(), variables.data());
    ::_exit(127);
  }
  const auto path = url.find('/', url.find("://") + 3);
  http::client_config config;
  config.url = url.substr(0, path);
  http::client probe{config};
  http::request ready;
  ready.target = url.substr(path);
  const auto answers = [&] {
    const auto got = probe.send(ready);
    return got && got->status == status;
  };
  EXPECT_TRUE(eventually(answers)) << argv[0] << " does not start";
}

void server_process::kill() {
  if (pid_ == 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

} // namespace backendim::test
