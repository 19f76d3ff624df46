#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::test {

/// A name server on loopback that says what a test wants, wrong things too: over UDP only.
class name_server {
public:
  struct record {
    uint16_t type = 16; ///< 1: A, 5: CNAME, 16: TXT, 28: AAAA.
    std::string data;   ///< As it goes over the wire.
  };
  struct reply {
    unsigned code = 0; ///< 3: there is no such name.
    std::vector<record> records;
    bool silent = false;
    bool cut_off = false;    ///< In the middle of the records.
    bool of_another = false; ///< To a question that nobody asked.
  };
  using script = std::function<reply(const std::string& name, uint16_t type)>;

  /// TXT data of these pieces.
  static std::string text(const std::vector<std::string>& pieces) {
    std::string result;
    for (const auto& x : pieces)
      result += static_cast<char>(x.size()) + x;
    return result;
  }

  explicit name_server(script x) : script_{std::move(x)} {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&at), size) == 0
        && ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) == 0)
      port_ = ntohs(at.sin_port);
    thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
  }
  ~name_server() {
    thread_.request_stop();
    thread_.join();
    ::close(socket_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }

private:
  static void add(std::string& to, unsigned number) {
    to += static_cast<char>(number >> 8);
    to += static_cast<char>(number & 0xff);
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wait{socket_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0)
        continue;
      char bytes[1500];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const auto got
        = ::recvfrom(socket_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17)
        continue;
      ++questions_;
      const auto answer = answer_to({bytes, static_cast<size_t>(got)});
      if (!answer.empty())
        ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from),
                 size);
    }
  }

  std::string answer_to(const std::string& question) {
    std::string name;
    size_t at = 12;
    while (at < question.size() && question[at] != 0) {
      const auto length = static_cast<unsigned char>(question[at]);
      name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
      at += length + 1u;
    }
    const auto type = static_cast<uint16_t>(static_cast<unsigned char>(question.at(at + 1)) << 8
                                            | static_cast<unsigned char>(question.at(at + 2)));
    const auto said = script_(name, type);
    if (said.silent)
      return {};
    auto result = question.substr(0, 2);
    if (said.of_another)
      result[0] = static_cast<char>(result[0] ^ 1);
    add(result, 0x8180 | said.code);
    add(result, 1);
    add(result, static_cast<unsigned>(said.records.size()));
    add(result, 0);
    add(result, 0);
    result += question.substr(12, at + 5 - 12);
    for (const auto& x : said.records) {
      add(result, 0xc00c); // the name asked for
      add(result, x.type);
      add(result, 1);
      add(result, 0);
      add(result, 60);
      add(result, static_cast<unsigned>(x.data.size()));
      result += x.data;
    }
    if (said.cut_off)
      result.resize(result.size() - 3);
    return result;
  }

  script script_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> questions_{0};
  std::jthread thread_;
};

} // namespace backendim::test
