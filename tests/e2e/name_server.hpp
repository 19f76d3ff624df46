#pragma once

#include "tests/support/eventually.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace backendim::e2e {

/// The names of the world: dnsmasq, begun anew with each change.
class name_server {
public:
  static constexpr auto address = "127.0.0.1:5353";

  ~name_server() { end(); }

  void are(const std::vector<std::string>& records) {
    end();
    std::vector<std::string> words{
      "dnsmasq",        "--keep-in-foreground", "--conf-file=/dev/null",
      "--no-resolv",    "--no-hosts",           "--bind-interfaces",
      "--user=root",    "--pid-file=",          "--log-facility=/dev/null",
      "--local=/test/", "--cache-size=0"};
    words.push_back("--listen-address=127.0.0.1");
    words.push_back("--port=5353");
    words.insert(words.end(), records.begin(), records.end());
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    bool ended = false;
    ASSERT_TRUE(test::eventually([&] {
      ended = ended || ::waitpid(pid_, nullptr, WNOHANG) != 0;
      return ended || listens();
    }));
    ASSERT_FALSE(ended) << "dnsmasq does not run";
  }

private:
  /// It does so with TCP when it does with UDP.
  static bool listens() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(5353);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool open
      = ::connect(socket, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
    ::close(socket);
    return open;
  }

  void end() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  pid_t pid_ = 0;
};

} // namespace backendim::e2e
