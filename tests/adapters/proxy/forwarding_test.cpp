#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

TEST(EdgeForwardingTest, KeepsConnectionsOnBothSides) {
  origin task{answering([](const auto&) { return ok("x"); })};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  for (int i = 0; i != 5; ++i) {
    client.write(get);
    EXPECT_EQ(read_answer(client).body, "x");
  }
  EXPECT_EQ(task.connections(), 1);
}

TEST(EdgeForwardingTest, RequestsMayComeAtOnceOrByteByByte) {
  origin task{answering([](const auto&) { return ok("x"); })};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get + get + get);
  for (int i = 0; i != 3; ++i)
    EXPECT_EQ(read_answer(client).status, 200u);
  for (char c : get)
    client.write({&c, 1});
  EXPECT_EQ(read_answer(client).status, 200u);
}

TEST(EdgeForwardingTest, TheTaskLearnsWhoAsked) {
  std::promise<std::string> seen;
  origin task{[&](peer& x) {
    seen.set_value(x.until("\r\n\r\n"));
    x.write(ok(""));
  }};
  front edge;
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge
              .ask("GET /a?b=c HTTP/1.1\r\nHost: App.test:80\r\nX-Forwarded-For: 1.2.3.4\r\n"
                   "X-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 9\r\n"
                   "Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nX-Other: 2\r\nKeep-Alive: 5\r\n"
                   "TE: trailers\r\nProxy-Authorization: secret\r\nTrailer: x\r\n"
                   "Upgrade: websocket\r\nForwarded: for=1.1.1.1\r\nX-Request-Id: r-1\r\n\r\n")
              .status,
            200u);
  EXPECT_EQ(seen.get_future().get(),
            "GET /a?b=c HTTP/1.1\r\nHost: App.test:80\r\nX-Other: 2\r\n"
            "X-Forwarded-For: 1.2.3.4, 5.6.7.8, 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: App.test:80\r\nX-Real-IP: 127.0.0.1\r\nX-Request-Id: r-1\r\n\r\n");
}

TEST(EdgeForwardingTest, BelievesAProxyOfOurs) {
  origin app{answering([](const auto& head) { return ok(head); })};
  proxy::edge_config config;
  config.trusted = {"::1", "127.0.0.1"};
  front edge{config};
  edge.route("app.test", {app.address()});
  const auto told = [&](const std::string& fields) { return edge.get("app.test", fields).body; };
  auto head = told("X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nX-Real-Ip: 5.6.7.8\r\n"
                   "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n");
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "1.2.3.4, 5.6.7.8");
  EXPECT_EQ(field_of(head, "X-Real-IP"), "5.6.7.8");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(field_of(head, "X-Forwarded-Host"), "app.test");
  EXPECT_EQ(field_of(told("X-Forwarded-Proto: wss\r\n"), "X-Forwarded-Proto"), "https");
  head = told("");
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "http");
}

TEST(EdgeForwardingTest, MakesARequestIdAndRewritesAnAbsoluteTarget) {
  std::promise<std::string> seen;
  origin task{[&](peer& x) {
    seen.set_value(x.until("\r\n\r\n"));
    x.write(ok(""));
  }};
  front edge;
  edge.route("app.test", {task.address()});
  edge.ask("GET HTTP://app.test/p HTTP/1.1\r\nHost: other.test\r\nX-Request-Id: a b\r\n\r\n");
  const auto head = seen.get_future().get();
  EXPECT_TRUE(head.starts_with("GET /p HTTP/1.1\r\nHost: app.test\r\n")) << head;
  EXPECT_EQ(field_of(head, "X-Request-Id").size(), 32u) << head;
}

