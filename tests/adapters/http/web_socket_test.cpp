#include "adapters/http/server.hpp"
#include "adapters/http/web_socket_client.hpp"
#include "protocol/error.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_peer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

using namespace backendim;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// A server that gives every message back until it is told "bye".
class WebSocketTest : public ::testing::Test {
protected:
  asio::io_context io;
  http::web_socket_limits limits;
  std::atomic<int> ended{0};
  http::server server{io, settings(),
                      [this](http::exchange& x) -> asio::awaitable<void> { return echo(x); }};
  std::thread thread;

  static http::server_config settings() {
    http::server_config result;
    result.refuse = [](const caf::error& why, const std::string&) {
      http::response answer;
      answer.status = http_status(static_cast<ec>(why.code()));
      answer.body = render(why);
      return answer;
    };
    return result;
  }

  asio::awaitable<void> echo(http::exchange& x) {
    const auto socket = co_await x.upgrade(limits);
    if (!socket) {
      auto answer = settings().refuse(socket.error(), "");
      co_await x.respond(std::move(answer));
      co_return;
    }
    for (;;) {
      auto message = co_await (*socket)->read();
      if (!message)
        break;
      if (message->body == "bye") {
        co_await (*socket)->close();
        break;
      }
      const bool sent = co_await (*socket)->write(*message);
      if (!sent)
        break;
    }
    ++ended;
  }

  void SetUp() override {
    ASSERT_TRUE(server.listen());
    thread = std::thread{[this] { io.run(); }};
  }
  void TearDown() override {
    stop();
    thread.join();
  }
  void stop() { asio::co_spawn(io, server.stop(2s), asio::detached); }

  http::client_config place() const {
    http::client_config result;
    result.url = "http://127.0.0.1:" + std::to_string(server.port());
    return result;
  }
};

TEST_F(WebSocketTest, MessagesComeAsTheyWereSent) {
  asio::io_context mine;
  http::response refused;
  const auto link = http::web_socket_client::connect(mine, place(), "/x", {}, refused);
  ASSERT_TRUE(link) << render(link.error());
  std::vector<http::web_message> heard;
  bool good_end = false;
  const std::string large(200'000, 'x');
  (*link)->start({[&](http::web_message x) {
                    heard.push_back(std::move(x));
                    if (heard.size() == 3)
                      (*link)->send({true, "bye"}, {});
                  },
                  [&](const caf::error& why) { good_end = !why; }});
  int sent = 0;
  (*link)->send({true, "one"}, [&] { ++sent; });
  (*link)->send({false, std::string("\0\1\2", 3)}, [&] { ++sent; });
  (*link)->send({false, large}, [&] { ++sent; });
  mine.restart();
  mine.run_for(test::patience);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(sent, 3);
  EXPECT_TRUE(heard[0].text);
  EXPECT_EQ(heard[0].body, "one");
  EXPECT_FALSE(heard[1].text);
  EXPECT_EQ(heard[1].body, std::string("\0\1\2", 3));
  EXPECT_TRUE(heard[2].body == large);
  EXPECT_TRUE(good_end);
}

TEST_F(WebSocketTest, WhatAsksForNoneIsRefusedAndTheConnectionStays) {
  test::http_peer peer{server.port()};
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(peer.ask("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").result_int(), 400u);
  EXPECT_EQ(
    peer
      .ask("GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
      .result_int(),
    101u);
}

TEST_F(WebSocketTest, AClientThatVanishesEndsTheHandler) {
  {
    asio::io_context mine;
    http::response refused;
    ASSERT_TRUE(http::web_socket_client::connect(mine, place(), "/x", {}, refused));
  }
  EXPECT_TRUE(test::eventually([&] { return ended == 1; }));
}

TEST_F(WebSocketTest, AMessageThatIsTooLongEndsIt) {
  limits.message = 1'000;
  asio::io_context mine;
  http::response refused;
  const auto link = http::web_socket_client::connect(mine, place(), "/x", {}, refused);
  ASSERT_TRUE(link);
  bool over = false;
  (*link)->start({[](const http::web_message&) {}, [&](const caf::error&) { over = true; }});
  (*link)->send({false, std::string(5'000, 'x')}, {});
  mine.restart();
  mine.run_for(test::patience);
  EXPECT_TRUE(over);
}

TEST_F(WebSocketTest, AStoppingServerEndsIt) {
  asio::io_context mine;
  http::response refused;
  const auto link = http::web_socket_client::connect(mine, place(), "/x", {}, refused);
  ASSERT_TRUE(link);
  bool over = false;
  (*link)->start({[](const http::web_message&) {}, [&](const caf::error&) { over = true; }});
  stop();
  mine.restart();
  mine.run_for(test::patience);
  EXPECT_TRUE(over);
}

TEST_F(WebSocketTest, ARefusalIsHandedToTheCaller) {
  asio::io_context mine;
  http::response refused;
  auto nowhere = place();
  nowhere.url = "http://127.0.0.1:1";
  EXPECT_FALSE(http::web_socket_client::connect(mine, nowhere, "/x", {}, refused));
  EXPECT_EQ(refused.status, 0u);
}

} // namespace
