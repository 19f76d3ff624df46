#include "adapters/http/server.hpp"
#include "adapters/subprocess/run.hpp"
#include "adapters/traefik/front_door.hpp"
#include "protocol/types.hpp"
#include "tests/adapters/proxy/loopback.hpp"
#include "tests/support/built_server.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/traefik.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <iostream>
#include <optional>
#include <set>
#include <thread>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string token = "the-token-of-traefik";

/// What backendimd has at /v1/traefik, at a port of its own.
class provider {
public:
  explicit provider(traefik::front_door& door, uint16_t port) {
    http::server_config settings;
    settings.port = port;
    server_.emplace(io_, settings, [this, &door](http::exchange& client) -> asio::awaitable<void> {
      auto bytes = door.configuration_for(client.field("Authorization"));
      ++asked_;
      http::response answer;
      answer.status = bytes ? 200 : http_status(static_cast<ec>(bytes.error().code()));
      answer.headers = {{"Content-Type", "application/json"}};
      answer.body = bytes ? *bytes : "";
      co_await client.respond(std::move(answer));
    });
    const auto listens = server_->listen();
    EXPECT_TRUE(listens) << render(error_of(listens));
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~provider() {
    asio::co_spawn(io_, server_->stop(0ms), asio::use_future).get();
    io_.stop();
    thread_.join();
  }
  uint16_t port() const { return server_->port(); }
  int asked() const { return asked_; } ///< How often.

private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::optional<http::server> server_;
  std::atomic<int> asked_{0};
  std::thread thread_;
};

/// A platform's edge with a real Traefik before it.
class TraefikTest : public ::testing::Test {
protected:
  static proxy::edge_config edge_behind() {
    proxy::edge_config result;
    result.trusted = {"127.0.0.1"};
    result.proof = {"the-question", "the-answer"};
    return result;
  }

  void SetUp() override {
    program = built_server("traefik");
    if (!program)
      GTEST_SKIP();
    settings.gateway = "http://127.0.0.1:" + std::to_string(behind->port());
    settings.token = token;
    settings.proof = edge_behind().proof;
    settings.kept = "";
    settings.patience = patience; // Traefik asks with growing pauses after errors
    const auto at = free_port();
    outer.emplace(*program, "http://127.0.0.1:" + std::to_string(at), token);
    settings.api = outer->api();
    settings.entry = outer->entry();
    open(at);
  }
  void TearDown() override {
    answers.reset();
    door.reset();
  }