TEST(EdgeForwardingTest, TheClientGetsNoHopByHopFields) {
  origin task{answering([](const auto&) {
    return "HTTP/1.1 200 Fine\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nX-Other: 2\r\n"
           "Keep-Alive: timeout=5\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi";
  })};
  front edge;
  edge.route("app.test", {task.address()});
  const auto got = edge.get("app.test");
  EXPECT_EQ(got.head, "HTTP/1.1 200 Fine\r\nX-Other: 2\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(got.body, "hi");
}

TEST(EdgeForwardingTest, AnswersWithoutBody) {
  origin task{answering([](const std::string& head) -> std::string {
    if (head.starts_with("HEAD"))
      return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    if (head.starts_with("GET /204"))
      return "HTTP/1.1 204 No Content\r\n\r\n";
    if (head.starts_with("GET /304"))
      return "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: x\r\n\r\n";
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  })};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client, true).field("Content-Length"), "1000");
  client.write("GET /204 HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 204u);
  client.write("GET /304 HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client, true).field("ETag"), "x");
  client.write("GET /empty HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 200u);
  EXPECT_EQ(task.connections(), 1);
}

TEST(EdgeForwardingTest, ChunksForNewClientsTheBareBodyForOldOnes) {
  origin task{answering([](const auto&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "5;x=\"y\"\r\nhello\r\n6 \r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n";
  })};
  front edge;
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.get("app.test").body, "hello world");
  auto old = edge.connect();
  old.write("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.until("\r\n\r\n"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(old.rest(), "hello world");
}

TEST(EdgeForwardingTest, OldClientsKeepTheirConnectionWhenTheyAsk) {
  origin task{answering([](const auto&) { return ok("x"); })};
  front edge;
  edge.route("app.test", {task.address()});
  auto old = edge.connect();
  old.write("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(read_answer(old).field("Connection"), "keep-alive");
  old.write("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(old).field("Connection"), "close");
  EXPECT_EQ(old.rest(), "");
}

TEST(EdgeForwardingTest, ABodyThatEndsWithItsConnection) {
  origin task{[](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\n\r\nhello");
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "hello");
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "hello");
}

TEST(EdgeForwardingTest, ACutResponseDoesNotLookWhole) {
  for (const auto* cut :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nrubbish"}) {
    origin task{[cut](peer& x) {
      x.until("\r\n\r\n");
      x.write(cut);
    }};
    front edge;
    edge.route("app.test", {task.address()});
    auto client = edge.connect();
    client.write(get);
    const auto all = client.rest();
    EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << all;
    EXPECT_EQ(all.find("Connection: close"), std::string::npos) << all;
    auto old = edge.connect(); // only a reset tells it
    old.write("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
    const auto bare = old.rest();
    EXPECT_TRUE(old.was_reset() || bare.find("Content-Length: 10") != std::string::npos) << bare;
  }
}

TEST(EdgeForwardingTest, AnUpgradeBecomesATunnel) {
  origin task{[](peer& x) {
    const auto head = x.until("\r\n\r\n");
    if (field_of(head, "Upgrade") != "websocket" || field_of(head, "Connection") != "Upgrade")
      return;
    x.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Accept: abc\r\n\r\nearly ");
    const auto got = x.rest(); // until the client half-closes
    x.write("got " + got);
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\n"
               "Upgrade: websocket\r\n\r\nfirst ");
  const auto head = client.until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
  EXPECT_EQ(field_of(head, "Upgrade"), "websocket");
  EXPECT_EQ(field_of(head, "Sec-WebSocket-Accept"), "abc");
  EXPECT_EQ(client.exactly(6), "early ");
  client.write("second");
  client.half_close();
  EXPECT_EQ(client.rest(), "got first second");
}

TEST(EdgeForwardingTest, Http2IsNotOfferedToTasks) {
  std::promise<std::string> seen;
  origin task{[&](peer& x) {
    seen.set_value(x.until("\r\n\r\n"));
    x.write(ok(""));
  }};
  front edge;
  edge.route("app.test", {task.address()});
  edge.get("app.test",
           "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C\r\nHTTP2-Settings: x\r\n");
  const auto head = seen.get_future().get();
  EXPECT_EQ(field_of(head, "Upgrade"), "");
  EXPECT_EQ(field_of(head, "HTTP2-Settings"), "");
}

TEST(EdgeForwardingTest, ContinueAndEarlyHintsArePassedOn) {
  origin task{[](peer& x) {
    const auto head = x.until("\r\n\r\n");
    if (field_of(head, "Expect") != "100-continue")
      return;
    x.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    x.write(ok(x.exactly(5)));
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
               "\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.write("hello");
  EXPECT_EQ(read_answer(client).body, "hello");
}

} // namespace
