#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::test;

namespace {

TEST(EdgeRoutingTest, TheHostDecides) {
  origin a{answering([](const auto&) { return ok("a"); })};
  origin b{answering([](const auto&) { return ok("b"); })};
  front edge;
  edge.publish({{"a.test", {{a.address()}, "", ""}}, {"b.test", {{b.address()}, "", ""}}});
  EXPECT_EQ(edge.get("a.test").body, "a");
  EXPECT_EQ(edge.get("B.Test:8080").body, "b");
  EXPECT_EQ(edge.get("b.test.").body, "b");
  EXPECT_EQ(edge.get("b.test.:80").body, "b");
  // The host of an absolute target wins over the field.
  EXPECT_EQ(edge.ask("GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n").body, "b");
  EXPECT_EQ(edge.get("c.test").status, 404u);
  EXPECT_EQ(edge.ask("GET / HTTP/1.0\r\n\r\n").status, 404u);
  EXPECT_EQ(edge->counters().requests, 7u);
}

TEST(EdgeRoutingTest, TasksTakeTurns) {
  origin a{answering([](const auto&) { return ok("a"); })};
  origin b{answering([](const auto&) { return ok("b"); })};
  front edge;
  edge.route("app.test", {a.address(), b.address()});
  std::string seen;
  auto client = edge.connect();
  for (int i = 0; i != 4; ++i) {
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    seen += read_answer(client).body;
  }
  EXPECT_TRUE(seen == "abab" || seen == "baba") << seen;
}

TEST(EdgeRoutingTest, AHostWithoutTasksHasAPage) {
  front edge;
  edge.publish({{"app.test", {{}, "Starting <b>", "It will be \"here\" soon & well."}}});
  const auto page = edge.get("app.test");
  EXPECT_EQ(page.status, 503u);
  EXPECT_EQ(page.field("Retry-After"), "2");
  EXPECT_EQ(page.field("Cache-Control"), "no-store");
  EXPECT_EQ(page.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("Starting &lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.body.find("&quot;here&quot; soon &amp; well."), std::string::npos);
  EXPECT_EQ(edge->counters().errors_503, 1u);
}

TEST(EdgeRoutingTest, ProgramsGetJson) {
  front edge;
  edge.publish({{"app.test", {{}, "Starting", "Soon \"here\"."}}});
  const auto page = edge.get("app.test", "Accept: application/json, text/plain, */*\r\n");
  EXPECT_EQ(page.field("Content-Type"), "application/problem+json");
  EXPECT_EQ(page.body, R"({"code":"unavailable","title":"Starting","detail":"Soon \"here\".",)"
                       R"("status":503})");
  for (const auto* html :
       {"text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "text/html, application/json;q=0.9"})
    EXPECT_EQ(edge.get("app.test", "Accept: " + std::string{html} + "\r\n").field("Content-Type"),
              "text/html; charset=utf-8")
      << html;
}

TEST(EdgeRoutingTest, APageKeepsTheConnection) {
  front edge;
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
               "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 404u);
  EXPECT_EQ(read_answer(client, true).status, 404u);
  const auto last = read_answer(client);
  EXPECT_EQ(last.status, 404u);
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST(EdgeRoutingTest, ProvesARouteToWhoKnowsTheQuestionOnly) {
  origin app{answering([](const auto&) { return ok("the app's"); })};
  proxy::edge_config config;
  config.proof = {"question", "the-answer"};
  front edge{config};
  edge.route("app.test", {app.address()});
  const auto ask = [&](const std::string& host, const std::string& question) {
    return edge.ask("GET /.well-known/backend-im/route HTTP/1.1\r\nHost: " + host
                    + "\r\nX-Backend-Im-Proof: " + question + "\r\n\r\n");
  };
  const auto proof = ask("app.test", "question");
  EXPECT_EQ(proof.status, 200u);
  EXPECT_NE(proof.body.find("the-answer"), std::string::npos);
  EXPECT_EQ(ask("app.test", "questions").body, "the app's");
  EXPECT_EQ(ask("app.test", "").body, "the app's");
  EXPECT_EQ(ask("other.test", "question").status, 404u);
  front plain;
  plain.route("app.test", {app.address()});
  EXPECT_EQ(plain
              .ask("GET /.well-known/backend-im/route HTTP/1.1\r\nHost: app.test\r\n"
                   "X-Backend-Im-Proof: \r\n\r\n")
              .body,
            "the app's");
}

TEST(EdgeRoutingTest, WhoCannotBeReachedIsSkipped) {
  origin a{answering([](const auto&) { return ok("a"); })};
  front edge;
  edge.route("app.test", {nobody(), a.address(), nobody()});
  for (int i = 0; i != 6; ++i)
    EXPECT_EQ(edge.get("app.test").body, "a");
}

TEST(EdgeRoutingTest, NobodyReachableIs502) {
  front edge;
  edge.route("app.test", {nobody(), {"not-an-address", 80}});
  const auto page = edge.ask("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(page.status, 502u);
  EXPECT_EQ(edge->counters().errors_502, 1u);
}

TEST(EdgeRoutingTest, SilenceIs504) {
  origin silent{[](peer& x) { x.rest(); }};
  proxy::edge_config config;
  config.silence_timeout = 50ms;
  front edge{config};
  edge.route("app.test", {silent.address()});
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 504u);
  client.write("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 404u); // the connection is still good
  EXPECT_EQ(edge->counters().errors_504, 1u);
}

TEST(EdgeRoutingTest, RubbishFromATaskIs502) {
  for (const auto* rubbish :
       {"hello\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"}) {
    origin task{[rubbish](peer& x) {
      x.until("\r\n\r\n");
      x.write(rubbish);
    }};
    front edge;
    edge.route("app.test", {task.address()});
    EXPECT_EQ(edge.get("app.test").status, 502u) << rubbish;
  }
}

} // namespace
