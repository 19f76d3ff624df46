#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

/// Sends back the request's body while it comes.
void echo(peer& x) {
  const auto head = x.until("\r\n\r\n");
  auto left = std::stoul("0" + field_of(head, "Content-Length"));
  x.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (left != 0) {
    const auto n = std::min<size_t>(left, 60'000);
    const auto piece = x.exactly(n);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", n);
    if (piece.empty() || !x.write(size + piece + "\r\n"))
      return;
    left -= n;
  }
  x.write("0\r\n\r\n");
}

TEST(EdgeStreamingTest, BodiesFlowBothWaysAtOnce) {
  origin task{echo};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  constexpr size_t pieces = 400;
  std::thread sender{[&] {
    client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: "
                 + std::to_string(pieces * 60'000) + "\r\n\r\n");
    for (size_t i = 0; i != pieces; ++i)
      if (!client.write(std::string(60'000, static_cast<char>('a' + i % 26))))
        return;
  }};
  const auto got = read_answer(client);
  sender.join();
  EXPECT_EQ(got.status, 200u);
  ASSERT_EQ(got.body.size(), pieces * 60'000);
  for (size_t i = 0; i != pieces; ++i)
    ASSERT_EQ(got.body[i * 60'000 + 59'999], static_cast<char>('a' + i % 26));
}

TEST(EdgeStreamingTest, ChunkedRequestsReachTheTask) {
  origin task{[](peer& x) {
    const auto head = x.until("\r\n\r\n");
    std::string body;
    if (field_of(head, "Transfer-Encoding") == "chunked"
        && field_of(head, "Content-Length").empty())
      for (;;) {
        const auto n = std::strtoul(x.until("\r\n").c_str(), nullptr, 16);
        body += x.exactly(n);
        x.exactly(2);
        if (n == 0)
          break;
      }
    x.write(ok(body));
  }};
  front edge;
  edge.route("app.test", {task.address()});
  const std::string request
    = "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n";
  EXPECT_EQ(edge.ask(request).body, "abcdefg");
  auto client = edge.connect();
  for (char c : request)
    client.write({&c, 1});
  EXPECT_EQ(read_answer(client).body, "abcdefg");
}

TEST(EdgeStreamingTest, ASlowClientSlowsTheTask) {
  constexpr size_t total = 256u << 20;
  std::atomic<size_t> written{0};
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
    const std::string piece(1 << 20, 'x');
    while (written != total && x.write(piece))
      written += piece.size();
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_FALSE(client.until("\r\n\r\n").empty());
  // Nobody reads: what was written so far lies in the kernel's buffers, and they fill up.
  EXPECT_LT(at_rest([&] { return written.load(); }), total / 2);
  client.close();
}

TEST(EdgeStreamingTest, OnlyAClientThatTakesNothingIsCutOff) {
  constexpr size_t total = 32u << 20;
  origin task{[](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
    x.write(std::string(total, 'x'));
    x.rest();
  }};
  const auto attempt = [&](std::chrono::milliseconds limit, slow_pace& pace) {
    proxy::edge_config config;
    config.body_timeout = limit;
    front edge{config};
    edge.route("app.test", {task.address()});
    auto slow_one = edge.connect();
    auto dead_one = edge.connect();
    slow_one.write(get);
    dead_one.write(get);
    slow_one.until("\r\n\r\n");
    size_t got = 0;
    for (int i = 0; i != 100; ++i) { // never fast enough for the kernel to ask for more in time
      got += slow_one.exactly(16 << 10).size();
      pace.step(limit / 30);
    }
    for (size_t n = 1; n != 0 && got != total; pace.step(0ms)) {
      n = slow_one.exactly(std::min(total - got, size_t{1 << 20})).size();
      got += n;
    }
    EXPECT_TRUE(!pace.kept() || got == total) << got;
    EXPECT_LT(dead_one.rest().size(), total);
  };
  EXPECT_TRUE(at_a_slow_pace(300ms, attempt));
}

TEST(EdgeStreamingTest, EventsArriveAsTheyAreSent) {
  std::promise<void> first_seen;
  origin task{[&, seen = first_seen.get_future().share()](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    seen.wait();
    x.write("data: 2\n\n");
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(field_of(client.until("\r\n\r\n"), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.until("data: 1\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  first_seen.set_value();
  EXPECT_EQ(client.until("0\r\n\r\n"), "9\r\ndata: 2\n\n\r\n0\r\n\r\n");
}

TEST(EdgeStreamingTest, ATunnelCarriesMuch) {
  constexpr size_t total = 20u << 20;
  origin task{[](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    for (;;) { // sends back what comes
      const auto piece = x.exactly(1 << 16);
      if (piece.empty() || !x.write(piece))
        return;
    }
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  EXPECT_FALSE(client.until("\r\n\r\n").empty());
  std::thread sender{[&] {
    for (size_t i = 0; i != total >> 16; ++i)
      client.write(std::string(1 << 16, static_cast<char>(i)));
    client.half_close();
  }};
  const auto got = client.rest();
  sender.join();
  ASSERT_EQ(got.size(), total);
  for (size_t i = 0; i != total >> 16; ++i)
    ASSERT_EQ(got[(i << 16) + 65'535], static_cast<char>(i));
}

TEST(EdgeStreamingTest, AClientThatLeavesAmidItsBodyEndsTheRequest) {
  std::promise<std::string> seen;
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    seen.set_value(x.rest());
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(
    "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.half_close();
  EXPECT_EQ(seen.get_future().get(), "3\r\nabc\r\n"); // without the end that would make it whole
}

TEST(EdgeStreamingTest, AnEarlyAnswerEndsTheConnection) {
  origin task{[](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    x.rest();
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\nsome");
  const auto got = read_answer(client);
  EXPECT_EQ(got.status, 413u);
  EXPECT_EQ(got.body, "no");
  EXPECT_EQ(got.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST(EdgeStreamingTest, MalformedChunksAreRefused) {
  origin task{[](peer& x) { x.rest(); }};
  front edge;
  edge.route("app.test", {task.address()});
  for (const auto* chunks : {"x\r\n", "5\r\nhelloworld", "-1\r\n"}) {
    const auto got = edge.ask("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n"
                              "\r\n"
                              + std::string{chunks});
    EXPECT_EQ(got.status, 400u) << chunks;
    EXPECT_EQ(got.field("Connection"), "close");
  }
}

TEST(EdgeStreamingTest, ASlowRequestIsRefused) {
  origin task{[](peer& x) { x.rest(); }};
  proxy::edge_config config;
  config.header_timeout = config.body_timeout = 50ms;
  front edge{config};
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.ask("GET / HTTP").status, 408u);
  EXPECT_EQ(edge.ask("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nab").status,
            408u);
}

TEST(EdgeStreamingTest, AnIdleClientIsLetGo) {
  proxy::edge_config config;
  config.idle_timeout = 50ms;
  front edge{config};
  auto client = edge.connect();
  EXPECT_EQ(client.rest(), "");
  EXPECT_FALSE(client.was_reset());
}

TEST(EdgeStreamingTest, AClientThatLeavesFreesTheTask) {
  std::promise<void> asked;
  std::promise<void> left;
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    asked.set_value();
    x.rest();
    left.set_value();
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  asked.get_future().wait();
  client.close();
  EXPECT_EQ(left.get_future().wait_for(patience), std::future_status::ready);
}

TEST(EdgeRetryTest, WhatADeadConnectionSwallowedIsAskedAgain) {
  std::atomic<int> heads{0};
  origin task{[&](peer& x) { // answers once, then closes at the next request
    if (x.until("\r\n\r\n").empty())
      return;
    ++heads;
    x.write(ok("x"));
    if (!x.until("\r\n\r\n").empty())
      ++heads;
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).status, 200u);
  client.write(get);
  EXPECT_EQ(read_answer(client).status, 200u);
  EXPECT_EQ(heads, 3);
  EXPECT_EQ(task.connections(), 2);
}

TEST(EdgeRetryTest, WhatMayNotBeRepeatedIsNot) {
  std::atomic<int> heads{0};
  origin task{[&](peer& x) {
    if (x.until("\r\n\r\n").empty())
      return;
    ++heads;
    x.write(ok("x"));
    if (!x.until("\r\n\r\n").empty())
      ++heads;
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).status, 200u);
  client.write("POST / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 502u);
  EXPECT_EQ(heads, 2);
}

TEST(EdgeRetryTest, ABodyGoesToTheNextTaskWhenOneRefuses) {
  // It goes on serving: a connection that ended without a word might swallow the next request, and
  // a POST is not sent twice.
  origin task{[](peer& x) {
    for (;;) {
      const auto head = x.until("\r\n\r\n");
      if (head.empty()
          || !x.write(ok(x.exactly(std::stoul("0" + field_of(head, "Content-Length"))))))
        return;
    }
  }};
  front edge;
  edge.route("app.test", {nobody(), nobody(), task.address()});
  for (int i = 0; i != 4; ++i)
    EXPECT_EQ(edge.ask("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello").body,
              "hello");
}

TEST(EdgeRetryTest, AFreshConnectionThatClosesIsNotTriedAgain) {
  origin task{[](peer& x) { x.until("\r\n\r\n"); }};
  front edge;
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.get("app.test").status, 502u);
  EXPECT_EQ(task.connections(), 1);
}

TEST(EdgeRetryTest, WhatAnIdleConnectionSaysAnswersNobody) {
  std::promise<void> closed;
  origin task{[&, first = std::make_shared<std::atomic<bool>>(true)](peer& x) {
    x.until("\r\n\r\n");
    if (first->exchange(false)) {
      x.write(ok("x"));
      x.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 3\r\n\r\nbad");
      x.rest(); // until the edge closes it
      closed.set_value();
    } else {
      x.write(ok("y"));
    }
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "x");
  closed.get_future().wait();
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "y");
}

} // namespace
