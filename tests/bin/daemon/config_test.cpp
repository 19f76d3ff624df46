#include "bin/daemon/config.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

using namespace backendim;
using namespace backendim::test;

namespace {

class ConfigTest : public ::testing::Test {
protected:
  caf::expected<daemon::config> read(const std::string& text) {
    std::ofstream{file} << text;
    return daemon::read_config(file);
  }
  decode_error trouble(const std::string& text) {
    const auto got = read(text);
    const auto why = error_of(got);
    EXPECT_EQ(why, ec::invalid_request) << text;
    return why && why.context().match_elements<decode_error>()
             ? why.context().get_as<decode_error>(0)
             : decode_error{"no decode_error", "", "", ""};
  }

  temp_folder folder;
  std::filesystem::path file = folder.path() / "config.json";
};

TEST_F(ConfigTest, EveryKeyMayBeAbsent) {
  const auto got = read("{}");
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->listen, "127.0.0.1:7780");
  EXPECT_EQ(got->state, "/var/lib/backend-im");
  EXPECT_FALSE(got->local_repositories);
  EXPECT_EQ(got->builder.memory_mb, 2048u);
}

TEST_F(ConfigTest, GivenKeysReplaceTheirDefaultsOnly) {
  const auto got = read(R"({"listen": "0.0.0.0:80", "edge": "[::1]:8080", "log_level": "debug",
    "builder": {"slots": 3, "base_images": ["make", "it"], "sources": {"goproxy": "off"}}})");
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->listen, "0.0.0.0:80");
  EXPECT_EQ(got->builder.slots, 3u);
  EXPECT_EQ(got->builder.cpus, 2u);
  EXPECT_EQ(got->builder.user, "backend-im-build");
  EXPECT_EQ(got->builder.base_images, (std::vector<std::string>{"make", "it"}));
  EXPECT_EQ(got->builder.sources.goproxy, "off");
  EXPECT_EQ(got->domain, "localhost");
}

TEST_F(ConfigTest, S3ServerNeedsAllOfItsSettings) {
  EXPECT_EQ(trouble(R"({"blobs": {"endpoint": "localhost:9000"}})").pointer, "/blobs/endpoint");
  EXPECT_EQ(trouble(R"({"blobs": {"endpoint": "http://localhost:9000"}})").pointer,
            "/blobs/access_key");
  EXPECT_EQ(
    trouble(R"({"blobs": {"endpoint": "http://localhost:9000", "access_key": "a"}})").pointer,
    "/blobs/secret_key_file");
  const auto got = read(R"({"blobs": {"endpoint": "http://localhost:9000", "access_key": "a",
                            "secret_key_file": "/etc/backend-im/s3.key"}})");
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->blobs.bucket, "backend-im");
}

