// What an app's rules mean to clients of the edge, over real connections.
#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string known_login = "Authorization: Basic YWRhOnB3\r\n"; // ada:pw

std::string mark(std::string_view text) {
  return "<" + std::string{text} + ">";
}

proxy::edge_config with_marks() {
  proxy::edge_config result;
  result.mark = mark;
  return result;
}

/// An app that answers with the head that it was sent.
origin::script echoing() {
  return answering([](const std::string& head) { return ok(head); });
}

host_route to(const origin& task, const edge_rules& what, std::vector<std::string> logins = {}) {
  host_route result;
  result.upstreams = {task.address()};
  result.rules = route_rules{what, std::move(logins)};
  return result;
}

edge_rules with_login() {
  edge_rules result;
  result.basic_auth = std::map<std::string, std::string>{{"ada", "${SECRET:PW}"}};
  return result;
}

edge_rules paced(uint32_t requests, uint32_t seconds) {
  edge_rules result;
  result.rate_limit = rate_limit_config{};
  result.rate_limit->requests = requests;
  result.rate_limit->seconds = seconds;
  return result;
}

TEST(EdgeGuardTest, APasswordOpensTheDoorAndGoesNoFurther) {
  origin app{echoing()};
  front edge{with_marks()};
  edge.publish({{"a.test", to(app, with_login(), {mark(login_text("a.test", "ada:pw"))})},
                {"b.test", to(app, with_login(), {mark(login_text("b.test", "ada:other"))})},
                {"open.test", {{app.address()}, "", ""}}});
  const auto stranger = edge.get("a.test");
  EXPECT_EQ(stranger.status, 401u);
  EXPECT_EQ(stranger.field("WWW-Authenticate"), "Basic realm=\"a.test\", charset=\"UTF-8\"");
  const auto friendly = edge.get("a.test", known_login);
  EXPECT_EQ(friendly.status, 200u);
  EXPECT_EQ(friendly.body.find("Authorization"), std::string::npos) << friendly.body;
  EXPECT_EQ(edge.get("b.test", known_login).status, 401u) << "another host's login";
  const auto open = edge.get("open.test", known_login);
  EXPECT_NE(open.body.find(known_login), std::string::npos) << "there it is the app's own";
  EXPECT_EQ(edge->counters().refused, 2u);
}

TEST(EdgeGuardTest, WithoutMarksNobodyLogsIn) {
  origin app{echoing()};
  front edge;
  edge.publish({{"a.test", to(app, with_login(), {""})}});
  EXPECT_EQ(edge.get("a.test", known_login).status, 401u);
}

TEST(EdgeGuardTest, ARefusalKeepsTheConnectionAndTheNextRequestIsJudgedAnew) {
  origin app{echoing()};
  front edge{with_marks()};
  edge.publish({{"a.test", to(app, with_login(), {mark(login_text("a.test", "ada:pw"))})}});
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n"
               + known_login + "\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 401u);
  EXPECT_EQ(read_answer(client).status, 200u);
  EXPECT_EQ(read_answer(client).status, 401u) << "a login holds for one request";
}

