#include "adapters/proxy/rules.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class ProxyRulesTest : public ::testing::Test {
protected:
  host_route route = [] {
    host_route x;
    x.rules = route_rules{};
    return x;
  }();
  edge_rules& wish = route.rules->what;
  proxy::limiter_registry limiters;
  proxy::limiter::clock::time_point now{1'000s};

  static std::string mark(std::string_view text) { return "<" + std::string{text} + ">"; }

  void let_in(const std::string& user, const std::string& password) {
    if (!wish.basic_auth)
      wish.basic_auth = std::map<std::string, std::string>{};
    (*wish.basic_auth)[user] = "${SECRET:X}";
    route.rules->logins.push_back(mark(login_text("a.test", user + ":" + password)));
  }

  /// The answer to a request of *client*; status 0: it may pass.
  proxy::page ask(const std::string& line, const std::string& fields = "",
                  const std::string& client = "192.0.2.1") {
    const auto x = proxy::rules_of("a.test", route, limiters);
    const auto text = line + " HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n";
    proxy::request_head head;
    EXPECT_EQ(proxy::parse(text, head), 0u) << text;
    return proxy::refusal(*x, {head, parse_ip(client).value(), now}, mark).value_or(proxy::page{});
  }
};

TEST_F(ProxyRulesTest, NoRulesAreNone) {
  EXPECT_EQ(proxy::rules_of("a.test", host_route{}, limiters), nullptr);
  EXPECT_EQ(ask("GET /").status, 0u);
}

TEST_F(ProxyRulesTest, OnlyListedAddressesPass) {
  wish.allow = std::vector<std::string>{"10.0.0.0/8", "2001:db8::/32"};
  EXPECT_EQ(ask("GET /", "", "10.1.2.3").status, 0u);
  EXPECT_EQ(ask("GET /", "", "2001:db8::7").status, 0u);
  EXPECT_EQ(ask("GET /", "", "192.0.2.1").status, 403u);
  EXPECT_EQ(ask("GET /", "X-Forwarded-For: 10.1.2.3\r\n", "192.0.2.1").status, 403u);
}

TEST_F(ProxyRulesTest, WhoIsTooFastIsToldWhenToComeBack) {
  wish.rate_limit = rate_limit_config{};
  wish.rate_limit->requests = 2;
  wish.rate_limit->seconds = 10;
  const auto before = proxy::rules_of("a.test", route, limiters); // keeps the buckets
  EXPECT_EQ(ask("GET /").status, 0u);
  EXPECT_EQ(ask("GET /").status, 0u);
  const auto refused = ask("GET /");
  EXPECT_EQ(refused.status, 429u);
  EXPECT_EQ(refused.retry_after, 5u);
  EXPECT_EQ(ask("GET /", "", "192.0.2.2").status, 0u);
  now += 5s;
  EXPECT_EQ(ask("GET /").status, 0u);
}

/// Whoever asks, and whichever of the tenant's hosts: it is what the platform spends on the tenant.
TEST_F(ProxyRulesTest, ATenantsPaceIsThatOfAllItsHostsAndClients) {
  route.tenant = "acme";
  route.tenant_requests = 2;
  host_route other;
  other.tenant = "acme";
  other.tenant_requests = 2;
  const auto first = proxy::rules_of("a.test", route, limiters);
  const auto second = proxy::rules_of("b.test", other, limiters);
  const auto ask_one = [&](const proxy::rules& x, const char* client) {
    proxy::request_head head;
    EXPECT_EQ(proxy::parse("GET / HTTP/1.1\r\nHost: x\r\n\r\n", head), 0u);
    return proxy::refusal(x, {head, parse_ip(client).value(), now}, mark)
      .value_or(proxy::page{})
      .status;
  };
  EXPECT_EQ(ask_one(*first, "192.0.2.1"), 0u);
  EXPECT_EQ(ask_one(*second, "192.0.2.2"), 0u);
  EXPECT_EQ(ask_one(*first, "192.0.2.3"), 429u);
  EXPECT_EQ(ask_one(*second, "192.0.2.2"), 429u);
  other.tenant = "calm";
  EXPECT_EQ(ask_one(*proxy::rules_of("c.test", other, limiters), "192.0.2.1"), 0u);
  now += 500ms;
  EXPECT_EQ(ask_one(*second, "192.0.2.2"), 0u);
}

