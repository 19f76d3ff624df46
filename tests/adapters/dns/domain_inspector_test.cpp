#include "adapters/crypto/vault.hpp"
#include "adapters/dns/domain_inspector.hpp"
#include "adapters/proxy/edge.hpp"
#include "protocol/types.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/name_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::name_server;

namespace {

/// A front door on loopback, and name servers that lead there.
class DomainInspectorTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  std::shared_ptr<vault> keys = *crypto::open_vault(folder.path() / "master-keys");
  std::shared_ptr<proxy::running_edge> door = opened(keys);
  std::string txt = "backend-im=abc";
  std::string place{"\x7f\x00\x00\x01", 4};
  int looked_up = 0;
  name_server server{[this](const std::string& asked, uint16_t type) {
    name_server::reply result;
    if (type == 16 && asked == "_backend-im.shop.example.com")
      result.records = {{16, name_server::text({txt})}};
    else if (type == 1 && asked == "shop.example.com" && !place.empty())
      result.records = {{1, place}};
    looked_up += type == 1;
    return result;
  }};

  static std::shared_ptr<proxy::running_edge> opened(const std::shared_ptr<vault>& with) {
    proxy::edge_config config;
    config.port = 0;
    config.threads = 1;
    config.mark = [with](std::string_view text) { return with->mark(text); };
    return *proxy::open_edge(config); // with no host in its table
  }

  domain_finding look(bool http) {
    dns::inspector_options options;
    options.server = server.address();
    options.http_port = door->port();
    options.mark = [this](std::string_view text) { return keys->mark(text); };
    options.nonce = [] { return std::string{"nonce-1_A"}; };
    return dns::make_inspector(options)->look({"shop.example.com", "backend-im=abc", http},
                                              test::patience, {});
  }
};

TEST_F(DomainInspectorTest, ARecordThatIsEnoughEndsTheSearch) {
  const auto found = look(true);
  EXPECT_EQ(found.texts, std::vector<std::string>{"backend-im=abc"});
  EXPECT_EQ(found.texts_trouble, "");
  EXPECT_EQ(looked_up, 0);
}

TEST_F(DomainInspectorTest, ADomainLeadsHereWhenThisFrontDoorAnswers) {
  txt = "something else";
  const auto found = look(true);
  EXPECT_EQ(found.addresses, std::vector<std::string>{"127.0.0.1"});
  EXPECT_TRUE(found.leads_here);
  EXPECT_FALSE(look(false).leads_here) << "nobody asked";
}

TEST_F(DomainInspectorTest, AnotherPlatformsFrontDoorIsNotThisOne) {
  txt = "something else";
  const test::temp_folder elsewhere;
  door = opened(*crypto::open_vault(elsewhere.path() / "master-keys"));
  const auto found = look(true);
  EXPECT_EQ(found.addresses.size(), 1u);
  EXPECT_FALSE(found.leads_here);
}

TEST_F(DomainInspectorTest, WithoutAnAddressItLeadsNowhere) {
  txt = "something else";
  place.clear();
  const auto found = look(true);
  EXPECT_TRUE(found.addresses.empty());
  EXPECT_EQ(found.addresses_trouble, "");
  EXPECT_FALSE(found.leads_here);
}

} // namespace
