#include "protocol/types.hpp"
#include "tests/adapters/proxy/tls_front.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

using namespace backendim;
using namespace backendim::test;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

TEST(EdgeTlsTest, EachHostIsShownItsOwnCertificateAndNobodyElses) {
  tls_front front;
  front.put("second", front.ca.issue({"*.other.test"}));
  ASSERT_TRUE(front.shows_another("x.other.test", ""));
  auto app = front.connect_to("app.test");
  auto other = front.connect_to("y.other.test");
  EXPECT_TRUE(app.greeted());
  EXPECT_TRUE(other.greeted());
  EXPECT_NE(app.certificate(), other.certificate());
  auto upper = front.connect_to("APP.test");
  EXPECT_EQ(upper.certificate(), app.certificate());
  auto stranger = front.connect_to("stranger.test");
  EXPECT_FALSE(stranger.greeted());
  EXPECT_EQ(stranger.alert(), SSL_R_TLSV1_UNRECOGNIZED_NAME);
  auto nameless = front.connect_to("");
  EXPECT_TRUE(nameless.greeted());
  EXPECT_EQ(nameless.certificate(), app.certificate()) << "the first by file name";
}

TEST(EdgeTlsTest, OldVersionsAndOtherProtocolsAreRefused) {
  tls_front front;
  tls_wish wish;
  wish.version = TLS1_2_VERSION;
  EXPECT_TRUE(front.connect(wish).greeted());
  wish.version = TLS1_1_VERSION;
  EXPECT_FALSE(front.connect(wish).greeted());
  wish.version = 0;
  wish.protocols = "\x02h2\x08http/1.1";
  auto both = front.connect(wish);
  EXPECT_TRUE(both.greeted());
  EXPECT_EQ(both.protocol(), "http/1.1");
  wish.protocols = "\x02h2";
  auto new_one = front.connect(wish);
  EXPECT_FALSE(new_one.greeted());
  EXPECT_EQ(new_one.alert(), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
  EXPECT_TRUE(front.connect().greeted()) << "whoever asks for none speaks HTTP/1.1";
}

TEST(EdgeTlsTest, SessionsAreResumed) {
  origin task{answering([](const auto&) { return ok("x"); })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_wish wish;
    wish.version = version;
    auto first = front.connect(wish);
    first.write(get);
    EXPECT_EQ(read_answer(first).body, "x"); // its ticket has come, too
    const std::unique_ptr<SSL_SESSION, decltype(&::SSL_SESSION_free)> kept{
      ::SSL_get1_session(first.ssl()), ::SSL_SESSION_free};
    wish.session = kept.get();
    auto second = front.connect(wish);
    second.write(get);
    EXPECT_EQ(read_answer(second).body, "x");
    EXPECT_EQ(::SSL_session_reused(second.ssl()), 1) << version;
  }
}

TEST(EdgeTlsTest, ANewCertificateIsShownWhileOldConnectionsGoOn) {
  origin task{answering([](const auto&) { return ok("x"); })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  auto old = front.connect();
  old.write(get);
  EXPECT_EQ(read_answer(old).body, "x");
  front.put("first", front.ca.issue({"app.test"}));
  EXPECT_TRUE(front.shows_another("app.test", old.certificate()));
  old.write(get);
  EXPECT_EQ(read_answer(old).body, "x");
  front.put("more", front.ca.issue({"more.test"}));
  EXPECT_TRUE(front.shows_another("more.test", ""));
}

TEST(EdgeTlsTest, RenewalsBehindSymbolicLinksAreNoticed) {
  tls_front front;
  temp_folder elsewhere; // as certbot has it: links to live/, which are links to archive/
  const auto archive = elsewhere.path() / "archive", live = elsewhere.path() / "live";
  fs::create_directories(archive);
  fs::create_directories(live);
  const auto renew = [&](const std::string& version) {
    put_pair(archive, version, front.ca.issue({"linked.test"}));
    for (const auto* ending : {".crt", ".key"}) {
      const auto fresh = live / (std::string{".new"} + ending);
      fs::create_symlink("../archive/" + version + ending, fresh);
      fs::rename(fresh, live / (std::string{"pair"} + ending));
    }
  };
  renew("1");
  for (const auto* ending : {".crt", ".key"})
    fs::create_symlink(live / (std::string{"pair"} + ending),
                       front.folder.path() / (std::string{"linked"} + ending));
  ASSERT_TRUE(front.shows_another("linked.test", ""));
  auto first = front.connect_to("linked.test");
  renew("2");
  EXPECT_TRUE(front.shows_another("linked.test", first.certificate()));
  // As Kubernetes has it: one link to a folder is put in the place of another.
  const auto put_folder = [&](const std::string& name) {
    fs::create_directory(front.folder.path() / name);
    put_pair(front.folder.path() / name, "mounted", front.ca.issue({"mounted.test"}));
    fs::create_directory_symlink(name, front.folder.path() / "..fresh");
    fs::rename(front.folder.path() / "..fresh", front.folder.path() / "..data");
  };
  put_folder("..one");
  for (const auto* ending : {".crt", ".key"})
    fs::create_symlink(std::string{"..data/mounted"} + ending,
                       front.folder.path() / (std::string{"mounted"} + ending));
  ASSERT_TRUE(front.shows_another("mounted.test", ""));
  auto mounted = front.connect_to("mounted.test");
  put_folder("..two");
  EXPECT_TRUE(front.shows_another("mounted.test", mounted.certificate()));
}

TEST(EdgeTlsTest, ABrokenRenewalIsToldAndTheOldCertificateStays) {
  tls_front front;
  auto before = front.connect();
  EXPECT_FALSE(front.edge->trouble());
  auto wrong = front.ca.issue({"app.test"});
  wrong.key = front.ca.issue({"app.test"}).key;
  front.put("first", wrong);
  front.put("second", front.ca.issue({"second.test"}));
  ASSERT_TRUE(front.shows_another("second.test", ""));
  auto after = front.connect();
  EXPECT_EQ(after.certificate(), before.certificate());
  const auto why = failure_of(front.edge->trouble());
  EXPECT_NE(why.message.find("first.key"), std::string::npos) << why.message;
  EXPECT_FALSE(why.next.empty());
  front.put("first", front.ca.issue({"app.test"}));
  EXPECT_TRUE(front.shows_another("app.test", before.certificate()));
  EXPECT_FALSE(front.edge->trouble());
  fs::remove_all(front.folder.path());
  EXPECT_TRUE(eventually([&] { return bool{front.edge->trouble()}; }));
  EXPECT_TRUE(front.connect().greeted()) << "an empty folder is an accident";
  fs::create_directory(front.folder.path());
  front.put("back", front.ca.issue({"back.test"}));
  EXPECT_TRUE(front.shows_another("back.test", ""));
}

TEST(EdgeTlsTest, ACertificateThatSoonExpiresIsTold) {
  tls_front front;
  EXPECT_FALSE(front.edge->trouble());
  front.put("second", front.ca.issue({"second.test"}, -24h * 80, 24h * 5));
  ASSERT_TRUE(front.shows_another("second.test", ""));
  const auto why = failure_of(front.edge->trouble());
  EXPECT_NE(why.message.find("second.crt expires on"), std::string::npos) << why.message;
  EXPECT_LT(front.edge->first_certificate_end(), std::chrono::system_clock::now() + 24h * 6);
  front.put("second", front.ca.issue({"second.test"}, -1h, 24h * 6));
  EXPECT_TRUE(eventually([&] { return !front.edge->trouble(); }))
    << "it lives for six days only, and is new";
}

TEST(EdgeTlsTest, WithoutOneGoodPairItDoesNotOpen) {
  temp_folder folder;
  proxy::edge_config config;
  config.port = 0;
  config.tls.emplace();
  config.tls->port = 0;
  config.tls->certificates = folder.path();
  auto opened = proxy::open_edge(config);
  ASSERT_EQ(error_of(opened), ec::unavailable);
  EXPECT_NE(failure_of(opened.error()).message.find(folder.path().string()), std::string::npos);
  test_ca ca;
  put_pair(folder.path(), "open", ca.issue({"app.test"}), 0644);
  opened = proxy::open_edge(config);
  ASSERT_EQ(error_of(opened), ec::unavailable);
  EXPECT_NE(failure_of(opened.error()).message.find("open.key"), std::string::npos);
  put_pair(folder.path(), "shut", ca.issue({"shut.test"}), 0600);
  opened = proxy::open_edge(config);
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->trouble());
  EXPECT_TRUE((*opened)->has_certificate("shut.test"));
  EXPECT_FALSE((*opened)->has_certificate("app.test"));
}

TEST(EdgeTlsTest, PlainHttpIsToldThatThisIsHttps) {
  tls_front front;
  for (const auto* method : {"GET", "POST", "HEAD"}) {
    peer client{front.dial_raw()};
    client.write(std::string{method} + " / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n"
                 + "hello");
    const auto got = read_answer(client, true);
    EXPECT_EQ(got.status, 400u) << method;
    EXPECT_EQ(got.field("Connection"), "close");
    EXPECT_NE(client.rest().find("HTTPS"), std::string::npos);
    EXPECT_FALSE(client.was_reset());
  }
  EXPECT_EQ(front.edge->counters().failed_handshakes, 3u);
  EXPECT_EQ(front.edge->counters().requests, 0u);
}

TEST(EdgeTlsTest, AClientThatDoesNotFinishItsHandshakeIsCutOff) {
  proxy::edge_config config;
  config.handshake_timeout = 300ms;
  tls_front front{{"app.test"}, config};
  peer silent{front.dial_raw()}, slow{front.dial_raw()};
  // The head of a ClientHello of 16 KB, which comes byte by byte.
  slow.write("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03"sv);
  int sent = 0;
  while (!slow.hears(20ms) && slow.write("x"))
    ++sent;
  EXPECT_LT(sent, 16'000) << "it waited for the whole of it";
  EXPECT_EQ(silent.rest(), "");
  EXPECT_TRUE(eventually([&] { return front.edge->counters().open_connections == 0; }));
  EXPECT_EQ(front.edge->counters().failed_handshakes, 2u);
  EXPECT_TRUE(front.connect().greeted());
}

TEST(EdgeTlsTest, RubbishDoesNotHarmIt) {
  origin task{answering([](const auto&) { return ok("x"); })};
  tls_front front;
  front.edge.route("app.test", {task.address()});
  std::mt19937 random{7};
  // A real hello to be damaged.
  std::string hello;
  {
    tcp::acceptor ear{front.context, {asio::ip::address_v4::loopback(), 0}};
    std::thread listens{[&] {
      peer x{ear.accept()};
      x.more();
      hello = x.exactly(200);
    }};
    tcp::socket socket{front.context};
    socket.connect(ear.local_endpoint());
    tls_peer{std::move(socket), {}};
    listens.join();
  }
  ASSERT_EQ(hello.size(), 200u);
  for (int i = 0; i != 1'000; ++i) {
    auto bytes = hello;
    if (i % 2 == 0) {
      bytes.resize(random() % 300);
      std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    } else {
      for (int j = 0; j != 3; ++j)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      bytes.resize(random() % bytes.size());
    }
    if (i % 3 == 0 && bytes.size() > 5)
      bytes.replace(0, 3, "\x16\x03\x01", 3); // a handshake record, so it is looked into
    peer client{front.dial_raw()};
    client.write(bytes);
    client.half_close();
    client.rest();
  }
  EXPECT_TRUE(eventually([&] { return front.edge->counters().failed_handshakes == 1'000; }))
    << front.edge->counters().failed_handshakes;
  auto client = front.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "x");
}

TEST(EdgeTlsTest, PlainRequestsAreSentToHttpsWhereThereIsACertificate) {
  origin task{
    answering([](const std::string& head) { return ok(field_of(head, "X-Forwarded-Proto")); })};
  proxy::edge_config config;
  config.tls.emplace();
  config.tls->redirect = true;
  config.trusted = {"127.0.0.1"};
  tls_front front{{"app.test", "gone.test"}, config};
  front.edge.publish(
    {{"app.test", {{task.address()}, "", ""}}, {"bare.test", {{task.address()}, "", ""}}});
  const auto got = front.edge.ask("POST /a?b=c HTTP/1.1\r\nHost: App.test:80\r\n"
                                  "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(got.status, 308u);
  EXPECT_EQ(got.field("Location"),
            "https://app.test:" + std::to_string(front.edge->tls_port()) + "/a?b=c");
  EXPECT_EQ(front.edge.get("bare.test").body, "http") << "it has no certificate";
  EXPECT_EQ(front.edge.get("gone.test").status, 404u);
  EXPECT_EQ(front.edge.get("app.test", "X-Forwarded-Proto: https\r\n").body, "https")
    << "a proxy of ours has taken it out of HTTPS";
  EXPECT_EQ(
    front.edge.ask("GET /.well-known/acme-challenge/abc HTTP/1.1\r\nHost: app.test\r\n\r\n").status,
    200u);
  auto secure = front.connect();
  secure.write(get);
  EXPECT_EQ(read_answer(secure).body, "https");
}

} // namespace