TEST(EdgeGuardTest, APaceHoldsOverAllConnectionsWorkersAndTables) {
  origin app{echoing()};
  front edge; // of two workers
  edge.publish({{"a.test", to(app, paced(3, 3'600))}, {"b.test", to(app, paced(3, 3'600))}});
  for (int i = 0; i != 3; ++i)
    EXPECT_EQ(edge.get("a.test").status, 200u);
  const auto refused = edge.get("a.test");
  EXPECT_EQ(refused.status, 429u);
  const auto wait = std::atoi(refused.field("Retry-After").c_str());
  EXPECT_TRUE(wait > 1'100 && wait <= 1'200) << wait;
  EXPECT_EQ(edge.get("b.test").status, 200u) << "each host counts for itself";
  edge.publish({{"a.test", to(app, paced(3, 3'600))}, {"c.test", {{app.address()}, "", ""}}});
  EXPECT_EQ(edge.get("a.test").status, 429u) << "another table does not fill the bucket";
  edge.publish({{"a.test", to(app, paced(4, 3'600))}});
  EXPECT_EQ(edge.get("a.test").status, 200u) << "another pace does";
}

TEST(EdgeGuardTest, AClientCannotMakeUpItsAddress) {
  origin app{echoing()};
  edge_rules listed;
  listed.allow = std::vector<std::string>{"198.51.100.0/24"};
  const std::string claim = "X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.7\r\n";
  front edge;
  edge.publish({{"a.test", to(app, listed)}});
  EXPECT_EQ(edge.get("a.test", claim).status, 403u);
  proxy::edge_config behind;
  behind.trusted = {"127.0.0.1"};
  front inner{behind};
  inner.publish({{"a.test", to(app, listed)}});
  EXPECT_EQ(inner.get("a.test", claim).status, 200u);
  EXPECT_EQ(inner.get("a.test", "X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n").status, 403u);
}

TEST(EdgeGuardTest, RedirectsSayWhere) {
  origin app{echoing()};
  redirect_config x;
  x.from = "/old/*";
  x.to = "/new/*";
  edge_rules moved;
  moved.redirects = std::vector<redirect_config>{x};
  front edge;
  edge.publish({{"a.test", to(app, moved)}});
  const auto sent = edge.ask("GET /old/page?x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(sent.status, 308u);
  EXPECT_EQ(sent.field("Location"), "/new/page?x=1");
  EXPECT_EQ(edge.ask("GET /new/page HTTP/1.1\r\nHost: a.test\r\n\r\n").status, 200u);
  EXPECT_EQ(edge->counters().refused, 0u);
}

TEST(EdgeGuardTest, ALengthThatIsTooMuchIsRefusedBeforeTheAppIsAsked) {
  origin app{echoing()};
  edge_rules small;
  small.max_body = "10KB";
  front edge;
  edge.publish({{"a.test", to(app, small)}});
  const auto refused = edge.ask("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10001\r\n"
                                "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.status, 413u);
  EXPECT_EQ(refused.field("Connection"), "close");
  EXPECT_EQ(app.connections(), 0);
  EXPECT_EQ(edge.ask("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc").status,
            200u);
}

TEST(EdgeGuardTest, ChunksThatBecomeTooMuchAreRefusedAndTheAppDoesNotTakeThemForWhole) {
  std::promise<std::string> got;
  origin app{[&](peer& x) { got.set_value(x.rest()); }};
  edge_rules small;
  small.max_body = "10KB";
  front edge;
  edge.publish({{"a.test", to(app, small)}});
  auto client = edge.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i != 3; ++i)
    client.write("1000\r\n" + std::string(4'096, 'x') + "\r\n");
  EXPECT_EQ(read_answer(client).status, 413u);
  const auto bytes = got.get_future().get();
  EXPECT_LE(std::ranges::count(bytes, 'x'), 10'000);
  EXPECT_EQ(bytes.find("\r\n0\r\n\r\n"), std::string::npos);
}

TEST(EdgeGuardTest, ChunksWithinTheLimitReachTheApp) {
  origin app{[](peer& x) {
    x.until("0\r\n\r\n");
    x.write(ok("taken"));
  }};
  edge_rules small;
  small.max_body = "10KB";
  front edge;
  edge.publish({{"a.test", to(app, small)}});
  EXPECT_EQ(edge
              .ask("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3e8\r\n"
                   + std::string(1'000, 'x') + "\r\n0\r\n\r\n")
              .body,
            "taken");
}

TEST(EdgeGuardTest, MaintenanceShowsItsPageAndWhatIsUnderWayIsFinished) {
  std::promise<void> asked, go_on;
  origin app{[&](peer& x) {
    x.until("\r\n\r\n");
    asked.set_value();
    go_on.get_future().wait();
    x.write(ok("finished"));
  }};
  front edge;
  edge.route("a.test", {app.address()});
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  asked.get_future().wait();
  host_route away{{app.address()}, "", ""};
  away.maintenance = "Back at <noon>.";
  edge.publish({{"a.test", away}});
  const auto shown = edge.get("a.test");
  EXPECT_EQ(shown.status, 503u);
  EXPECT_EQ(shown.field("Retry-After"), "60");
  EXPECT_NE(shown.body.find("Back at &lt;noon&gt;."), std::string::npos) << shown.body;
  const auto json = edge.get("a.test", "Accept: application/json\r\n");
  EXPECT_NE(json.body.find(R"("detail":"Back at <noon>.")"), std::string::npos) << json.body;
  go_on.set_value();
  EXPECT_EQ(read_answer(client).body, "finished");
  client.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(read_answer(client).status, 503u) << "an open connection shows it, too";
}

TEST(EdgeGuardTest, ThePlatformsOwnProofIsNotKeptFromIt) {
  origin app{echoing()};
  auto config = with_marks();
  config.proof = {"question", "the-answer"};
  front edge{config};
  auto closed = to(app, with_login());
  closed.maintenance = "Away.";
  edge.publish({{"a.test", closed}});
  const auto proof = edge.ask("GET /.well-known/backend-im/route HTTP/1.1\r\nHost: a.test\r\n"
                              "X-Backend-Im-Proof: question\r\n\r\n");
  EXPECT_EQ(proof.status, 200u);
  EXPECT_NE(proof.body.find("the-answer"), std::string::npos);
}

} // namespace
