#include "tests/bin/daemon/router_world.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

using namespace backendim;
using namespace backendim::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

TEST_F(RouterTest, HealthNeedsNoToken) {
  auto got = ask("GET /healthz");
  EXPECT_EQ(got.result_int(), 200u);
  EXPECT_EQ(body_of(got).at("status"), "ok");
  peer->send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(peer->receive(true).result_int(), 200u);
  EXPECT_EQ(ask("GET /readyz").result_int(), 200u);
  asio::post(io, asio::use_future([&] { missing = "the engine"; })).get();
  got = ask("GET /readyz");
  EXPECT_EQ(got.result_int(), 503u);
  EXPECT_EQ(body_of(got).at("detail"), "the engine");
}

TEST_F(RouterTest, StrangersSeeNothing) {
  for (const std::string line : {"GET /v1/whoami", "GET /metrics", "GET /no/such/path", "GET /",
                                 "POST /v1/blobs", "GET /v1/actors/tenant/acme"}) {
    const auto got = ask(line);
    EXPECT_EQ(got.result_int(), 401u) << line;
    EXPECT_EQ(got["Content-Type"], "application/problem+json");
    EXPECT_FALSE(got["WWW-Authenticate"].empty()) << line;
  }
  for (const std::string token : {"x", "bim_", "bim_a", "bim_a_b", "bim__b", "a.b.c"})
    EXPECT_EQ(ask("GET /v1/whoami", token).result_int(), 401u) << token;
  auto other = *proof->issue({{"ada", "acme", permission::read}, ""}, -1h);
  EXPECT_EQ(ask("GET /v1/whoami", other).result_int(), 401u) << "expired";
  EXPECT_EQ(ask("GET /v1/whoami", "", "", "Authorization: Basic YTpi\r\n").result_int(), 401u);
}

TEST_F(RouterTest, CallersAreKnownByEitherToken) {
  const daemon::api_token token{"t1", "secret"};
  const principal owner{"bob", "acme", permission::operate};
  ASSERT_TRUE(asio::co_spawn(io, callers.admit(owner, token, "root"), asio::use_future).get());
  EXPECT_EQ(body_of(ask("GET /v1/whoami", token.text())).at("user"), "bob");
  EXPECT_EQ(ask("GET /v1/whoami", token.text() + "x").result_int(), 401u);
  const auto session = ask("POST /v1/auth/login", "", R"({"token":")" + token.text() + "\"}");
  ASSERT_EQ(session.result_int(), 200u) << session.body();
  const auto jwt = std::string{body_of(session).at("token").as_string()};
  EXPECT_EQ(body_of(ask("GET /v1/whoami", jwt)).at("may"), "operate");
  EXPECT_EQ(ask("POST /v1/auth/login", "", R"({"token":"bim_t1_wrong"})").result_int(), 401u);
}

TEST_F(RouterTest, ManyWhoComeAtOnceWithOneTokenWaitForOneProof) {
  const daemon::api_token token{"t2", "secret"};
  const principal owner{"bob", "acme", permission::operate};
  ASSERT_TRUE(asio::co_spawn(io, callers.admit(owner, token, "root"), asio::use_future).get());
  constexpr int clients = 40; // more than tokens may be checked at once
  std::vector<std::future<unsigned>> answers;
  for (int i = 0; i < clients; ++i)
    answers.push_back(std::async(std::launch::async, [&, port = server->port()] {
      http_peer each{port};
      return each
        .ask("GET /v1/whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.text()
             + "\r\n\r\n")
        .result_int();
    }));
  for (auto& x : answers)
    EXPECT_EQ(x.get(), 200u);
  EXPECT_EQ(ask("GET /v1/whoami", token.text() + "x").result_int(), 401u);
}

TEST_F(RouterTest, BodiesHaveToFit) {
  for (const std::string body : {"", "{}", "[]", "{", "{\"token\":1}", "{\"token\":\"a\",\"x\":1}"})
    EXPECT_EQ(ask("POST /v1/auth/login", "", body).result_int(), 400u) << body;
  const auto got = ask("POST /v1/auth/login", "", "{\"token\":1}");
  EXPECT_EQ(body_of(got).at("pointer"), "/token");
  EXPECT_EQ(ask("POST /v1/auth/login", "", "{}", "Content-Type: text/plain\r\n").result_int(),
            400u);
  EXPECT_EQ(ask("POST /v1/auth/login", "", std::string((1 << 20) + 1, ' ')).result_int(), 413u);
}