TEST_F(ProxyRulesTest, OnlyAKnownLoginPasses) {
  let_in("staging", "s3cret:with colon");
  let_in("ada", "pw");
  EXPECT_EQ(ask("GET /", "Authorization: Basic YWRhOnB3\r\n").status, 0u);  // ada:pw
  EXPECT_EQ(ask("GET /", "Authorization: bASIC  YWRhOnB3\r\n").status, 0u); // in other letters
  EXPECT_EQ(ask("GET /", "Authorization: Basic c3RhZ2luZzpzM2NyZXQ6d2l0aCBjb2xvbg==\r\n").status,
            0u);
  const auto refused = ask("GET /");
  EXPECT_EQ(refused.status, 401u);
  EXPECT_EQ(refused.fields, "WWW-Authenticate: Basic realm=\"a.test\", charset=\"UTF-8\"\r\n");
}

TEST_F(ProxyRulesTest, EveryOtherAuthorizationIsRefused) {
  let_in("ada", "pw");
  for (const std::string fields :
       {"Authorization: Basic\r\n", "Authorization: Basic \r\n", "Authorization: Basic ====\r\n",
        "Authorization: Basic YWRhOnB\r\n",   // cut
        "Authorization: Basic YWRhOnB3=\r\n", // too much padding
        "Authorization: Basic YWRh!nB3\r\n", "Authorization: Basic YWRhcHc=\r\n", // no colon
        "Authorization: Basic YWRhOnB4\r\n",                                      // ada:px
        "Authorization: Basic Ym9iOnB3\r\n",                                      // bob:pw
        "Authorization: Bearer YWRhOnB3\r\n", "Authorization: YWRhOnB3\r\n",
        "Authorization: Basic YWRhOnB3\r\nAuthorization: Basic YWRhOnB3\r\n",
        "Proxy-Authorization: Basic YWRhOnB3\r\n"})
    EXPECT_EQ(ask("GET /", fields).status, 401u) << fields;
  EXPECT_EQ(ask("GET /", "Authorization: Basic " + std::string(8'000, 'A') + "\r\n").status, 401u);
}

TEST_F(ProxyRulesTest, WhenNoPasswordCouldBeOpenedNobodyComesIn) {
  let_in("ada", "pw");
  route.rules->logins.clear();
  EXPECT_EQ(ask("GET /", "Authorization: Basic YWRhOnB3\r\n").status, 401u);
  const auto x = proxy::rules_of("a.test", route, limiters);
  proxy::request_head head;
  const std::string text = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  ASSERT_EQ(proxy::parse(text, head), 0u);
  EXPECT_TRUE(proxy::refusal(*x, {head, {}, now}, nullptr));
}

TEST_F(ProxyRulesTest, TextsAreComparedToTheirEnds) {
  EXPECT_TRUE(proxy::equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(proxy::equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(proxy::equal_in_constant_time("xbc", "abc"));
  EXPECT_FALSE(proxy::equal_in_constant_time("abc", "abcd"));
  EXPECT_TRUE(proxy::equal_in_constant_time("", ""));
}

TEST_F(ProxyRulesTest, RedirectsKeepTheQueryAndWhatTheStarStoodFor) {
  const auto place = [](const std::string& from, const std::string& to, const std::string& target) {
    return proxy::location_of({split_star(from), split_star(to)}, target).value_or("none");
  };
  EXPECT_EQ(place("/old", "/new", "/old?a=1&b=%20"), "/new?a=1&b=%20");
  EXPECT_EQ(place("/old", "/new", "/old/x"), "none");
  EXPECT_EQ(place("/old", "/new", "/older"), "none");
  EXPECT_EQ(place("/old/*", "/new/*", "/old/a/b?q"), "/new/a/b?q");
  EXPECT_EQ(place("/old/*", "/new/*", "/old"), "/new");
  EXPECT_EQ(place("/old/*", "/new/*", "/older"), "none");
  EXPECT_EQ(place("/old/*", "/new", "/old/a"), "/new");
  EXPECT_EQ(place("/*", "https://b.test/*", "/a?q"), "https://b.test/a?q");
  EXPECT_EQ(place("/*", "https://b.test/x?y=1", "/a?q"), "https://b.test/x?y=1");
  EXPECT_EQ(place("/a/*", "/*", "/a"), "/");
  EXPECT_EQ(place("/a/*", "/*", "/a//evil.test"), "/evil.test") << "on this host";
  EXPECT_EQ(place("/a/*", "/*", "/a/\\/evil.test"), "/evil.test") << "browsers read \\ as /";
  EXPECT_EQ(place("/*", "/", "*"), "none");
}

TEST_F(ProxyRulesTest, NobodyIsAskedForAPasswordOnTheWayElsewhere) {
  let_in("ada", "pw");
  redirect_config x;
  x.from = "/old/*";
  x.to = "https://b.test/*";
  x.status = 301;
  wish.redirects = std::vector<redirect_config>{x};
  const auto sent = ask("GET /old/x?y");
  EXPECT_EQ(sent.status, 301u);
  EXPECT_EQ(sent.fields, "Location: https://b.test/x?y\r\n");
  EXPECT_EQ(ask("GET /other").status, 401u);
}

TEST_F(ProxyRulesTest, BodiesHaveALimit) {
  wish.max_body = "1KB";
  EXPECT_EQ(ask("POST /", "Content-Length: 1000\r\n").status, 0u);
  EXPECT_EQ(ask("POST /", "Content-Length: 1001\r\n").status, 413u);
}

TEST_F(ProxyRulesTest, MaintenanceGoesBeforeAllButAddressAndPace) {
  let_in("ada", "pw");
  wish.allow = std::vector<std::string>{"192.0.2.1"};
  route.maintenance = "Moving <house>.";
  const auto shown = ask("GET /", "Authorization: Basic YWRhOnB3\r\n");
  EXPECT_EQ(shown.status, 503u);
  EXPECT_EQ(shown.text, "Moving <house>.");
  EXPECT_EQ(shown.retry_after, 60u);
  EXPECT_EQ(ask("GET /", "", "192.0.2.2").status, 403u);
  route.rules = caf::none;
  const auto alone = proxy::rules_of("a.test", route, limiters);
  ASSERT_NE(alone, nullptr);
  EXPECT_TRUE(alone->maintenance);
}

TEST_F(ProxyRulesTest, ACertificatesProofIsReachedButNothingBesideIt) {
  let_in("ada", "pw");
  wish.allow = std::vector<std::string>{"10.0.0.0/8"};
  route.maintenance = "Away.";
  EXPECT_EQ(ask("GET /.well-known/acme-challenge/a-Z_09").status, 0u);
  for (const auto* other :
       {"POST /.well-known/acme-challenge/a", "GET /.well-known/acme-challenge/",
        "GET /.well-known/acme-challenge/../../admin", "GET /.well-known/acme-challenge/%2e%2e",
        "GET /.well-known/acme-challenge/a?b", "GET /.well-known/acme-challenge/a/b"})
    EXPECT_EQ(ask(other).status, 403u) << other;
}

TEST_F(ProxyRulesTest, RubbishNeverComesIn) {
  let_in("ada", "pw");
  redirect_config moved;
  moved.from = "/a/*";
  moved.to = "/*";
  wish.redirects = std::vector<redirect_config>{moved};
  const auto x = proxy::rules_of("a.test", route, limiters);
  std::mt19937 random{7};
  const std::string spice = "=+/:,;. []\\%?*\t\x80"
                            "aB9";
  const auto any = [&](size_t longest) {
    std::string result;
    for (auto n = random() % longest; n != 0; --n)
      result += spice[random() % spice.size()];
    return result;
  };
  const std::vector<std::string> ours{"127.0.0.1"};
  for (int i = 0; i != 20'000; ++i) {
    const auto text = (i % 2 == 0 ? "GET /a/" : "GET /b/") + any(6)
                      + " HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic " + any(14)
                      + "\r\nX-Forwarded-For: " + any(9) + "\r\n\r\n";
    proxy::request_head head;
    if (proxy::parse(text, head) != 0)
      continue;
    const auto client = proxy::client_of("127.0.0.1", head, ours);
    const auto answer = proxy::refusal(*x, {head, client, now}, mark);
    ASSERT_TRUE(answer) << text;
    ASSERT_EQ(answer->fields.find('\n'), answer->fields.size() - 1) << "one field: " << text;
    ASSERT_FALSE(answer->fields.starts_with("Location: //")) << text;
  }
}

TEST_F(ProxyRulesTest, OnlyProxiesOfOursSayWhoTheClientIs) {
  const std::vector<std::string> ours{"127.0.0.1", "10.0.0.2"};
  const auto client = [&](const std::string& peer, const std::string& fields) {
    const auto text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    proxy::request_head head;
    EXPECT_EQ(proxy::parse(text, head), 0u);
    return to_text({proxy::client_of(peer, head, ours), 128});
  };
  EXPECT_EQ(client("192.0.2.1", ""), "192.0.2.1/32");
  EXPECT_EQ(client("192.0.2.1", "X-Forwarded-For: 10.1.1.1\r\n"), "192.0.2.1/32");
  EXPECT_EQ(client("127.0.0.1", ""), "127.0.0.1/32");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.7/32");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n"), "192.0.2.7/32")
    << "the client has made up the first one";
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 192.0.2.7\r\n"),
            "192.0.2.7/32");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 192.0.2.7, 10.0.0.2\r\n"), "192.0.2.7/32");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 192.0.2.7:4711\r\n"), "192.0.2.7/32");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: [2001:db8::7]:4711\r\n"), "2001:db8::7/128");
  EXPECT_EQ(client("127.0.0.1", "X-Forwarded-For: 192.0.2.7, unknown\r\n"), "127.0.0.1/32");
}

} // namespace
