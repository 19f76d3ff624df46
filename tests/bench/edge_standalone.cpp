// bench_edge edge UPSTREAM_PORT THREADS: an edge with 500 hosts, h0.test to h499.test, and with
// ruled.test, which asks all that an app may ask of a request: address, pace, login (ada:pw), size.
// bench_edge origin THREADS BYTES: answers every request with a body of so many bytes, but /count
// with how many those were.
//
// Both print their port and run until their standard input ends.
#include "adapters/crypto/vault.hpp"
#include "adapters/proxy/edge.hpp"
#include "protocol/error.hpp"

#include <boost/asio.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string answer; ///< Made before the first thread.
std::atomic<uint64_t> answered{0};

void make_answer(size_t bytes) {
  answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(bytes)
           + "\r\n\r\n" + std::string(bytes, '.');
}

class connection : public std::enable_shared_from_this<connection> {
public:
  explicit connection(tcp::socket socket) : socket_{std::move(socket)} {
    socket_.set_option(tcp::no_delay{true});
  }

  /// Requests have no body and do not come at once: whatever arrives in one piece is one.
  void run() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](error_code failed, size_t n) {
                              if (failed)
                                return;
                              self->reply(std::string_view{self->buffer_.data(), n});
                            });
  }

private:
  void reply(std::string_view request) {
    if (request.starts_with("GET /count ")) {
      const auto text = std::to_string(answered);
      count_
        = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
      write(count_);
      return;
    }
    answered.fetch_add(1, std::memory_order_relaxed);
    write(answer);
  }

  void write(const std::string& text) {
    asio::async_write(socket_, asio::buffer(text),
                      [self = shared_from_this()](error_code failed, size_t) {
                        if (!failed)
                          self->run();
                      });
  }

  tcp::socket socket_;
  std::string count_;
  std::array<char, 4096> buffer_{};
};

struct origin_worker {
  asio::io_context io{1};
  tcp::acceptor acceptor{io};

  void accept() {
    acceptor.async_accept([this](error_code failed, tcp::socket socket) {
      if (!failed)
        std::make_shared<connection>(std::move(socket))->run();
      accept();
    });
  }
};

void wait_for_end() {
  for (std::string line; std::getline(std::cin, line);)
    continue;
}

int run_origin(unsigned threads, size_t bytes) {
  make_answer(bytes);
  using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  std::vector<std::unique_ptr<origin_worker>> workers;
  uint16_t port = 0;
  for (unsigned i = 0; i != threads; ++i) {
    auto x = std::make_unique<origin_worker>();
    x->acceptor.open(tcp::v4());
    x->acceptor.set_option(reuse_port{true});
    x->acceptor.bind({asio::ip::address_v4::loopback(), port});
    x->acceptor.listen();
    port = x->acceptor.local_endpoint().port();
    x->accept();
    std::thread{[&io = x->io] { io.run(); }}.detach();
    workers.push_back(std::move(x));
  }
  std::cout << port << std::endl;
  wait_for_end();
  std::_Exit(0);
}

backendim::host_route ruled(uint16_t upstream, backendim::vault& keys) {
  backendim::host_route result;
  result.upstreams = {{"127.0.0.1", upstream}};
  result.rules = backendim::route_rules{};
  auto& what = result.rules->what;
  what.allow = std::vector<std::string>{"10.0.0.0/8", "2001:db8::/32", "127.0.0.0/8"};
  what.rate_limit = backendim::rate_limit_config{};
  what.rate_limit->requests = 1'000'000;
  what.basic_auth = std::map<std::string, std::string>{{"ada", "${SECRET:PW}"}};
  what.max_body = "10MB";
  result.rules->logins = {keys.mark(backendim::login_text("ruled.test", "ada:pw"))};
  return result;
}

int run_edge(uint16_t upstream, unsigned threads) {
  backendim::proxy::edge_config config;
  config.port = 0;
  config.threads = threads;
  const auto key_file
    = std::filesystem::temp_directory_path() / ("bench-edge-" + std::to_string(::getpid()));
  const auto keys = backendim::crypto::open_vault(key_file);
  std::filesystem::remove(key_file);
  if (!keys) {
    std::cerr << backendim::render(keys.error()) << '\n';
    return 1;
  }
  config.mark = [keys = *keys](std::string_view text) { return keys->mark(text); };
  auto opened = backendim::proxy::open_edge(config);
  if (!opened) {
    std::cerr << backendim::render(opened.error()) << '\n';
    return 1;
  }
  backendim::route_table table{1, {}};
  for (int i = 0; i != 500; ++i)
    table.hosts["h" + std::to_string(i) + ".test"].upstreams = {{"127.0.0.1", upstream}};
  table.hosts["ruled.test"] = ruled(upstream, **keys);
  (*opened)->publish(std::move(table),
                     [port = (*opened)->port()] { std::cout << port << std::endl; });
  wait_for_end();
  (*opened)->stop(std::chrono::milliseconds{0});
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "origin" && argc == 4)
    return run_origin(static_cast<unsigned>(std::atoi(argv[2])),
                      static_cast<size_t>(std::atol(argv[3])));
  if (what == "edge" && argc == 4)
    return run_edge(static_cast<uint16_t>(std::atoi(argv[2])),
                    static_cast<unsigned>(std::atoi(argv[3])));
  std::cerr << "bench_edge edge UPSTREAM_PORT THREADS | bench_edge origin THREADS BYTES\n";
  return 2;
}
