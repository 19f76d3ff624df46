#include "actors/app_driver.hpp"
#include "actors/domain_lookup.hpp"
#include "actors/domains_driver.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "protocol/event_codec.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

const std::string name = "shop.example.com";

/// Uses each table at once.
class instant_edge : public edge {
public:
  route_table table;
  std::vector<std::string> awaited;
  void publish(route_table x, std::function<void()> used) override {
    table = std::move(x);
    used();
  }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
  void when_reachable(const std::string& host, std::function<void(caf::error)> done) override {
    awaited.push_back(host);
    done({});
  }
};

class no_probes : public prober {
public:
  void probe(const probe_request&, std::function<void(probe_result)> done) override { done({}); }
};

class memory_in_memory : public route_memory {
public:
  gateway_info table;
  gateway_info last() override { return table; }
  void keep(gateway_info x) override { table = std::move(x); }
};

class scripted_inspector : public domain_inspector {
public:
  std::map<std::string, domain_finding> world; ///< By domain.
  std::vector<examine_domain> asked;
  domain_finding look(const examine_domain& x, std::chrono::milliseconds,
                      std::stop_token) override {
    asked.push_back(x);
    return world[x.domain];
  }
};

/// Apps, the domains and the gateway, with a journal, an edge and a world of names in memory.
class DomainsDriverTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  std::shared_ptr<instant_edge> front = std::make_shared<instant_edge>();
  std::shared_ptr<memory_in_memory> remembered = std::make_shared<memory_in_memory>();
  std::shared_ptr<scripted_inspector> eyes = std::make_shared<scripted_inspector>();
  journal_actor journal;
  gateway_actor gate;
  ingress_actor door;
  int tokens = 0;
  int requests = 0;

  void SetUp() override {
    journal = spawn(journal_writer, journal_writer_config{}, store);
    for (const auto& [tenant, app] :
         {std::pair{"acme", "shop"}, {"acme", "store"}, {"evil", "trap"}})
      create(tenant, app, 1'000h);
    start();
  }

  void create(const std::string& tenant, const std::string& app, std::chrono::hours at) {
    const app_event event{
      app_created{tenant, app, "http://" + app + "-" + tenant + ".apps.test", caf::timestamp{at}}};
    auto reply = ask(journal, append_events{"app/" + tenant + "/" + app,
                                            0,
                                            {encode_event(event, {"", "r"}, caf::timestamp{at})}});
    ASSERT_TRUE(soon<events_appended>(reply));
  }

  void start() {
    front->table = {};
    const domains_policy policy{"apps.test", {"kept.example.com"}};
    ingress_context paths;
    paths.journal = journal;
    paths.wakes = {path_kind::app, path_kind::domains};
    paths.kinds[path_kind::app] = [this, policy](const ingress_actor& me, const auto& x) {
      app_context context{{},
                          journal,
                          me,
                          gate,
                          {},
                          {},
                          {"apps.test", ""},
                          std::make_shared<const domains_policy>(policy)};
      return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(app, context, x[0], x[1]));
    };
    paths.kinds[path_kind::domains] = [this, policy](const ingress_actor& me, const auto&) {
      domains_context context{
        {},
        journal,
        me,
        gate,
        [this](std::stop_token stop) { return system.spawn(domain_lookup, eyes, stop); },
        [this] { return "t" + std::to_string(++tokens); },
        policy};
      return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(domains, context));
    };
    door = system.spawn(ingress, paths);
    gateway_context context{{}, door, front, std::make_shared<no_probes>()};
    context.memory = remembered;
    gate = system.spawn(gateway, context);
    advance(1s); // a table that took long to make is followed by a pause
  }

  /// Ends them all as a kill would: nobody gets to say anything.
  void stop() {
    std::vector<caf::strong_actor_ptr> all{caf::actor_cast<caf::strong_actor_ptr>(gate)};
    auto reply = ask(door, list_actors{"", "", 1'000});
    const auto listed = soon<actor_list>(reply);
    ASSERT_TRUE(listed);
    for (const auto& x : listed->items)
      all.push_back(at(x.path));
    self->send_exit(door, caf::exit_reason::user_shutdown);
    for (const auto& x : all)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    scheduler.run();
    gate = nullptr;
    door = nullptr;
  }
  void TearDown() override {
    stop();
    actor_test::TearDown();
  }

  caf::strong_actor_ptr at(const std::string& path) {
    auto reply = ask(door, resolve_path{path});
    auto found = soon<caf::strong_actor_ptr>(reply);
    return found ? *found : nullptr;
  }

  /// What comes within some seconds.
  template <class T, class Reply>
  caf::expected<T> soon(Reply& reply) {
    for (int i = 0; i < 50 && !reply_waits(); ++i)
      advance(100ms);
    caf::expected<T> result{caf::sec::request_timeout};
    if (reply_waits())
      reply.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  template <class Reply, class Message>
  caf::expected<Reply> of(const std::string& app, Message x) {
    auto reply = ask(caf::actor_cast<app_actor>(at("app/" + app)), std::move(x));
    auto result = soon<Reply>(reply);
    advance(100ms); // what follows from it
    return result;
  }
  request_meta meta() { return {"ada", "r" + std::to_string(++requests)}; }
  caf::expected<domain_info> add(const std::string& app, const std::string& domain = name) {
    return of<domain_info>(app, add_domain{domain, meta()});
  }
  caf::expected<domain_report> verify(const std::string& app, const std::string& domain = name) {
    return of<domain_report>(app, verify_domain{domain, meta()});
  }
  void own(const std::string& app) {
    const auto wanted = add(app);
    ASSERT_TRUE(wanted) << render(wanted.error());
    eyes->world[name].texts = {wanted->value};
    const auto found = verify(app);
    ASSERT_TRUE(found) << render(found.error());
    ASSERT_EQ(found->what.state, domain_state::verified);
  }
  bool serves(const std::string& domain = name) { return front->table.hosts.contains(domain); }
  std::string page() { return front->table.hosts.at(name).page_title; }
};

TEST_F(DomainsDriverTest, ADomainServesFromItsProofOn) {
  const auto wanted = add("acme/shop", "Shop.Example.COM.");
  ASSERT_TRUE(wanted) << render(wanted.error());
  EXPECT_EQ(wanted->domain, name);
  EXPECT_EQ(wanted->value, "backend-im=t1");
  EXPECT_EQ(wanted->host, "shop-acme.apps.test");
  EXPECT_FALSE(serves());
  eyes->world[name].texts = {"v=spf1", "backend-im=t2"};
  auto found = verify("acme/shop", "SHOP.example.com");
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->what.state, domain_state::pending);
  EXPECT_EQ(found->expected, "backend-im=t1");
  EXPECT_EQ(found->found, (std::vector<std::string>{"v=spf1", "backend-im=t2"}));
  EXPECT_NE(found->next.find("shop-acme.apps.test"), std::string::npos) << found->next;
  EXPECT_FALSE(serves());
  eyes->world[name].texts.push_back("backend-im=t1");
  found = verify("acme/shop");
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->what.state, domain_state::verified);
  EXPECT_EQ(found->what.proof, domain_proof::txt);
  EXPECT_TRUE(serves());
  EXPECT_EQ(page(), front->table.hosts.at("shop-acme.apps.test").page_title);
  EXPECT_EQ(front->awaited.back(), name) << "it is asked whether requests find their way";
  EXPECT_EQ(of<app_info>("acme/shop", get_app{})->domains, std::vector<std::string>{name});
  const auto looks = eyes->asked.size();
  EXPECT_TRUE(verify("acme/shop"));
  EXPECT_EQ(eyes->asked.size(), looks) << "it is verified";
}

