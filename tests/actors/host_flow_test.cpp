// From a deploy to a route: two apps never answer at one host, whatever their names are.

#include "actors/app.hpp"
#include "actors/domains.hpp"
#include "actors/gateway.hpp"
#include "actors/release_tasks.hpp"
#include "protocol/event_codec.hpp"
#include "tests/support/deploy_flow.hpp"
#include "tests/support/fussy_journal.hpp"

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

class HostFlowTest : public test::deploy_flow {
protected:
  const std::string first = "app/a-b/x", second = "app/b/x-a"; // both would be x-a-b
  const std::string plain = "x-a-b.localhost";
  std::shared_ptr<test::fussy_journal> disk = std::make_shared<test::fussy_journal>();

  void SetUp() override {
    keeps_hosts = true;
    store = disk;
    deploy_flow::SetUp();
  }

  static std::string host_in(const std::string& url) {
    const auto host = url.substr(url.find("//") + 2);
    return host.substr(0, host.find(':'));
  }

  caf::expected<app_info> look(const std::string& path) {
    auto reply = ask(caf::actor_cast<app_actor>(at(path)), get_app{});
    return get_soon<app_info>(reply);
  }
  std::string host_of(const std::string& path) {
    const auto info = look(path);
    return info ? host_in(info->url) : render(info.error());
  }

  /// Deploys and returns the host that the answer names.
  std::string deploy_at(const std::string& path, const std::string& request) {
    const auto accepted = try_deploy(path, request);
    if (!accepted)
      return render(accepted.error());
    const auto info = end_of(accepted->id);
    EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
    EXPECT_EQ(info.url, accepted->url);
    return host_in(accepted->url);
  }

  void destroy(const std::string& path, const std::string& request) {
    auto reply = ask(caf::actor_cast<app_actor>(at(path)), destroy_app{{"ada", request}});
    EXPECT_TRUE(get_soon<app_removed>(reply));
    advance(2s);
  }

  /// As a kill and a start; nothing is remembered but the journal.
  void restart() {
    stop_all();
    front->table = {};
    remembered->keep({});
    start();
    advance(3s);
  }

  std::string service_at(const std::string& host) {
    auto reply = ask(gate, get_gateway{});
    const auto info = get_soon<gateway_info>(reply);
    for (const auto& x : info->routes)
      if (x.host == host)
        return x.service;
    return "";
  }

