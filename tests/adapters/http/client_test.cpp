#include "adapters/http/client.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Accepts one connection for each script; answers each request head with the next text of the
/// script, then closes. An empty text: says nothing until the peer closes.
class scripted_server {
public:
  explicit scripted_server(std::vector<std::vector<std::string>> scripts)
    : thread_{[this, scripts = std::move(scripts)] { run(scripts); }} {}
  ~scripted_server() { thread_.join(); }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

private:
  void run(const std::vector<std::vector<std::string>>& scripts) {
    for (const auto& script : scripts) {
      tcp::socket peer{context_};
      acceptor_.accept(peer);
      boost::system::error_code failed;
      std::string seen;
      for (const auto& text : script) {
        const auto n = asio::read_until(peer, asio::dynamic_buffer(seen), "\r\n\r\n", failed);
        seen.erase(0, n);
        if (text.empty())
          asio::read(peer, asio::dynamic_buffer(seen), failed); // until it goes away
        else
          asio::write(peer, asio::buffer(text), failed);
      }
    }
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

http::client_config config(const std::string& url) {
  http::client_config result;
  result.url = url;
  return result;
}

TEST(HttpClientTest, KeepsItsConnection) {
  scripted_server server{{{ok, ok}}}; // would hang if the second one came on a new connection
  http::client client{config(server.url())};
  EXPECT_EQ(client.send({})->body, "ok");
  EXPECT_EQ(client.send({})->status, 200u);
}

TEST(HttpClientTest, RepeatsWhatADeadConnectionSwallowed) {
  scripted_server server{{{ok}, {ok}}}; // closes after the first answer
  http::client client{config(server.url())};
  EXPECT_TRUE(client.send({}));
  auto again = client.send({});
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(again->body, "ok");
}

TEST(HttpClientTest, SilenceTimesOut) {
  scripted_server server{{{""}}};
  auto settings = config(server.url());
  settings.idle_timeout = 100ms;
  http::client client{settings};
  EXPECT_EQ(error_of(client.send({})), ec::timed_out);
}

TEST(HttpClientTest, NobodyThereAndRubbishAreUnavailable) {
  asio::io_context context;
  tcp::socket bound{context, {asio::ip::address_v4::loopback(), 0}}; // it listens to nobody
  const auto port = std::to_string(bound.local_endpoint().port());
  http::client nobody{config("http://127.0.0.1:" + port)};
  EXPECT_EQ(error_of(nobody.send({})), ec::unavailable);
  scripted_server server{{{"this is no HTTP\r\n\r\n"}}};
  http::client client{config(server.url())};
  EXPECT_EQ(error_of(client.send({})), ec::unavailable);
}

TEST(HttpClientTest, AnswerBeyondTheLimitIsTooLarge) {
  scripted_server server{{{ok}}};
  auto settings = config(server.url());
  settings.body_limit = 1;
  http::client client{settings};
  EXPECT_EQ(error_of(client.send({})), ec::too_large);
}

TEST(HttpClientTest, StreamTellsOfTheHeadAndStopsWhenAsked) {
  scripted_server server{
    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ""}}};
  auto settings = config(server.url());
  settings.idle_timeout = 0ms;
  http::client client{settings};
  std::stop_source stop;
  std::vector<std::string> pieces;
  auto got = client.stream(
    {},
    [&](std::string_view piece) {
      pieces.emplace_back(piece);
      if (piece == "abc")
        stop.request_stop(); // the server goes on saying nothing
      return true;
    },
    stop.get_token());
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_FALSE(got->complete);
  EXPECT_EQ(pieces, (std::vector<std::string>{"", "abc"}));
}

TEST(HttpClientTest, EncodesWhatHasAMeaningInATarget) {
  EXPECT_EQ(http::percent_encode("a-b_c.d~9"), "a-b_c.d~9");
  EXPECT_EQ(http::percent_encode("a/b?c=d&e f%"), "a%2Fb%3Fc%3Dd%26e%20f%25");
}

TEST(HttpClientTest, StreamReturnsARefusalWithItsBody) {
  scripted_server server{{{"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"}}};
  http::client client{config(server.url())};
  auto got = client.stream({}, [](std::string_view) { return true; });
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 404u);
  EXPECT_EQ(got->body, "nope");
}

} // namespace