TEST_F(DomainsDriverTest, ThatItLeadsHereIsEnoughWhileNobodyElseWantsIt) {
  ASSERT_TRUE(add("acme/shop"));
  eyes->world[name].leads_here = true;
  ASSERT_TRUE(add("evil/trap"));
  auto found = verify("evil/trap");
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->what.state, domain_state::pending);
  EXPECT_FALSE(eyes->asked.back().http);
  EXPECT_NE(found->next.find("not enough for this domain"), std::string::npos) << found->next;
  ASSERT_TRUE(of<domain_list>("evil/trap", remove_domain{name, meta()}));
  found = verify("acme/shop");
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->what.proof, domain_proof::http);
  EXPECT_TRUE(serves());
}

TEST_F(DomainsDriverTest, WhatCannotBeLookedUpIsNoProofAndIsSaid) {
  ASSERT_TRUE(add("acme/shop"));
  eyes->world[name].texts_trouble = "timed_out: Timeout while contacting DNS servers";
  eyes->world[name].addresses = {"203.0.113.7"};
  const auto found = verify("acme/shop");
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(found->what.state, domain_state::pending);
  EXPECT_NE(found->detail.find("Timeout"), std::string::npos) << found->detail;
  EXPECT_NE(found->detail.find("203.0.113.7"), std::string::npos) << found->detail;
}

