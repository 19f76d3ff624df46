#include "adapters/http/server.hpp"
#include "protocol/types.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_peer.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::http_peer;
namespace asio = boost::asio;

namespace {

http::response text(unsigned status, std::string body) {
  http::response result;
  result.status = status;
  result.headers = {{"Content-Type", "text/plain"}};
  result.body = std::move(body);
  return result;
}

http::response refusal(const caf::error& why) {
  return text(http_status(static_cast<ec>(why.code())), to_string(static_cast<ec>(why.code())));
}

std::string get(std::string_view target) {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::string chunked(std::string_view target, std::string_view chunks) {
  return "POST " + std::string{target}
         + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{chunks};
}

/// A server in a thread of its own, with a handler for each thing that a handler may do.
class HttpServerTest : public ::testing::Test {
protected:
  HttpServerTest() {
    config.header_limit = 4 << 10;
    config.refuse = [](const caf::error& why, const std::string&) { return refusal(why); };
  }
  ~HttpServerTest() override {
    if (!thread.joinable())
      return;
    stop(0ms);
    work.reset();
    thread.join();
  }

  /// Runs *f* in the server's thread.
  template <class F>
  auto in_server(F f) {
    std::packaged_task<decltype(f())()> task{std::move(f)};
    auto result = task.get_future();
    asio::post(io, [&task] { task(); });
    return result.get();
  }

  /// Tests change config first.
  void start() {
    if (!thread.joinable())
      thread = std::thread{[this] { io.run(); }};
    ASSERT_TRUE(in_server([this] {
      server.emplace(io, config, [this](http::exchange& x) { return serve(x); });
      return bool{server->listen()};
    }));
  }

  http_peer connect() { return http_peer{server->port()}; }

  void stop(std::chrono::milliseconds deadline) {
    asio::co_spawn(io, server->stop(deadline), asio::use_future).get();
  }

  void expect_alive() {
    auto peer = connect();
    EXPECT_EQ(peer.ask(get("/echo")).result_int(), 200u);
  }

  // Every argument of what is awaited has a name: g++ 12 frees some temporaries twice.
  asio::awaitable<void> answer(http::exchange& x, unsigned status, const char* body) {
    auto what = text(status, body);
    co_await x.respond(std::move(what));
  }

  asio::awaitable<bool> begin(http::exchange& x) {
    auto head = text(200, "");
    co_return co_await x.begin_stream(std::move(head));
  }

  asio::awaitable<void> serve(http::exchange& x) {
    const std::string target{x.target()};
    most_connections = std::max(most_connections.load(), server->connections());
    if (target.starts_with("/echo"))
      co_await echo(x, 1 << 20);
    else if (target == "/small")
      co_await echo(x, 10);
    else if (target == "/pieces")
      co_await in_pieces(x);
    else if (target == "/unread")
      co_await answer(x, 401, "");
    else if (target == "/throw")
      throw std::runtime_error{"on purpose"};
    else if (target == "/throw-in-stream")
      co_await throw_in_stream(x);
    else if (target == "/stream")
      co_await stream(x);
    else if (target == "/endless")
      co_await endless(x);
    else if (target == "/hold")
      co_await hold(x);
    else if (target == "/big")
      co_await big(x);
    else if (target != "/nothing")
      co_await answer(x, 404, "");
    ended.fetch_add(1);
  }

  asio::awaitable<void> echo(http::exchange& x, size_t limit) {
    auto body = co_await x.read_body(limit);
    if (!body) {
      last_error = body.error();
      auto refused = refusal(last_error);
      co_await x.respond(std::move(refused));
      co_return;
    }
    whole_requests.fetch_add(1);
    auto what = text(200, std::string{x.method()} + " " + std::string{x.target()} + " " + *body);
    co_await x.respond(std::move(what));
  }

  asio::awaitable<void> in_pieces(http::exchange& x) {
    std::array<char, 1'000> piece;
    size_t largest = 0, total = 0;
    for (;;) {
      const auto got = co_await x.read_some(piece);
      if (!got || *got == 0)
        break;
      largest = std::max(largest, *got);
      total += *got;
    }
    auto what = text(200, std::to_string(total) + (largest <= 1'000 ? " in pieces" : " at once"));
    co_await x.respond(std::move(what));
  }

  asio::awaitable<void> stream(http::exchange& x) {
    static constexpr std::array<std::string_view, 3> pieces{"one,", "", "two"};
    bool goes_on = co_await begin(x);
    for (size_t i = 0; i < pieces.size() && goes_on; ++i)
      goes_on = co_await x.write(pieces[i]);
    if (goes_on)
      co_await x.end_stream();
  }

  asio::awaitable<void> throw_in_stream(http::exchange& x) {
    const std::string_view piece = "one";
    bool goes_on = co_await begin(x);
    if (goes_on)
      goes_on = co_await x.write(piece);
    throw std::runtime_error{goes_on ? "on purpose" : "nobody reads"};
  }

  asio::awaitable<void> endless(http::exchange& x) {
    const std::string piece(64 << 10, 'x');
    bool goes_on = co_await begin(x);
    while (goes_on)
      goes_on = co_await x.write(piece);
    stream_ended.set_value();
  }

  asio::awaitable<void> hold(http::exchange& x) {
    asio::steady_timer timer{io, asio::steady_timer::time_point::max()};
    held = &timer;
    holding.set_value();
    (void)co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    held = nullptr;
    co_await answer(x, 200, "released");
  }

  asio::awaitable<void> big(http::exchange& x) {
    auto what = text(200, std::string(24 << 20, 'x'));
    co_await x.respond(std::move(what));
  }

  asio::io_context io{1};
  http::server_config config;
  std::optional<http::server> server;
  caf::error last_error; ///< Of the last echo; look at it in the server's thread.
  std::atomic<size_t> ended{0};
  std::atomic<size_t> whole_requests{0};
  std::atomic<size_t> most_connections{0};
  std::promise<void> stream_ended;
  std::promise<void> holding;
  asio::steady_timer* held = nullptr;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
};

TEST_F(HttpServerTest, ServesManyRequestsOnOneConnection) {
  start();
  auto peer = connect();
  for (int i = 0; i < 3; ++i) {
    const auto got = peer.ask(post("/echo", "body" + std::to_string(i)));
    EXPECT_EQ(got.result_int(), 200u);
    EXPECT_EQ(got.body(), "POST /echo body" + std::to_string(i));
    EXPECT_TRUE(got.keep_alive());
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  auto peer = connect();
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += i % 3 == 0   ? get("/echo?" + std::to_string(i))
           : i % 3 == 1 ? post("/echo?" + std::to_string(i), "length")
                        : chunked("/echo?" + std::to_string(i), "3\r\nabc\r\n0\r\n\r\n");
  peer.send(all);
  for (int i = 0; i < 20; ++i) {
    const auto number = "/echo?" + std::to_string(i);
    EXPECT_EQ(peer.receive().body(), i % 3 == 0   ? "GET " + number + " "
                                     : i % 3 == 1 ? "POST " + number + " length"
                                                  : "POST " + number + " abc");
  }
}

TEST_F(HttpServerTest, EndsTheConnectionWhenAskedTo) {
  start();
  auto peer = connect();
  const auto got = peer.ask("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(got.result_int(), 200u);
  EXPECT_EQ(got["Connection"], "close");
  EXPECT_EQ(peer.rest(), "");
  auto old = connect();
  old.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.rest().ends_with("GET /echo "));
}

TEST_F(HttpServerTest, HeadGetsTheHeadOnly) {
  start();
  auto peer = connect();
  peer.send("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto got = peer.receive(true);
  EXPECT_EQ(got.result_int(), 200u);
  EXPECT_EQ(got["Content-Length"], std::to_string(std::string{"HEAD /echo "}.size()));
  EXPECT_EQ(peer.ask(get("/echo")).body(), "GET /echo ") << "a body would be read as its answer";
  peer.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(peer.receive(true).result_int(), 200u);
  peer.half_close();
  EXPECT_EQ(peer.rest(), "");
}

TEST_F(HttpServerTest, StreamsBodiesOfEitherFraming) {
  start();
  auto peer = connect();
  EXPECT_EQ(peer.ask(post("/pieces", std::string(300'000, 'x'))).body(), "300000 in pieces");
  std::string chunks;
  for (int i = 0; i < 300; ++i)
    chunks += "3e8;name=value\r\n" + std::string(1'000, 'x') + "\r\n";
  EXPECT_EQ(peer.ask(chunked("/pieces", chunks + "0\r\nTrailer: x\r\n\r\n")).body(),
            "300000 in pieces");
  EXPECT_EQ(peer.ask(post("/pieces", "")).body(), "0 in pieces");
}

TEST_F(HttpServerTest, BodyInSmallPiecesOfTheNetworkIsWhole) {
  start();
  auto peer = connect();
  for (const char c : chunked("/echo", "5;a=\"b\"\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"))
    peer.send({&c, 1});
  EXPECT_EQ(peer.receive().body(), "POST /echo hello!");
}

TEST_F(HttpServerTest, BodyBeyondTheHandlersLimitIsTooLarge) {
  start();
  for (const auto& request :
       {post("/small", "12345678901"), chunked("/small", "b\r\n12345678901\r\n0\r\n\r\n"),
        std::string{
          "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n"},
        chunked("/small", "ffffffffffffffff\r\n12345678901")}) {
    auto peer = connect();
    const auto got = peer.ask(request);
    EXPECT_EQ(got.result_int(), 413u);
    EXPECT_FALSE(got.keep_alive());
  }
  auto peer = connect();
  EXPECT_EQ(peer.ask(post("/small", "1234567890")).result_int(), 200u);
}

TEST_F(HttpServerTest, RefusalArrivesThoughTheBodyIsStillSent) {
  start();
  auto peer = connect();
  peer.send(post("/unread", std::string(4 << 20, 'x')));
  const auto got = peer.receive();
  EXPECT_EQ(got.result_int(), 401u);
  EXPECT_FALSE(got.keep_alive()); // what is left of the body is no request
}

TEST_F(HttpServerTest, HeadBeyondTheLimitIsTooLarge) {
  start();
  auto peer = connect();
  const auto got
    = peer.ask("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(5'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(got.result_int(), 413u);
  auto other = connect();
  EXPECT_EQ(other.ask("GET /" + std::string(1 << 20, 'x')).result_int(), 413u);
  EXPECT_EQ(ended, 0u);
}

TEST_F(HttpServerTest, EndlessChunkHeaderOrTrailerIsRefused) {
  start();
  for (const auto& begin : {std::string{"1;"}, std::string{"0\r\nX: "}}) {
    auto peer = connect();
    const auto got = peer.ask(chunked("/echo", begin + std::string(1 << 20, 'x')));
    EXPECT_GE(got.result_int(), 400u);
    EXPECT_LT(got.result_int(), 500u);
  }
}

TEST_F(HttpServerTest, IdleConnectionsEnd) {
  config.idle = 50ms;
  start();
  auto idle = connect();
  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(ended, 0u);
  EXPECT_TRUE(test::eventually([&] { // this thread may be too late with its request
    auto after_one = connect();
    return after_one.ask(get("/echo")).result_int() == 200 && after_one.rest().empty();
  }));
}

TEST_F(HttpServerTest, ConnectionsThatAreSilentInAHeadEnd) {
  config.header_deadline = 50ms;
  start();
  auto peer = connect();
  peer.send("GET /echo HTTP/1.1\r\nHo");
  peer.rest();
  EXPECT_EQ(ended, 0u);
}

TEST_F(HttpServerTest, ConnectionsThatAreSilentInABodyEnd) {
  config.body_silence = 50ms;
  start();
  auto peer = connect();
  peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  peer.rest();
  stop(test::patience); // waits for the handler
  EXPECT_EQ(in_server([&] { return last_error; }), ec::timed_out);
}

TEST_F(HttpServerTest, HeadThatDripsEndsAtItsDeadline) {
  config.header_deadline = 50ms;
  start();
  auto peer = connect();
  std::promise<void> closed;
  std::thread drip{[&, end = closed.get_future()] {
    while (end.wait_for(5ms) != std::future_status::ready)
      peer.send("a"); // never silent for long
  }};
  peer.rest();
  closed.set_value();
  drip.join();
  EXPECT_EQ(ended, 0u);
}

TEST_F(HttpServerTest, ClientThatVanishesInItsBodyIsUnavailable) {
  start();
  {
    auto peer = connect();
    peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    peer.half_close();
    peer.rest();
  }
  EXPECT_EQ(in_server([&] { return last_error; }), ec::unavailable);
  expect_alive();
}

TEST_F(HttpServerTest, HandlerThatThrowsOrSaysNothingIsA500) {
  start();
  auto peer = connect();
  EXPECT_EQ(peer.ask(get("/throw")).result_int(), 500u);
  auto other = connect();
  EXPECT_EQ(other.ask(get("/nothing")).result_int(), 500u);
  expect_alive();
}

TEST_F(HttpServerTest, StreamIsChunkedAndKeepsTheConnection) {
  start();
  auto peer = connect();
  const auto got = peer.ask(get("/stream"));
  EXPECT_TRUE(got.chunked());
  EXPECT_EQ(got.body(), "one,two");
  EXPECT_EQ(peer.ask(get("/stream")).body(), "one,two");
}

TEST_F(HttpServerTest, StreamToAnOldClientEndsWithTheConnection) {
  start();
  auto peer = connect();
  peer.send("GET /stream HTTP/1.0\r\n\r\n");
  const auto got = peer.rest();
  EXPECT_TRUE(got.ends_with("\r\n\r\none,two")) << got;
  EXPECT_EQ(got.find("chunked"), got.npos);
}

TEST_F(HttpServerTest, StreamThatFailsIsNotWhole) {
  start();
  auto peer = connect();
  peer.ask(get("/throw-in-stream"));
  EXPECT_FALSE(peer.whole());
  expect_alive();
}

TEST_F(HttpServerTest, StreamNobodyTakesEnds) {
  config.write_silence = 50ms;
  start();
  auto peer = connect();
  peer.send(get("/endless"));
  auto end = stream_ended.get_future(); // write() was false
  EXPECT_EQ(end.wait_for(test::patience), std::future_status::ready);
}

TEST_F(HttpServerTest, SlowReaderGetsAllOfALongAnswer) {
  const auto attempt = [&](std::chrono::milliseconds limit, test::slow_pace& pace) {
    config.write_silence = limit;
    start();
    http_peer peer{server->port(), 64 << 10};
    peer.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::string piece(64 << 10, '\0');
    size_t total = 0;
    while (const auto got = peer.take(piece)) {
      total += got;
      pace.step(limit / 150); // so that the whole takes much longer than the limit
    }
    EXPECT_TRUE(!pace.kept() || total > 24 << 20) << total;
  };
  EXPECT_TRUE(test::at_a_slow_pace(300ms, attempt));
}

TEST_F(HttpServerTest, StopEndsStreamsAndIdleConnectionsAtOnce) {
  start();
  auto idle = connect();
  EXPECT_EQ(idle.ask(get("/echo")).result_int(), 200u);
  auto streaming = connect();
  streaming.send(get("/endless"));
  EXPECT_NE(streaming.until("\r\n\r\n"), "");
  std::thread reader{[&] { streaming.rest(); }};
  stop(1h); // at once, or this test never ends
  EXPECT_EQ(idle.rest(), "");
  reader.join();
  EXPECT_EQ(in_server([&] { return server->connections(); }), 0u);
}

TEST_F(HttpServerTest, StopLetsARequestFinish) {
  start();
  auto peer = connect();
  peer.send(get("/hold"));
  holding.get_future().get();
  auto stopped = asio::co_spawn(io, server->stop(1h), asio::use_future);
  in_server([&] { held->cancel(); });
  const auto got = peer.receive();
  EXPECT_EQ(got.body(), "released");
  EXPECT_FALSE(got.keep_alive());
  stopped.get();
}

TEST_F(HttpServerTest, StopCutsWhatOutlivesItsDeadline) {
  start();
  auto peer = connect();
  peer.send(get("/hold"));
  holding.get_future().get();
  stop(20ms);
  EXPECT_EQ(in_server([&] { return server->connections(); }), 0u);
  EXPECT_NE(peer.receive().result_int(), 200u);
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedWait) {
  config.max_connections = 2;
  start();
  std::vector<std::unique_ptr<http_peer>> peers;
  for (int i = 0; i < 6; ++i) {
    peers.push_back(std::make_unique<http_peer>(server->port()));
    peers.back()->send(get("/echo"));
  }
  for (auto& x : peers) {
    EXPECT_EQ(x->receive().result_int(), 200u);
    x->close(); // room for the next
  }
  EXPECT_LE(most_connections, 2u);
}

TEST_F(HttpServerTest, ContinueIsSentWhenTheHandlerReads) {
  start();
  auto peer = connect();
  const std::string head
    = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  peer.send("POST /echo" + head);
  EXPECT_EQ(peer.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("hi");
  EXPECT_EQ(peer.receive().body(), "POST /echo hi");
  peer.send("POST /unread" + head);
  EXPECT_EQ(peer.receive().result_int(), 401u) << "no body was asked for";
}

TEST_F(HttpServerTest, OldClientsAreNotToldToContinue) {
  start();
  auto peer = connect();
  peer.send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(peer.rest().starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, RequestIdsAreEchoedOrMade) {
  start();
  auto peer = connect();
  const auto ask = [&](const std::string& id) {
    return std::string{peer.ask("GET /echo HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + id
                                + "\r\n\r\n")["X-Request-Id"]};
  };
  EXPECT_EQ(ask("my-Id_1.x"), "my-Id_1.x");
  const auto first = ask("");
  EXPECT_FALSE(first.empty());
  EXPECT_NE(ask("two words"), "two words");
  EXPECT_NE(ask("\"quoted\""), "\"quoted\"");
  EXPECT_NE(ask(std::string(65, 'x')), std::string(65, 'x'));
  EXPECT_NE(ask(""), first);
}

TEST_F(HttpServerTest, FoldedFieldIsOneValue) {
  start();
  auto peer = connect();
  const auto got = peer.ask("GET /echo HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n b\r\n\r\n");
  EXPECT_EQ(got.result_int(), 200u);
  EXPECT_NE(got["X-Request-Id"], "a");
}

TEST_F(HttpServerTest, AddressInUseIsUnavailable) {
  start();
  config.port = server->port();
  http::server second{io, config, [this](http::exchange& x) { return serve(x); }};
  const auto listened = in_server([&] { return second.listen(); });
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error(), ec::unavailable);
}

struct malformed {
  const char* what;
  std::string bytes;
};

std::vector<malformed> malformed_requests() {
  using namespace std::string_literals;
  const std::string host = " HTTP/1.1\r\nHost: x\r\n";
  const auto with = [&](std::string fields) { return "POST /echo" + host + fields; };
  return {
    {"rubbish", "rubbish\r\n\r\n"},
    {"binary", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"space before the method", " GET /echo" + host + "\r\n"},
    {"method with a control character", "G\x01T /echo" + host + "\r\n"},
    {"method with a colon", "GET: /echo" + host + "\r\n"},
    {"no method", "/echo" + host + "\r\n"},
    {"no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"two spaces before the target", "GET  /echo" + host + "\r\n"},
    {"space in the target", "GET /ec ho" + host + "\r\n"},
    {"tab for a space", "GET\t/echo\tHTTP/1.1\r\nHost: x\r\n\r\n"},
    {"NUL in the target", "GET /ec\0ho"s + host + "\r\n"},
    {"control character in the target", "GET /ec\x1bho" + host + "\r\n"},
    {"DEL in the target", "GET /ec\x7fho" + host + "\r\n"},
    {"line feed in the target", "GET /ec\nho" + host + "\r\n"},
    {"no version", "GET /echo\r\nHost: x\r\n\r\n"},
    {"version 0.9", "GET /echo HTTP/0.9\r\nHost: x\r\n\r\n"},
    {"version 1.2", "GET /echo HTTP/1.2\r\nHost: x\r\n\r\n"},
    {"version 2", "GET /echo HTTP/2\r\nHost: x\r\n\r\n"},
    {"version 9.9", "GET /echo HTTP/9.9\r\nHost: x\r\n\r\n"},
    {"lower-case version", "GET /echo http/1.1\r\nHost: x\r\n\r\n"},
    {"rubbish behind the version", "GET /echo HTTP/1.1x\r\nHost: x\r\n\r\n"},
    {"bare CR in the request line", "GET /echo HTTP/1.1\rHost: x\r\n\r\n"},
    {"bare CR in a field", "GET /echo" + host + "X: a\rb\r\n\r\n"},
    {"bare LF for line ends", "GET /echo HTTP/1.1\nHost: x\n\n"},
    {"NUL in a field", "GET /echo" + host + "X: a\0b\r\n\r\n"s},
    {"NUL in a field's name", "GET /echo" + host + "X\0Y: a\r\n\r\n"s},
    {"control character in a field", "GET /echo" + host + "X: a\x01\r\n\r\n"},
    {"space before the colon", "GET /echo" + host + "X : a\r\n\r\n"},
    {"space in a field's name", "GET /echo" + host + "X Y: a\r\n\r\n"},
    {"no name", "GET /echo" + host + ": a\r\n\r\n"},
    {"no colon", "GET /echo" + host + "X\r\n\r\n"},
    {"bracket in a name", "GET /echo" + host + "X(y): a\r\n\r\n"},
    {"fold before the first field", "GET /echo HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n"},
    {"no Host", "GET /echo HTTP/1.1\r\n\r\n"},
    {"two Hosts", "GET /echo" + host + "Host: y\r\n\r\n"},
    {"two equal Hosts", "GET /echo" + host + "host: x\r\n\r\n"},
    {"length and chunked",
     with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"chunked and length",
     with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
    {"length and unknown coding", with("Content-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\nab")},
    {"two lengths", with("Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc")},
    {"list of lengths", with("Content-Length: 2, 3\r\n\r\nabc")},
    {"negative length", with("Content-Length: -1\r\n\r\n")},
    {"signed length", with("Content-Length: +2\r\n\r\nab")},
    {"hexadecimal length", with("Content-Length: 0x2\r\n\r\nab")},
    {"no number", with("Content-Length: two\r\n\r\n")},
    {"empty length", with("Content-Length: \r\n\r\n")},
    {"length with a space", with("Content-Length: 1 0\r\n\r\n0123456789")},
    {"length beyond 64 bits", with("Content-Length: 18446744073709551616\r\n\r\n")},
    {"length of 40 digits", with("Content-Length: " + std::string(40, '9') + "\r\n\r\n")},
    {"unknown coding", with("Transfer-Encoding: gzip\r\n\r\n" + get("/echo"))},
    {"chunked is not last", with("Transfer-Encoding: chunked, gzip\r\n\r\n" + get("/echo"))},
    {"misspelt chunked", with("Transfer-Encoding: xchunked\r\n\r\n" + get("/echo"))},
    {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")},
    {"two codings",
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"two fields of coding",
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n")},
    {"empty coding", with("Transfer-Encoding: \r\n\r\n" + get("/echo"))},
    {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"no chunk size", with("Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n")},
    {"chunk size is rubbish", with("Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n")},
    {"negative chunk size", with("Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n")},
    {"0x chunk size", with("Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n")},
    {"huge chunk size",
     with("Transfer-Encoding: chunked\r\n\r\n" + std::string(17, 'f') + "\r\nabc")},
    {"chunk longer than its size", with("Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n")},
    {"bad chunk extension", with("Transfer-Encoding: chunked\r\n\r\n3;=\x01\r\nabc\r\n0\r\n\r\n")},
    {"bare LF in a chunk header", with("Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n")},
    {"bad trailer", with("Transfer-Encoding: chunked\r\n\r\n0\r\nX Y: a\r\n\r\n")},
    {"bad Connection", "GET /echo" + host + "Connection: \x22\r\n\r\n"},
  };
}

TEST_F(HttpServerTest, MalformedRequestsAreRefused) {
  start();
  for (const auto& x : malformed_requests()) {
    auto peer = connect();
    peer.send(x.bytes);
    peer.half_close();
    const auto got = peer.rest();
    EXPECT_TRUE(got.empty() || got.starts_with("HTTP/1.1 4")) << x.what << ": " << got;
    EXPECT_EQ(got.find("HTTP/1.1", 1), got.npos) << x.what << " was read as two: " << got;
    EXPECT_EQ(whole_requests, 0u) << x.what;
    whole_requests = 0;
  }
  expect_alive();
}

TEST_F(HttpServerTest, SurvivesMutatedRequests) {
  start();
  const std::vector<std::string> good{
    get("/echo"), post("/echo", "body"), chunked("/echo", "3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
    "POST /stream HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
  const std::string tokens = " \t\r\n\0:;,/0123456789abcdefxGETPOST-\x7f\x80\xff";
  std::mt19937 random{20'240'601};
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int i = 0; i < 1'000; ++i) {
    auto bytes = good[below(good.size())];
    for (auto left = 1 + below(4); left > 0; --left) {
      const auto at = below(bytes.size());
      switch (below(4)) {
        case 0: bytes[at] = tokens[below(tokens.size())]; break;
        case 1: bytes.insert(at, 1, tokens[below(tokens.size())]); break;
        case 2: bytes.erase(at, 1 + below(3)); break;
        default: bytes.insert(at, bytes.substr(at, below(20))); break;
      }
    }
    auto peer = connect();
    peer.send(bytes);
    peer.half_close();
    const auto got = peer.rest();
    EXPECT_TRUE(got.empty() || got.starts_with("HTTP/1.1 ")) << bytes << "\n" << got;
    EXPECT_EQ(got.find("HTTP/1.1 500"), got.npos) << bytes;
  }
  expect_alive();
  stop(test::patience);
  EXPECT_EQ(in_server([&] { return server->connections(); }), 0u);
}

} // namespace