TEST_F(RouterTest, UnknownPathsAndMethodsAreTold) {
  const auto token = token_of(permission::read);
  for (const std::string path : {"/no/such/path", "/", "/healthz/", "/v1/apps/", "/v1//apps",
                                 "/v1/apps/a%2Fb", "/v1/apps/a/logs/x"})
    EXPECT_EQ(ask("GET " + path, token).result_int(), 404u) << path;
  const auto got = ask("PUT /v1/apps/shop", token);
  EXPECT_EQ(got.result_int(), 405u);
  EXPECT_EQ(got["Allow"], "GET, DELETE");
}

TEST_F(RouterTest, TargetsAreDecodedOnce) {
  EXPECT_EQ(ask("GET /h%65althz").result_int(), 200u);
  EXPECT_EQ(ask("GET /h%2565althz").result_int(), 401u);
  for (const std::string target : {"/healthz%", "/healthz%zz", "/%00", "/v1/apps/a%0ab",
                                   "/v1/apps/caf%e9", "/v1/apps/%c2%9b", "healthz"})
    EXPECT_EQ(ask("GET " + target).result_int(), 400u) << target;
}

TEST_F(RouterTest, QueriesHaveToFit) {
  const auto token = token_of(permission::operate);
  auto got = ask("GET /v1/actors?limitt=3", token);
  EXPECT_EQ(got.result_int(), 400u);
  EXPECT_EQ(body_of(got).at("suggestion"), "limit");
  for (const std::string value : {"x", "-1", "1001", "", "3x", "99999999999999999999"})
    EXPECT_EQ(ask("GET /v1/actors?limit=" + value, token).result_int(), 400u) << value;
  EXPECT_EQ(ask("GET /v1/whoami?x=1", token).result_int(), 400u);
  for (const std::string value : {"caf%e9", "a%0ab", "%1b%5b31m", "%00"})
    EXPECT_EQ(ask("GET /v1/actors?after=" + value, token).result_int(), 400u) << value;
}

TEST_F(RouterTest, IdempotencyKeyIsShortAndVisible) {
  const auto token = token_of(permission::read);
  const auto with = [&](const std::string& key) {
    return ask("GET /v1/whoami", token, "", "Idempotency-Key: " + key + "\r\n").result_int();
  };
  EXPECT_EQ(with(std::string(64, 'k')), 200u);
  EXPECT_EQ(with(std::string(65, 'k')), 400u);
  EXPECT_EQ(with("two words"), 400u);
}

TEST_F(RouterTest, ActorsOfOthersDoNotExist) {
  const auto mine = token_of(permission::read);
  EXPECT_EQ(ask("GET /v1/apps", mine).result_int(), 200u);
  EXPECT_EQ(ask("GET /v1/actors/tenant/acme", mine).result_int(), 200u);
  const auto other = *proof->issue({{"eve", "evil", permission::deploy}, ""}, 60s);
  for (const std::string path : {"tenant/acme", "tenant/nobody", "accounts", "no_such_kind/x"})
    EXPECT_EQ(ask("GET /v1/actors/" + path, other).result_int(), 404u) << path;
  const auto listed = body_of(ask("GET /v1/actors", other));
  EXPECT_TRUE(listed.at("items").as_array().empty());
  EXPECT_EQ(body_of(ask("GET /v1/actors", mine)).at("items").as_array().size(), 1u);
  EXPECT_EQ(
    body_of(ask("GET /v1/actors", token_of(permission::operate))).at("items").as_array().size(),
    2u);
}

TEST_F(RouterTest, MessagesReachTheirActor) {
  const auto token = token_of(permission::read);
  const std::string line = "POST /v1/actors/tenant/acme/messages";
  EXPECT_EQ(body_of(ask(line, token, R"({"type":"get_tenant"})")).at("tenant"), "acme");
  auto got = ask(line, token, R"({"type":"get_tenantt"})");
  EXPECT_EQ(got.result_int(), 400u);
  EXPECT_EQ(body_of(got).at("suggestion"), "get_tenant");
  got = ask(line, token, R"({"type":"get_tenant","message":{"x":1}})");
  EXPECT_EQ(got.result_int(), 400u);
  EXPECT_EQ(ask(line, token, R"({"type":"get_tenant","who":"root"})").result_int(), 400u);
}