TEST_F(DomainsDriverTest, OnlyItsAppsOwnTenantHasToDoWithIt) {
  own("acme/shop");
  const auto refused = add("evil/trap");
  EXPECT_EQ(error_of(refused), ec::conflict);
  EXPECT_EQ(render(refused.error()).find("acme"), std::string::npos) << render(refused.error());
  EXPECT_EQ(error_of(verify("evil/trap")), ec::not_found);
  EXPECT_EQ(error_of(of<domain_list>("evil/trap", remove_domain{name, meta()})), ec::not_found);
  EXPECT_TRUE(of<domain_list>("evil/trap", get_domains{})->items.empty());
  EXPECT_TRUE(serves());
  for (const auto* reserved : {"shop-acme.apps.test", "apps.test", "kept.example.com", "localhost"})
    EXPECT_EQ(error_of(add("evil/trap", reserved)), ec::invalid_request) << reserved;
  EXPECT_EQ(error_of(add("evil/ghost", "free.example.com")), ec::not_found) << "there is no app";
}

TEST_F(DomainsDriverTest, ARestartKeepsIt) {
  own("acme/shop");
  stop();
  start();
  advance(20s); // what the gateway remembered is forgotten
  EXPECT_TRUE(serves());
  EXPECT_EQ(of<app_info>("acme/shop", get_app{})->domains, std::vector<std::string>{name});
}

/// The table of the last start is a hint that may be older than the journal.
TEST_F(DomainsDriverTest, ADomainThatWasRemovedDoesNotComeBackWithTheTableOfBefore) {
  own("acme/shop");
  const auto old_table = remembered->table;
  ASSERT_TRUE(of<domain_list>("acme/shop", remove_domain{name, meta()}));
  EXPECT_FALSE(serves());
  EXPECT_FALSE(of<app_info>("acme/shop", get_app{})->domains);
  stop();
  remembered->table = old_table;
  start();
  EXPECT_FALSE(serves());
  own("evil/trap");
  stop();
  remembered->table = old_table;
  start();
  ASSERT_TRUE(serves());
  EXPECT_EQ(page(), front->table.hosts.at("trap-evil.apps.test").page_title);
}

TEST_F(DomainsDriverTest, AnAppTakesItsDomainsWithIt) {
  own("acme/shop");
  ASSERT_TRUE(of<app_removed>("acme/shop", destroy_app{meta()}));
  EXPECT_FALSE(serves());
  own("evil/trap");
  EXPECT_TRUE(serves());
}

/// The platform died between the two events.
TEST_F(DomainsDriverTest, AnAppThatWasDestroyedBeforeARestartTakesThemThen) {
  own("acme/shop");
  stop();
  const app_event event{app_destroyed{"x", caf::timestamp{2'000h}}};
  auto known = ask(journal, get_stream{"app/acme/shop", 1, 100});
  const auto version = soon<recorded_events>(known)->events.back().version;
  auto reply = ask(
    journal, append_events{
               "app/acme/shop", version, {encode_event(event, {"", "x"}, caf::timestamp{2'000h})}});
  ASSERT_TRUE(soon<events_appended>(reply));
  start();
  advance(20s);
  EXPECT_FALSE(serves());
  own("evil/trap");
}

TEST_F(DomainsDriverTest, OfManyLooksAtOnceATenantHasTwo) {
  for (const auto* domain : {"a.example.com", "b.example.com", "c.example.com"})
    ASSERT_TRUE(add("acme/shop", domain));
  const auto whom = caf::actor_cast<domains_actor>(at("domains"));
  std::vector<caf::error> refused;
  const auto looks = [&](const char* domain) {
    return self->request(whom, 60s, check_domain{domain, "acme", "shop", meta()});
  };
  auto a = looks("a.example.com"), b = looks("b.example.com"), c = looks("c.example.com");
  advance(1s);
  const auto note = [&](auto& reply) {
    reply.receive([](const domain_report&) {}, [&](caf::error& x) { refused.push_back(x); });
  };
  note(a);
  note(b);
  note(c);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused.front(), ec::over_quota);
  EXPECT_TRUE(verify("acme/shop", "c.example.com")) << "later it is its turn";
}

} // namespace