  void open(uint16_t port) {
    answers.reset();
    door = std::make_unique<traefik::front_door>(
      std::shared_ptr<edge>{std::shared_ptr<void>{}, &*behind}, settings);
    answers.emplace(*door, port);
  }
  void route(const std::string& host, const upstream_address& to) {
    table.hosts[host] = {{to}, "", ""};
    publish();
  }
  void publish() {
    ++table.epoch;
    std::promise<void> used;
    door->publish(table, [&] { used.set_value(); });
    used.get_future().wait();
  }
  caf::error reach(const std::string& host) {
    std::promise<caf::error> reached;
    door->when_reachable(host, [&](caf::error x) { reached.set_value(std::move(x)); });
    return reached.get_future().get();
  }
  peer connect() { return dial(context, outer->port()); }
  answer ask(const std::string& request) {
    auto x = connect();
    x.write(request);
    return read_answer(x);
  }
  answer get(const std::string& host) {
    return ask("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  }

  std::optional<std::filesystem::path> program;
  front behind{edge_behind()};
  traefik::front_door_settings settings;
  std::optional<traefik_server> outer;
  std::unique_ptr<traefik::front_door> door;
  std::optional<provider> answers;
  route_table table;
  asio::io_context context;
};

TEST_F(TraefikTest, EachNewHostBecomesLive) {
  origin app{answering([](const auto&) { return ok("app"); })};
  for (int i = 0; i != 200; ++i)
    table.hosts["other-" + std::to_string(i) + ".test"] = {{app.address()}, "", ""};
  publish();
  outer->start();
  ASSERT_FALSE(reach("other-7.test"));
  std::vector<double> took;
  for (int i = 0; i != 40; ++i) {
    const auto host = "shop-" + std::to_string(i) + ".test";
    const auto begun = std::chrono::steady_clock::now();
    route(host, app.address());
    ASSERT_FALSE(reach(host));
    took.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    ASSERT_EQ(get(host).body, "app") << host;
  }
  std::ranges::sort(took);
  std::cout << "a new host was live after p50 " << took[20] << " s, p95 " << took[37] << " s, max "
            << took.back() << " s\n";
}

TEST_F(TraefikTest, AReleaseSwitchNeedsNothingOfTraefik) {
  origin one{answering([](const auto&) { return ok("one"); })};
  origin two{answering([](const auto&) { return ok("two"); })};
  route("app.test", one.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  const auto before = *door->configuration_for("Bearer " + token);
  EXPECT_EQ(get("app.test").body, "one");
  route("app.test", two.address());
  EXPECT_EQ(get("app.test").body, "two"); // the very next request
  EXPECT_EQ(*door->configuration_for("Bearer " + token), before);
  table.hosts.erase("app.test");
  publish();
  EXPECT_TRUE(eventually([&] { // our page is Traefik's at last
    return get("app.test").head.find("X-Request-Id") == std::string::npos;
  }));
}

TEST_F(TraefikTest, KeepsServingWhileThePlatformIsAwayOrRefusesIt) {
  origin app{answering([](const auto&) { return ok("app"); })};
  route("app.test", app.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  const auto port = answers->port();
  answers.reset();
  const auto serves_until = [&](auto holds) {
    bool serves = true;
    const bool held = eventually([&] {
      const bool enough = holds(); // before the last look
      serves = get("app.test").body == "app";
      return !serves || enough;
    });
    return serves && held;
  };
  {
    origin away{[](peer&) {}, port}; // hangs up
    EXPECT_TRUE(serves_until([&] { return away.connections() >= 3; })) << "the API is away";
  }
  settings.token = "another-token";
  open(port);
  EXPECT_EQ(error_of(door->configuration_for("Bearer " + token)), ec::unauthenticated);
  table.hosts.clear();
  table.hosts["app.test"] = {{app.address()}, "", ""};
  route("new.test", app.address());
  const auto was_asked = [&] { return answers->asked() >= 2; };
  EXPECT_TRUE(serves_until(was_asked)) << "the token is wrong";
  EXPECT_EQ(get("new.test").status, 404u);
  settings.token = token;
  settings.kept = "app.test\n";
  open(port); // restarted, nothing told yet
  EXPECT_TRUE(serves_until(was_asked)) << "no table yet";
  route("new.test", app.address());
  EXPECT_FALSE(reach("new.test"));
}

TEST_F(TraefikTest, AFreshTraefikLearnsAllAgain) {
  origin app{answering([](const auto&) { return ok("app"); })};
  route("app.test", app.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  outer->kill();
  outer->start();
  EXPECT_TRUE(eventually([&] { return get("app.test").status == 200; }));
}

TEST_F(TraefikTest, TheAppLearnsWhoAskedAndWhatExactly) {
  origin app{answering([](const auto& head) { return ok(head); })};
  route("app.test", app.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  const auto head = ask("GET /a%20b%2Fc?x=%3B HTTP/1.1\r\nHost: app.test\r\n"
                        "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
                        "X-Real-Ip: 6.6.6.6\r\nX-Mine: 1\r\n\r\n")
                      .body;
  EXPECT_TRUE(head.starts_with("GET /a%20b%2Fc?x=%3B HTTP/1.1\r\nHost: app.test\r\n")) << head;
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "127.0.0.1"); // what the client claims is gone
  EXPECT_EQ(field_of(head, "X-Real-IP"), "127.0.0.1");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(field_of(head, "X-Mine"), "1");
  EXPECT_EQ(head.find("6.6.6.6"), std::string::npos) << head;
}

TEST_F(TraefikTest, StreamsBothWays) {
  std::promise<void> read_first;
  // It keeps its connections, as it says: a POST is not sent again over another one.
  origin app{[&](peer& x) {
    for (std::string head; !(head = x.until("\r\n\r\n")).empty();) {
      if (head.starts_with("GET /events")) {
        x.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        read_first.get_future().wait();
        x.write("3\r\ntwo\r\n0\r\n\r\n");
      } else if (head.starts_with("POST")) {
        const auto body = x.exactly(std::stoul(field_of(head, "Content-Length")));
        x.write(ok(body));
      } else {
        x.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      }
    }
  }};
  route("app.test", app.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  auto client = connect();
  client.write("GET /events HTTP/1.1\r\nHost: app.test\r\n\r\n");
  client.until("\r\n\r\n");
  EXPECT_NE(client.until("one"), "");
  read_first.set_value(); // only now the rest is sent
  EXPECT_NE(client.until("two"), "");
  const std::string megabyte(1 << 20, 'x');
  auto sender = connect();
  sender.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1048576\r\n\r\n");
  sender.write(megabyte);
  EXPECT_EQ(read_answer(sender).body, megabyte);
}

TEST_F(TraefikTest, CarriesWebSockets) {
  origin app{[](peer& x) {
    const auto head = x.until("\r\n\r\n");
    if (field_of(head, "Upgrade") != "websocket")
      return;
    x.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello");
    for (std::string word; (word = x.exactly(4)).size() == 4;)
      x.write(word + "!");
  }};
  route("app.test", app.address());
  outer->start();
  ASSERT_FALSE(reach("app.test"));
  auto client = connect();
  client.write("GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_NE(client.until("\r\n\r\n").find("101"), std::string::npos);
  EXPECT_EQ(client.exactly(5), "hello");
  for (const auto* word : {"ping", "pong"}) {
    client.write(word);
    EXPECT_EQ(client.exactly(5), std::string{word} + "!");
  }
}

TEST_F(TraefikTest, WithTlsPlainRequestsAreSentThere) {
  origin app{answering([](const auto& head) { return ok(field_of(head, "X-Forwarded-Proto")); })};
  const auto secure = std::to_string(free_port());
  settings.how.tls_entrypoint = "websecure";
  settings.how.tls_port = secure;
  open(answers->port());
  route("app.test", app.address());
  outer->start({"--websecure", "127.0.0.1:" + secure});
  ASSERT_FALSE(reach("app.test"));
  const auto plain = get("app.test");
  EXPECT_EQ(plain.status, 301u);
  EXPECT_EQ(plain.field("Location"), "https://app.test:" + secure + "/");
  subprocess::command curl;
  curl.argv = {"curl", "-sk", "--resolve", "app.test:" + secure + ":127.0.0.1",
               "https://app.test:" + secure + "/"};
  curl.env = {{"PATH", "/usr/bin:/bin"}};
  const auto ran = subprocess::run(curl, {}, {});
  ASSERT_TRUE(ran && ran->good() && !ran->tail.empty());
  EXPECT_EQ(ran->tail.back(), "https");
}

TEST_F(TraefikTest, SaysWhatIsWrongWithARouter) {
  settings.how.entrypoint = "missing";
  settings.patience = 2s;
  open(answers->port());
  origin app{answering([](const auto&) { return ok("app"); })};
  route("app.test", app.address());
  outer->start();
  const auto why = reach("app.test");
  EXPECT_EQ(failure_of(why).code, cause::route_missing);
  std::cout << render(why) << "\n";
}

} // namespace