TEST_F(ConfigTest, TraefiksSettingsFitWhatTheyAreUsedFor) {
  EXPECT_TRUE(read(R"({"traefik": {"entry": "anything"}})")) << "there is none";
  const auto with = [](const std::string& more) {
    return R"({"traefik": {"api": "http://127.0.0.1:7790")" + more + "}}";
  };
  EXPECT_TRUE(read(with("")));
  EXPECT_EQ(trouble(R"({"traefik": {"api": "127.0.0.1:7790"}})").pointer, "/traefik/api");
  EXPECT_EQ(trouble(with(R"(, "entry": "https://127.0.0.1")")).pointer, "/traefik/entry");
  EXPECT_EQ(trouble(with(R"(, "entrypoint": "")")).pointer, "/traefik/entrypoint");
  EXPECT_EQ(trouble(with(R"(, "addresses": ["localhost"])")).pointer, "/traefik/addresses");
}

TEST_F(ConfigTest, DomainsHaveANameServerWithAPortAndNamesThatAreNone) {
  const auto got
    = read(R"({"domains": {"resolver": "[::1]:5353", "reserved": ["API.Example.com."]}})");
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->domains.reserved, std::vector<std::string>{"api.example.com"});
  EXPECT_TRUE(got->domains.http);
  EXPECT_EQ(trouble(R"({"domains": {"resolver": "dns.example.com"}})").pointer,
            "/domains/resolver");
  EXPECT_EQ(trouble(R"({"domains": {"reserved": ["a.test", "*.b.test"]}})").pointer,
            "/domains/reserved/1");
}

TEST_F(ConfigTest, HttpsNeedsAnAddressAndCertificatesAndNoTraefik) {
  const auto with = [](const std::string& more) { return R"({"edge_tls": {)" + more + "}}"; };
  EXPECT_EQ(trouble(with(R"("redirect": true)")).pointer, "/edge_tls/listen");
  EXPECT_EQ(trouble(with(R"("certificates": "/c")")).pointer, "/edge_tls/listen");
  EXPECT_EQ(trouble(with(R"("listen": "443", "certificates": "/c")")).pointer, "/edge_tls/listen");
  EXPECT_EQ(trouble(with(R"("listen": "0.0.0.0:443")")).pointer, "/edge_tls/certificates");
  EXPECT_EQ(trouble(with(R"("listen": "0.0.0.0:443", "certificates": "c")")).pointer,
            "/edge_tls/certificates");
  EXPECT_EQ(trouble(with(R"("port": 443)")).pointer, "/edge_tls/port");
  EXPECT_EQ(trouble(R"({"edge_tls": {"listen": "0.0.0.0:443", "certificates": "/c"},
                        "traefik": {"api": "http://127.0.0.1:7790"}})")
              .pointer,
            "/edge_tls/listen");
  const auto got = read(with(R"("listen": "[::]:443", "certificates": "/c", "redirect": true)"));
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_TRUE(got->edge_tls.redirect);
}

TEST_F(ConfigTest, UnknownKeysArePointedAt) {
  auto why = trouble(R"({"lissten": "127.0.0.1:1"})");
  EXPECT_EQ(why.pointer, "/lissten");
  EXPECT_EQ(why.suggestion, "listen");
  why = trouble(R"({"builder": {"memory": 1}})");
  EXPECT_EQ(why.pointer, "/builder/memory");
  why = trouble(R"({"builder": {"sources": {"npm_registri": ""}}})");
  EXPECT_EQ(why.pointer, "/builder/sources/npm_registri");
  EXPECT_EQ(why.suggestion, "npm_registry");
}

TEST_F(ConfigTest, WrongValuesArePointedAt) {
  EXPECT_EQ(trouble(R"({"builder": {"slots": "many"}})").pointer, "/builder/slots");
  EXPECT_EQ(trouble(R"({"builder": {"slots": -1}})").pointer, "/builder/slots");
  EXPECT_EQ(trouble(R"({"upload_limit_mb": 4294967296})").pointer, "/upload_limit_mb");
  EXPECT_EQ(trouble(R"({"builder": 1})").pointer, "/builder");
  EXPECT_EQ(trouble(R"({"local_repositories": null})").pointer, "/local_repositories");
  EXPECT_EQ(trouble(R"({"log_level": "loud"})").pointer, "/log_level");
  EXPECT_EQ(trouble(R"({"listen": "localhost:80"})").pointer, "/listen");
  EXPECT_EQ(trouble(R"({"edge": "127.0.0.1"})").pointer, "/edge");
  EXPECT_EQ(trouble("[]").pointer, "");
}

TEST_F(ConfigTest, AJournalIsAFileOfOursOrAPostgresqlServer) {
  for (const auto* text : {"", "postgresql://im@db/im", "postgres:///im", "host=/run dbname=im"})
    EXPECT_TRUE(read(R"({"journal": ")" + std::string{text} + "\"}")) << text;
  for (const auto* text : {"journal.db", "mysql://db/im?a=b"})
    EXPECT_EQ(trouble(R"({"journal": ")" + std::string{text} + "\"}").pointer, "/journal") << text;
}

TEST_F(ConfigTest, WhatIsNoJsonOrNotThereIsAnError) {
  EXPECT_EQ(error_of(daemon::read_config(file)), ec::unavailable);
  for (const auto* text : {"", "{", "{\"listen\": }", "listen: x", "{} {}"})
    EXPECT_EQ(error_of(read(text)), ec::invalid_request) << text;
}

TEST(EndpointTest, IsAnAddressAndAPort) {
  const auto v4 = daemon::parse_endpoint("127.0.0.1:7780", "/x");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->address, "127.0.0.1");
  EXPECT_EQ(v4->port, 7780u);
  const auto v6 = daemon::parse_endpoint("[::1]:80", "/x");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->address, "::1");
  EXPECT_EQ(v6->port, 80u);
  for (const auto* text : {"", ":", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:80x", "127.0.0.1: 80", "localhost:80",
                           "1.2.3:80", "::1", "::1:80", "[::1]", "[127.0.0.1]:80", "[]:80"})
    EXPECT_EQ(error_of(daemon::parse_endpoint(text, "/x")), ec::invalid_request) << text;
}

} // namespace
