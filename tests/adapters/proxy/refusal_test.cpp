#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace backendim;
using namespace backendim::test;

namespace {

/// What must not reach a task, whole requests; each is followed by one that would be smuggled.
struct refused {
  const char* what;
  unsigned status;
};

class EdgeRefusalTest : public testing::TestWithParam<refused> {};

TEST_P(EdgeRefusalTest, IsAnsweredAndTheConnectionEnds) {
  std::atomic<int> reached{0};
  origin task{[&](peer& x) {
    while (!x.until("\r\n\r\n").empty()) {
      ++reached;
      x.write(ok("reached"));
    }
  }};
  front edge;
  edge.route("a", {task.address()});
  auto client = edge.connect();
  client.write(std::string{GetParam().what} + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto got = read_answer(client);
  EXPECT_EQ(got.status, GetParam().status) << GetParam().what;
  EXPECT_EQ(got.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(reached, 0);
}

INSTANTIATE_TEST_SUITE_P(
  All, EdgeRefusalTest,
  testing::Values(
    refused{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n",
            400},
    refused{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
            400},
    refused{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4x\r\n\r\nabcd", 400},
    refused{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n", 400},
    refused{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
    refused{"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    refused{"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400},
    refused{"GET / HTTP/1.1\nHost: a\n\n", 400}, refused{"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    refused{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
    refused{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    refused{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400}, refused{"GET / HTTP/1.1\r\n\r\n", 400},
    refused{"GET / HTTP/1.1\r\nHost: a\r\nb d: x\r\n\r\n", 400},
    refused{"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
    refused{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    refused{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505}, refused{"\x16\x03\x01\x02", 400},
    refused{"GET /\r\n", 400}));

TEST(EdgeRefusalTest, ZeroBytes) {
  front edge;
  EXPECT_EQ(edge.ask(std::string{"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 34}).status, 400u);
  EXPECT_EQ(edge.ask(std::string{"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29}).status, 400u);
}

TEST(EdgeRefusalTest, LargeHeads) {
  origin task{answering([](const auto&) { return ok("x"); })};
  proxy::edge_config config;
  config.header_limit = 4096;
  front edge{config};
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.get("app.test", "X: " + std::string(3900, 'x') + "\r\n").status, 200u);
  EXPECT_EQ(edge.get("app.test", "X: " + std::string(4096, 'x') + "\r\n").status, 431u);
  EXPECT_EQ(edge.ask(std::string(1'000'000, 'x')).status, 431u);
}

TEST(EdgeRefusalTest, TooManyConnections) {
  proxy::edge_config config;
  config.max_connections = 2;
  front edge{config};
  auto a = edge.connect();
  auto b = edge.connect();
  auto c = edge.connect();
  EXPECT_EQ(read_answer(c).status, 503u);
  a.close();
  ASSERT_TRUE(eventually([&] { return edge->counters().open_connections == 1; }));
  EXPECT_EQ(edge.get("app.test").status, 404u);
}

TEST(EdgeRefusalTest, SurvivesRubbish) {
  origin task{answering([](const auto&) { return ok("x"); })};
  front edge;
  edge.route("app.test", {task.address()});
  const std::vector<std::string> seeds = {
    "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello",
    "GET http://app.test/ HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: x\r\n\r\n",
  };
  const std::string spice = "\r\n\t :;,0\x80\xff/x";
  std::mt19937 random{7};
  const auto any = [&](size_t n) { return random() % n; };
  for (int i = 0; i != 1000; ++i) {
    auto text = seeds[any(seeds.size())] + seeds[any(seeds.size())];
    for (auto n = any(6); n != 0; --n) {
      const auto at = any(text.size());
      switch (any(4)) {
        case 0: text[at] = static_cast<char>(any(256)); break;
        case 1: text.erase(at, any(9)); break;
        case 2: text.insert(at, 1, spice[any(spice.size())]); break;
        default: text.insert(at, text.substr(any(text.size()), any(40)));
      }
      if (text.empty())
        text = "x";
    }
    auto client = edge.connect();
    client.write(text);
    client.half_close();
    client.rest();
  }
  EXPECT_EQ(edge.get("app.test").status, 200u);
}

TEST(EdgeRefusalTest, SurvivesRubbishOfTasks) {
  const std::vector<std::string> seeds = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello",
  };
  std::mutex mutex;
  std::mt19937 random{11};
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    std::string text;
    {
      std::lock_guard lock{mutex};
      text = seeds[random() % seeds.size()];
      for (auto n = random() % 5; n != 0; --n)
        text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    x.write(text);
  }};
  front edge;
  edge.route("app.test", {task.address()});
  for (int i = 0; i != 200; ++i) {
    auto client = edge.connect();
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    client.half_close();
    client.rest();
  }
  EXPECT_EQ(edge.get("nobody.test").status, 404u);
}

} // namespace
