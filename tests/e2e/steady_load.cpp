#include "tests/e2e/steady_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace backendim::e2e {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr unsigned clients = 8;
constexpr timeval patience{120, 0};

/// One connection to an edge.
class connection {
public:
  ~connection() { close(); }

  bool is_open() const { return descriptor_ >= 0; }

  void close() {
    if (descriptor_ >= 0)
      ::close(std::exchange(descriptor_, -1));
  }

  /// Empty: it is open.
  std::string open(uint16_t port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0)
      return {};
    const std::string why = std::string{"connect: "} + std::strerror(errno);
    close();
    return why;
  }

  struct outcome {
    std::string why;      ///< Empty: a 200 with all of its body.
    bool silent = false;  ///< It was closed before a byte came.
    bool closing = false; ///< The other side says that it was the last.
  };

  outcome ask(const std::string& request) {
    if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) < 0)
      return {std::string{"send: "} + std::strerror(errno), true, true};
    std::string answer;
    char block[4096];
    for (;;) {
      const auto got = ::recv(descriptor_, block, sizeof block, 0);
      if (got < 0)
        return {std::string{"recv: "} + std::strerror(errno), answer.empty() && errno == ECONNRESET,
                true};
      if (got == 0)
        return {"closed", answer.empty(), true};
      answer.append(block, static_cast<size_t>(got));
      const auto head = answer.find("\r\n\r\n");
      if (head == answer.npos)
        continue;
      if (!answer.starts_with("HTTP/1.1 200"))
        return {answer.substr(0, answer.find('\r')), false, true};
      const auto length = field(answer.substr(0, head), "content-length:");
      if (length.empty())
        return {"no Content-Length", false, true};
      if (answer.size() - head - 4 >= std::stoul(length))
        return {"", false, field(answer.substr(0, head), "connection:") == "close"};
    }
  }

private:
  static std::string field(std::string head, const std::string& name) {
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto at = head.find("\r\n" + name);
    if (at == head.npos)
      return {};
    const auto begin = head.find_first_not_of(' ', at + 2 + name.size());
    return head.substr(begin, head.find('\r', begin) - begin);
  }

  int descriptor_ = -1;
};

} // namespace

steady_load::steady_load(std::string host, uint16_t port, unsigned per_second, uint64_t limit)
  : host_{std::move(host)}, port_{port}, limit_{limit} {
  const std::chrono::microseconds pause{1'000'000 * clients / per_second};
  for (unsigned i = 0; i < clients; ++i)
    clients_.emplace_back([this, i, pause] { ask(i % 2 == 0, pause); });
}

steady_load::~steady_load() {
  stop();
}

void steady_load::stop() {
  stop_ = true;
  for (auto& x : clients_)
    if (x.joinable())
      x.join();
}

std::string steady_load::first_failures() {
  const std::lock_guard guard{lock_};
  std::string result;
  for (const auto& x : failures_)
    result += x + "\n";
  return result;
}

void steady_load::failed(const std::string& why) {
  ++bad_;
  const std::lock_guard guard{lock_};
  if (failures_.size() < 10)
    failures_.push_back(why);
}

void steady_load::ask(bool keep, std::chrono::microseconds pause) {
  const auto request
    = "GET / HTTP/1.1\r\nHost: " + host_ + "\r\n" + (keep ? "" : "Connection: close\r\n") + "\r\n";
  connection line;
  for (auto due = steady::now(); !stop_ && asked_++ < limit_; due += pause) {
    std::this_thread::sleep_until(due);
    const auto began = steady::now();
    bool kept = line.is_open();
    for (;;) {
      if (!line.is_open())
        if (const auto why = line.open(port_); !why.empty()) {
          failed(why);
          break;
        }
      const auto x = line.ask(request);
      if (!x.why.empty() || x.closing || !keep)
        line.close();
      if (x.silent && std::exchange(kept, false)) {
        ++again_;
        continue;
      }
      if (x.why.empty())
        ++good_;
      else
        failed(x.why);
      break;
    }
    const auto took
      = std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - began).count();
    for (auto most = slowest_.load(); took > most && !slowest_.compare_exchange_weak(most, took);)
      continue;
  }
}

} // namespace backendim::e2e
