#include "tests/adapters/proxy/tls_front.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

std::string noise(size_t size) {
  std::string result(size, '\0');
  std::minstd_rand random{11};
  std::ranges::generate(result, [&] { return static_cast<char>(random() >> 8); });
  return result;
}

/// Sends back the request's body while it comes.
void echo(peer& x) {
  const auto head = x.until("\r\n\r\n");
  auto left = std::stoul("0" + field_of(head, "Content-Length"));
  x.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(left) + "\r\n\r\n");
  while (left != 0) {
    const auto piece = x.exactly(std::min<size_t>(left, 60'000));
    if (piece.empty() || !x.write(piece))
      return;
    left -= piece.size();
  }
}

origin::script upgrade(std::function<void(peer&)> then) {
  return [then = std::move(then)](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    then(x);
  };
}

const std::string ask_upgrade
  = "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";

TEST(EdgeTlsStreamingTest, RequestsFollowEachOtherOnOneConnection) {
  origin task{answering([](const std::string& head) {
    return ok(head.substr(0, head.find(" HTTP")) + " " + field_of(head, "X-Forwarded-Proto") + " "
              + field_of(head, "X-Forwarded-For"));
  })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  for (int i = 0; i != 20; ++i) {
    client.write("GET /" + std::to_string(i)
                 + " HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-Proto: http\r\n\r\n");
    EXPECT_EQ(read_answer(client).body, "GET /" + std::to_string(i) + " https 127.0.0.1");
  }
  // All at once, and byte by byte.
  std::string many;
  for (int i = 0; i != 20; ++i)
    many += get;
  client.write(many);
  for (int i = 0; i != 20; ++i)
    EXPECT_EQ(read_answer(client).status, 200u);
  for (const char c : get)
    client.write({&c, 1});
  EXPECT_EQ(read_answer(client).status, 200u);
  EXPECT_EQ(front.edge->counters().handshakes, 1u);
  EXPECT_EQ(front.edge->counters().requests, 41u);
}

TEST(EdgeTlsStreamingTest, LargeBodiesFlowBothWaysAtTheReadersPace) {
  origin task{echo};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_wish wish;
    wish.version = version;
    auto client = front.connect(wish);
    const auto body = noise(24u << 20);
    // One thread for both: OpenSSL's object is for one. The edge must take the one while it gives
    // the other, or both sides wait for ever.
    ::fcntl(client.socket().native_handle(), F_SETFL, O_NONBLOCK);
    const auto head = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: "
                      + std::to_string(body.size()) + "\r\n\r\n";
    ::SSL_set_mode(client.ssl(), SSL_MODE_ENABLE_PARTIAL_WRITE);
    const auto request = head + body;
    size_t sent = 0;
    std::string got;
    std::string some(100'000, '\0');
    size_t whole = std::string::npos;
    bool moves = true;
    while (got.size() < whole && moves) {
      if (sent != request.size())
        if (const int n
            = ::SSL_write(client.ssl(), request.data() + sent,
                          static_cast<int>(std::min<size_t>(request.size() - sent, 16'000)));
            n > 0)
          sent += static_cast<size_t>(n);
      if (const int n = ::SSL_read(client.ssl(), some.data(), static_cast<int>(some.size())); n > 0)
        got.append(some, 0, static_cast<size_t>(n));
      else
        moves = client.moves(sent != request.size());
      if (whole == std::string::npos && got.find("\r\n\r\n") != std::string::npos)
        whole = got.find("\r\n\r\n") + 4 + body.size();
    }
    ASSERT_EQ(got.size(), whole) << version << ", sent " << sent << " of " << request.size();
    EXPECT_TRUE(got.ends_with(body)) << version;
  }
}

TEST(EdgeTlsStreamingTest, ASlowClientSlowsTheTaskAndGetsAllOfIt) {
  constexpr size_t total = 96u << 20;
  std::atomic<size_t> written{0};
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
    const std::string piece(1 << 20, 'x');
    while (written != total && x.write(piece))
      written += piece.size();
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write(get);
  EXPECT_FALSE(client.until("\r\n\r\n").empty());
  EXPECT_LT(at_rest([&] { return written.load(); }), total / 2);
  for (size_t got = 0; got != total; got += 1 << 20)
    ASSERT_EQ(client.exactly(1 << 20).size(), 1u << 20) << got;
}

TEST(EdgeTlsStreamingTest, EventsArriveAsTheyAreSent) {
  std::promise<void> first_seen;
  origin task{[&, seen = first_seen.get_future().share()](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    seen.wait();
    x.write("data: 2\n\n");
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write(get);
  EXPECT_FALSE(client.until("data: 1\n\n\r\n").empty());
  first_seen.set_value();
  EXPECT_EQ(client.until("0\r\n\r\n"), "9\r\ndata: 2\n\n\r\n0\r\n\r\n");
}

TEST(EdgeTlsStreamingTest, ATunnelCarriesBothWaysAndEndsHalfByHalf) {
  const auto much = noise(8u << 20);
  origin task{upgrade([&](peer& x) {
    const auto got = x.exactly(much.size());
    x.write(got);
    EXPECT_EQ(x.rest(), "bye"); // the client's half ends, this one goes on
    x.write("farewell");
  })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write(ask_upgrade);
  EXPECT_TRUE(client.until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  ASSERT_TRUE(client.write(much));
  EXPECT_TRUE(client.exactly(much.size()) == much);
  client.write("bye");
  client.say_end();
  EXPECT_EQ(client.rest(), "farewell");
  EXPECT_TRUE(client.was_closed());
}

TEST(EdgeTlsStreamingTest, ATunnelThatIsCutIsNotTakenForWhole) {
  std::promise<bool> reset;
  origin task{upgrade([&](peer& x) {
    x.rest();
    reset.set_value(x.was_reset());
  })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write(ask_upgrade);
  client.until("\r\n\r\n");
  client.write("half of it");
  client.half_close(); // of TCP: somebody on the way may have done it
  auto seen = reset.get_future();
  ASSERT_EQ(seen.wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(seen.get());
}

TEST(EdgeTlsStreamingTest, OnlyAWholeResponseEndsWithCloseNotify) {
  std::atomic<bool> cut{false};
  origin task{[&](peer& x) {
    const auto head = x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\n\r\n" + std::string(300'000, 'x')); // to the end of the stream
    if (cut) {
      const linger now{1, 0};
      ::setsockopt(x.socket().native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      x.close();
    }
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  const std::string old = "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n";
  auto whole = front.connect();
  whole.write(old);
  EXPECT_TRUE(whole.rest().ends_with(std::string(300'000, 'x')));
  EXPECT_TRUE(whole.was_closed());
  cut = true;
  auto half = front.connect();
  half.write(old);
  half.rest();
  EXPECT_FALSE(half.was_closed());
}

TEST(EdgeTlsStreamingTest, TheEndReachesASlowClientToo) {
  constexpr size_t total = 12u << 20; // more than the kernel's buffers take
  std::atomic<bool> given{false};
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 200 OK\r\n\r\n");
    x.write(std::string(total, 'x'));
    given = true;
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
  client.until("\r\n\r\n");
  size_t got = 0;
  for (size_t n = 1; n != 0 && !given; got += n) // what is left then lies on its way
    n = client.exactly(100'000).size();
  EXPECT_EQ(got + client.rest().size(), total);
  EXPECT_TRUE(client.was_closed());
}

TEST(EdgeTlsStreamingTest, ARequestThatIsCutDoesNotReachTheTaskAsWhole) {
  std::promise<size_t> got;
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    got.set_value(x.rest().size());
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\nhalf");
  client.half_close();
  auto size = got.get_future();
  ASSERT_EQ(size.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(size.get(), 4u);
}

TEST(EdgeTlsStreamingTest, AClientThatLeavesIsNotWaitedFor) {
  std::promise<void> asked, closed;
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    asked.set_value();
    x.rest(); // no answer: only the edge can end this
    closed.set_value();
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto client = front.connect();
  client.write(get);
  asked.get_future().wait();
  client.say_end(); // its close_notify is bytes that wait to be read
  EXPECT_EQ(closed.get_future().wait_for(patience), std::future_status::ready);
}

TEST(EdgeTlsStreamingTest, IdleConnectionsEndPolitely) {
  proxy::edge_config config;
  config.idle_timeout = 200ms;
  tls_front front{{"app.test"}, config};
  auto idle = front.connect();
  EXPECT_EQ(idle.rest(), "");
  EXPECT_TRUE(idle.was_closed());
}

TEST(EdgeTlsStreamingTest, AStopWaitsForRequests) {
  std::promise<void> asked, let;
  origin task{[&, may = let.get_future().share()](peer& x) {
    x.until("\r\n\r\n");
    asked.set_value();
    may.wait();
    x.write(ok("late"));
    x.rest();
  }};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto busy = front.connect();
  busy.write(get);
  asked.get_future().wait();
  std::thread stops{[&] { front.edge->stop(1h); }};
  EXPECT_TRUE(eventually([&] { return !front.edge.connects(); })); // it stops
  let.set_value();
  EXPECT_EQ(read_answer(busy).body, "late");
  EXPECT_EQ(busy.rest(), "");
  EXPECT_TRUE(busy.was_closed());
  stops.join();
}

} // namespace
