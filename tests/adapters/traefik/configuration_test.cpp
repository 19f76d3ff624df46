#include "adapters/traefik/configuration.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

using namespace backendim;
namespace json = boost::json;

namespace {

const std::vector<traefik::gateway_share> here{{"http://127.0.0.1:8080", 1}};

json::value made(const traefik::site_table& sites, const traefik::form& how = {}) {
  return json::parse(traefik::configuration(sites, how));
}

TEST(TraefikConfigurationTest, EachHostIsARouterToTheGateway) {
  const auto x = made({{"shop-main.localhost", here}, {"blog.example.com", here}});
  const auto& routers = x.at_pointer("/http/routers").as_object();
  ASSERT_EQ(routers.size(), 2u);
  const auto& router = routers.at(traefik::router_name("blog.example.com"));
  EXPECT_EQ(router.at("rule"), "Host(`blog.example.com`)");
  EXPECT_EQ(router.at("entryPoints"), (json::array{"web"}));
  const auto& services = x.at_pointer("/http/services").as_object();
  ASSERT_EQ(services.size(), 1u); // shared: so are its connections
  EXPECT_EQ(router.at("service"), services.begin()->key());
  EXPECT_EQ(services.begin()->value().at_pointer("/loadBalancer/servers"),
            (json::array{json::object{{"url", "http://127.0.0.1:8080"}}}));
}

TEST(TraefikConfigurationTest, TheSameHostsGiveTheSameBytesHoweverTheyCame) {
  traefik::site_table one, other;
  for (const auto* host : {"a.test", "b.test", "c.test"})
    one[host] = here;
  for (const auto* host : {"c.test", "a.test", "b.test"})
    other[host] = here;
  EXPECT_EQ(traefik::configuration(one, {}), traefik::configuration(other, {}));
  other["a.test"].front().tasks = 7; // one gateway gets all
  EXPECT_EQ(traefik::configuration(one, {}), traefik::configuration(other, {}));
  other.erase("a.test");
  EXPECT_NE(traefik::configuration(one, {}), traefik::configuration(other, {}));
}

TEST(TraefikConfigurationTest, WithoutHostsThereIsNoEmptyMap) {
  const auto x = made({});
  EXPECT_FALSE(x.at("http").as_object().contains("routers")) << x;
  EXPECT_FALSE(x.at("http").as_object().contains("services")) << x;
}

TEST(TraefikConfigurationTest, NoHostBreaksOutOfItsRule) {
  for (const auto* host :
       {"a`) || PathPrefix(`/", "A.test", "a test", "a_b.test", "*.test", "", "a\n"}) {
    EXPECT_FALSE(traefik::is_plain_host(host)) << host;
    EXPECT_FALSE(made({{host, here}}).at("http").as_object().contains("routers")) << host;
  }
}

TEST(TraefikConfigurationTest, NamesOfDifferentHostsDiffer) {
  EXPECT_NE(traefik::router_name("a-b.test"), traefik::router_name("a.b-test"));
  EXPECT_NE(traefik::router_name("a.test"), traefik::router_name("a-test"));
  traefik::form how;
  how.tls_entrypoint = "websecure";
  const auto x = made({{"x.test", here}, {"plain-x.test", here}, {"proof-x.test", here}}, how);
  EXPECT_EQ(x.at_pointer("/http/routers").as_object().size(), 9u);
}

TEST(TraefikConfigurationTest, SeveralGatewaysShareByLiveTasks) {
  const auto servers = [](std::vector<traefik::gateway_share> shares) {
    const auto x = made({{"a.test", std::move(shares)}});
    return x.at_pointer("/http/services/im-a_test/loadBalancer/servers").as_array();
  };
  EXPECT_EQ(servers({{"http://10.0.0.1:8080", 3}, {"http://10.0.0.2:8080", 1}}),
            (json::array{{{"url", "http://10.0.0.1:8080"}, {"weight", 3}},
                         {{"url", "http://10.0.0.2:8080"}, {"weight", 1}}}));
  EXPECT_EQ(servers({{"http://10.0.0.1:8080", 0}, {"http://10.0.0.2:8080", 1}}).size(), 1u);
  EXPECT_EQ(servers({{"http://10.0.0.1:8080", 0}, {"http://10.0.0.2:8080", 0}}).size(), 2u);
}

TEST(TraefikConfigurationTest, WithTlsTheOtherEntrypointRedirectsAllButTheProof) {
  traefik::form how;
  how.tls_entrypoint = "websecure";
  how.tls_port = "8443";
  how.resolver = "acme";
  how.wildcard = "example.com";
  const auto x = made({{"shop.example.com", here}, {"shop.com", here}}, how);
  const auto& routers = x.at_pointer("/http/routers").as_object();
  const auto& secure = routers.at("im-shop_example_com");
  EXPECT_EQ(secure.at("entryPoints"), (json::array{"websecure"}));
  EXPECT_EQ(secure.at_pointer("/tls/certResolver"), "acme");
  EXPECT_EQ(secure.at_pointer("/tls/domains/0/sans/0"), "*.example.com");
  EXPECT_FALSE(routers.at("im-shop_com").at("tls").as_object().contains("domains"));
  EXPECT_EQ(routers.at("im_plain-shop_com").at("middlewares"), (json::array{"backend-im-https"}));
  EXPECT_FALSE(routers.at("im_proof-shop_com").as_object().contains("middlewares"));
  EXPECT_EQ(x.at_pointer("/http/middlewares/backend-im-https/redirectScheme/port"), "8443");
}

TEST(TraefikConfigurationTest, OwnDomainsHaveTheirOwnResolver) {
  traefik::form how;
  how.tls_entrypoint = "websecure";
  how.resolver = "dns";
  how.domains_resolver = "http";
  how.wildcard = how.domain = "apps.example.com";
  const auto resolver_of = [&](const char* host) {
    const auto x = made({{host, here}}, how);
    return std::string{x.at("http")
                         .at("routers")
                         .at(traefik::router_name(host))
                         .at_pointer("/tls/certResolver")
                         .as_string()};
  };
  EXPECT_EQ(resolver_of("shop-main.apps.example.com"), "dns");
  EXPECT_EQ(resolver_of("shop.example.net"), "http");
  how.domains_resolver.clear();
  EXPECT_EQ(resolver_of("shop.example.net"), "dns");
}

TEST(TraefikConfigurationTest, ChallengesReachTheGatewayWhateverTheHost) {
  traefik::form how;
  how.tls_entrypoint = "websecure";
  how.challenges = "http://127.0.0.1:8080";
  for (const auto& x : {made({}, how), made({{"shop.com", here}}, how)}) {
    const auto& router = x.at_pointer("/http/routers/im_challenge").as_object();
    EXPECT_EQ(router.at("rule"), "PathPrefix(`/.well-known/backend-im/challenge/`)");
    EXPECT_EQ(router.at("entryPoints"), (json::array{"web"}));
    EXPECT_FALSE(router.contains("middlewares")) << "no redirect";
    EXPECT_GT(router.at("priority").as_int64(), 1'000) << "a rule's length is its priority else";
    const auto service = std::string{router.at("service").as_string()};
    EXPECT_EQ(x.at_pointer("/http/services/" + service + "/loadBalancer/servers/0/url"),
              "http://127.0.0.1:8080");
  }
}

} // namespace