TEST_F(RouterTest, BlobsAreKeptWithinTheLimit) {
  const auto token = token_of(permission::deploy);
  const auto got = ask("POST /v1/blobs", token, "abc");
  EXPECT_EQ(got.result_int(), 201u);
  EXPECT_EQ(body_of(got).at("digest"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(body_of(got).at("size"), 3);
  EXPECT_EQ(ask("POST /v1/blobs", token, std::string(1'000, 'x')).result_int(), 201u);
  EXPECT_EQ(ask("POST /v1/blobs", token, std::string(1'001, 'x')).result_int(), 413u);
  peer.emplace(server->port());
  EXPECT_EQ(peer
              ->ask("POST /v1/blobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1'001, 'x')
                    + "\r\n0\r\n\r\n")
              .result_int(),
            413u);
  EXPECT_EQ(ask("POST /v1/blobs", token_of(permission::read), "abc").result_int(), 403u);
}

TEST_F(RouterTest, TraefikGetsItsConfigurationWithItsOwnTokenOnly) {
  EXPECT_EQ(ask("GET /v1/traefik").result_int(), 401u);
  EXPECT_EQ(ask("GET /v1/traefik", token_of(permission::operate)).result_int(), 401u);
  EXPECT_EQ(ask("GET /v1/whoami", "traefiks-own").result_int(), 401u);
  const auto got = ask("GET /v1/traefik", "traefiks-own");
  EXPECT_EQ(got.result_int(), 200u);
  EXPECT_TRUE(body_of(got).at("http").at("routers").as_object().contains("im-shop-acme_localhost"));
}

TEST_F(RouterTest, MetricsCountWhatWasAnswered) {
  EXPECT_EQ(ask("GET /metrics", token_of(permission::deploy)).result_int(), 403u);
  EXPECT_EQ(ask("POST /v1/blobs", token_of(permission::deploy), "abc").result_int(), 201u);
  EXPECT_EQ(ask("PUT /healthz").result_int(), 405u);
  const auto text = ask("GET /metrics", token_of(permission::operate)).body();
  for (const std::string line :
       {"route=\"/metrics\",status=\"403\"} 1", "route=\"/v1/blobs\",status=\"201\"} 1",
        "route=\"none\",status=\"405\"} 1"})
    EXPECT_NE(text.find("backendim_http_requests_total{" + line), text.npos) << line << "\n"
                                                                             << text;
}

TEST_F(RouterTest, RefusedSecretsAreNotRepeated) {
  const auto token = token_of(permission::manage);
  const std::string line = "POST /v1/apps/shop/secrets";
  for (const std::string body :
       {R"({"set":{"K":["s3cr3t"]}})", R"({"set":{"s3cr3t-x":"v"}})", R"({"s3cr3t":1})",
        R"({"set":{"K":"s3cr3t")", R"({"set":"s3cr3t"})", R"({"unset":["s3cr3t-x"]})",
        R"({"rotate":{"s3cr3t":1}})", R"({})", R"({"set":{"K":""}})"}) {
    const auto got = ask(line, token, body);
    EXPECT_EQ(got.result_int(), 400u) << body;
    EXPECT_EQ(got.body().find("s3cr3t"), std::string::npos) << got.body();
  }
  EXPECT_EQ(ask(line, token_of(permission::deploy), R"({"set":{"K":"V"}})").result_int(), 403u);
  EXPECT_EQ(ask(line, "", R"({"set":{"K":"V"}})").result_int(), 401u);
  EXPECT_EQ(ask("POST /v1/apps/S%20hop/secrets", token, R"({"set":{"K":"V"}})").result_int(), 400u);
  EXPECT_EQ(ask("POST /v1/master-key/rotate", token).result_int(), 403u);
}

TEST_F(RouterTest, SealedTextPassesNoDoor) {
  const auto got = ask("POST /v1/actors/app/acme/shop/messages", token_of(permission::operate),
                       R"({"type":"change_secrets","message":{"set":[]}})");
  EXPECT_EQ(got.result_int(), 400u);
  EXPECT_EQ(body_of(got).at("pointer"), "/type");
}

} // namespace