  void write(const std::string& stream, const app_event& event) {
    const auto before = store->read(stream, 1, 1'000);
    ASSERT_TRUE(store->append(
      {stream, before->size(), {encode_event(event, {"ada", "old"}, caf::timestamp{1'000h})}}));
  }

  /// The journal of a release that claimed no hosts.
  void write_old_app(const std::string& tenant, const std::string& app) {
    const auto stream = "app/" + tenant + "/" + app;
    const auto url = "http://" + app + "-" + tenant + ".localhost:8080";
    write(stream, app_created{tenant, app, url, caf::timestamp{1'000h}});
  }
};

TEST_F(HostFlowTest, TwoAppsWhoseNamesJoinAlikeHaveAHostEach) {
  EXPECT_EQ(deploy_at(first, "r1"), plain);
  const auto other = deploy_at(second, "r2");
  EXPECT_TRUE(other.starts_with("x-a-b-")) << other;
  EXPECT_EQ(host_of(first), plain);
  EXPECT_EQ(host_of(second), other);
  EXPECT_EQ(service_at(plain), service_name("a-b", "x", 1));
  EXPECT_EQ(service_at(other), service_name("b", "x-a", 1));
  EXPECT_EQ(engine->spec_of(service_name("b", "x-a", 1)).host, other);
  EXPECT_EQ(front->table.hosts.size(), 2u);
}

TEST_F(HostFlowTest, ALongNameGetsAHostThatNameServersTake) {
  const std::string app(40, 'a'), tenant(40, 't');
  const auto host = deploy_at("app/" + tenant + "/" + app, "r1");
  EXPECT_LE(host.find('.'), 63u) << host;
  EXPECT_TRUE(host.starts_with(app + "-ttt")) << host;
  EXPECT_EQ(service_at(host), service_name(tenant, app, 1));
}

TEST_F(HostFlowTest, AReleaseAndARestartChangeNothing) {
  deploy_at(first, "r1");
  const auto other = deploy_at(second, "r2");
  EXPECT_EQ(deploy_at(second, "r3"), other);
  EXPECT_EQ(service_at(other), service_name("b", "x-a", 2));
  restart();
  EXPECT_EQ(host_of(first), plain);
  EXPECT_EQ(host_of(second), other);
  EXPECT_EQ(service_at(plain), service_name("a-b", "x", 1));
  EXPECT_EQ(service_at(other), service_name("b", "x-a", 2));
  EXPECT_EQ(deploy_at(second, "r4"), other);
}

TEST_F(HostFlowTest, ADestroyedAppLeavesItsHostToTheNext) {
  deploy_at(first, "r1");
  destroy(first, "x1");
  EXPECT_FALSE(front->table.hosts.contains(plain));
  EXPECT_EQ(deploy_at(second, "r2"), plain);
  const auto other = deploy_at(first, "r3");
  EXPECT_TRUE(other.starts_with("x-a-b-")) << other;
  EXPECT_EQ(service_at(plain), service_name("b", "x-a", 1));
  destroy(first, "x2");
  EXPECT_EQ(deploy_at(first, "r4"), other) << "the same once more";
  EXPECT_EQ(service_at(plain), service_name("b", "x-a", 1));
}

TEST_F(HostFlowTest, AnAppThatWasDestroyedBeforeARestartLeavesItsHostToo) {
  deploy_at(first, "r1");
  stop_all();
  write(first, app_destroyed{"x", caf::timestamp{2'000h}});
  start();
  advance(3s);
  EXPECT_EQ(deploy_at(second, "r2"), plain);
}

TEST_F(HostFlowTest, DestroyAndDeployAtOnceEndWithAHost) {
  deploy_at(first, "r1");
  const auto x = caf::actor_cast<app_actor>(at(first));
  start_deployment again;
  again.source.git = "https://example.org/shop.git";
  again.meta = {"ada", "r2"};
  auto gone = self->request(x, test::request_deadline, destroy_app{{"ada", "x1"}});
  auto back = self->request(x, test::request_deadline, again);
  scheduler.run();
  EXPECT_TRUE(get_now<app_removed>(gone));
  const auto accepted = get_soon<deployment_info>(back);
  ASSERT_TRUE(accepted) << render(accepted.error());
  tenants[accepted->id] = accepted->tenant;
  EXPECT_EQ(end_of(accepted->id).state, deployment_state::succeeded);
  EXPECT_EQ(host_of(first), plain);
  EXPECT_TRUE(deploy_at(second, "r3").starts_with("x-a-b-")) << "the host is claimed";
  EXPECT_EQ(service_at(plain), service_name("a-b", "x", 2));
}

/// The platform died between the claim and the app.
TEST_F(HostFlowTest, AHostThatWasClaimedForAnAppIsItsOwnLater) {
  const domains_event claimed{host_claimed{plain, "b", "x-a", caf::timestamp{1'000h}}};
  ASSERT_TRUE(
    store->append({"domains", 0, {encode_event(claimed, {"", "host"}, caf::timestamp{1'000h})}}));
  restart();
  EXPECT_NE(deploy_at(first, "r1"), plain);
  EXPECT_EQ(deploy_at(second, "r2"), plain);
}

TEST_F(HostFlowTest, AppsOfBeforeKeepTheirHosts) {
  stop_all();
  write_old_app("acme", "shop");
  write_old_app("acme", "store");
  start();
  advance(3s);
  EXPECT_EQ(look("app/acme/shop")->url, "http://shop-acme.localhost:8080");
  EXPECT_EQ(host_of("app/acme/store"), "store-acme.localhost");
  EXPECT_TRUE(front->table.hosts.contains("shop-acme.localhost"));
  EXPECT_EQ(deploy_at("app/acme/shop", "r1"), "shop-acme.localhost");
  const auto kept = store->read("domains", 1, 100);
  ASSERT_EQ(kept->size(), 2u) << "both are claimed now";
  EXPECT_EQ(kept->at(0).event.type, "host_claimed");
  restart();
  EXPECT_EQ(store->read("domains", 1, 100)->size(), 2u) << "once";
  EXPECT_EQ(service_at("shop-acme.localhost"), "acme-shop-v1");
}

TEST_F(HostFlowTest, OfTwoAppsOfBeforeAtOneHostOneGetsAnother) {
  stop_all();
  write_old_app("a-b", "x");
  write_old_app("b", "x-a");
  start();
  advance(3s);
  const auto one = host_of(first), other = host_of(second);
  EXPECT_NE(one, other);
  EXPECT_TRUE(one == plain || other == plain) << one << ' ' << other;
  EXPECT_EQ(front->table.hosts.size(), 2u);
  EXPECT_EQ(deploy_at(first, "r1"), one);
  EXPECT_EQ(deploy_at(second, "r2"), other);
}

TEST_F(HostFlowTest, WithoutAClaimOnDiskNothingIsAccepted) {
  disk->refused = "domains";
  const auto refused = try_deploy(first, "r1");
  EXPECT_EQ(error_of(refused), ec::unavailable);
  EXPECT_EQ(error_of(look(first)), ec::not_found);
  EXPECT_TRUE(store->read(first, 1, 10)->empty());
  disk->refused.reset();
  EXPECT_EQ(deploy_at(first, "r1"), plain) << "the same request, later";
}

TEST_F(HostFlowTest, AnAppThatBeginsWithASecretHasAHostFromThenOn) {
  change_secrets set;
  set.set = {{"TOKEN", keys->seal({"a-b", "x", "TOKEN"}, "s3cr3t-value")}};
  set.meta = {"ada", "s1"};
  auto reply = ask(caf::actor_cast<app_actor>(at(first)), set);
  ASSERT_TRUE(get_soon<secret_list>(reply));
  EXPECT_EQ(host_of(first), plain);
  EXPECT_TRUE(deploy_at(second, "r1").starts_with("x-a-b-"));
  EXPECT_EQ(deploy_at(first, "r2"), plain);
}

TEST_F(HostFlowTest, WhatIsRefusedClaimsNothing) {
  start_deployment nothing;
  nothing.meta = {"ada", "r1"};
  auto reply = ask(caf::actor_cast<app_actor>(at(first)), nothing);
  EXPECT_EQ(error_of(get_soon<deployment_info>(reply)), ec::invalid_request);
  EXPECT_TRUE(store->read("domains", 1, 10)->empty());
  EXPECT_EQ(deploy_at(second, "r2"), plain);
}

} // namespace
