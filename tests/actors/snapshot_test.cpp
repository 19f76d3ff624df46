#include "actors/accounts.hpp"
#include "actors/app.hpp"
#include "actors/deployment.hpp"
#include "actors/domains.hpp"
#include "actors/quota.hpp"
#include "actors/snapshot.hpp"
#include "protocol/config_problem.hpp"
#include "tests/support/description.hpp"
#include "tests/support/sample.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

using namespace backendim;

namespace {

template <class State, class Event>
void apply_all(State& s, const std::vector<Event>& events, size_t from = 0) {
  for (size_t i = from; i < events.size(); ++i)
    std::visit([&](const auto& x) { apply(s, x); }, events[i]);
}

/// Makes histories that the entities themselves could have made, a different one for each seed.
class history {
public:
  explicit history(uint32_t seed) : random_{seed} {}

  std::vector<app_event> app(app_state s, size_t commands) {
    std::vector<app_event> result;
    for (size_t i = 0; i < commands; ++i) {
      const moment m{at(), "D" + std::to_string(i)};
      switch (roll(11)) {
        case 0:
        case 1:
        case 2: {
          auto x = any_.make<start_deployment>();
          x.meta.request_id = "r" + std::to_string(roll(3) == 0 ? roll(10) : 100 + i);
          x.source.git = caf::none;
          x.source.release = caf::none;
          x.config = allowed_config();
          add(s, result, decide(s, x, m));
          break;
        }
        case 3: add(s, result, decide(s, destroy_app{{"ada", "x" + std::to_string(i)}}, m)); break;
        case 4:
          if (!s.retiring.empty())
            add(s, result, decide(s, conclude_retirement{*s.retiring.begin(), {}}, m));
          break;
        case 5:
          add(s, result, decide(s, end_watch{s.live ? s.live->number : 0, {}}, m));
          add(s, result,
              decide(
                s,
                set_maintenance{roll(2) == 0, std::string{"m"}, {"ada", "m" + std::to_string(i)}},
                m));
          break;
        case 6:
          add(s, result,
              decide(s, revert_release{s.live ? s.live->number : 0, any_.make<failure>(), {}}, m));
          add(s, result, decide(s, stop_app{{"ada", "s" + std::to_string(i)}}, m));
          break;
        default:
          if (!s.open.empty()) {
            auto x = any_.make<conclude_deployment>();
            x.id = std::next(s.open.begin(), static_cast<int>(roll(s.open.size())))->first;
            if (roll(2) == 0)
              x.made = caf::none;
            add(s, result, decide(s, x, m));
          }
      }
      if (roll(5) == 0)
        add(s, result, decide(s, any_.make<note_host>(), m));
      if (roll(3) == 0)
        add(s, result,
            decide(s, start_one_off{{"true"}, 60u, {"ada", "o" + std::to_string(i)}}, m));
      if (roll(3) == 0 && !s.one_offs.empty()) {
        auto x = any_.make<conclude_one_off>();
        x.what.id = s.one_offs.begin()->first;
        add(s, result, decide(s, x, m));
      }
    }
    return result;
  }

  /// Something in each setting; others are refused.
  app_config allowed_config() {
    auto x = any_.make<app_config>();
    const auto some = [&](size_t most) { return std::to_string(1 + roll(most)); };
    x.name = "shop";
    x.runtime = "node@" + some(30);
    x.port = static_cast<uint16_t>(1 + roll(65'535));
    x.env = std::map<std::string, std::string>{{"A" + some(9), "v" + some(100)}};
    x.build->command = "make v" + some(100);
    x.build->secrets = std::vector<std::string>{"S" + some(100)};
    x.start = "run v" + some(100);
    x.health_check = "/" + some(100);
    x.scaling->min = static_cast<uint32_t>(1 + roll(5));
    x.scaling->max = *x.scaling->min + static_cast<uint32_t>(roll(5));
    x.scaling->cpu_threshold = static_cast<uint32_t>(1 + roll(100));
    x.deploy = deploy_config{};
    x.deploy->watch = static_cast<uint32_t>(roll(100));
    x.deploy->healthy_deadline = static_cast<uint32_t>(1 + roll(100));
    x.deploy->release_command = "migrate v" + some(100);
    x.deploy->strategy = deploy_strategy::canary;
    x.deploy->canary = canary_config{};
    x.deploy->canary->weight = some(99) + "%";
    x.secrets = std::vector<std::string>{"F" + some(100)};
    x.edge = edge_rules{};
    x.edge->max_body = some(100) + "MB";
    x.writable = std::vector<std::string>{"/data/" + some(100)};
    EXPECT_FALSE(problem_in(x)) << to_json_text(x);
    return x;
  }

  std::vector<deployment_event> deployment() {
    deployment_data s;
    std::vector<deployment_event> result;
    add(s, result, decide(s, any_.make<create_deployment>(), {at(), ""}));
    for (int i = 0; i < 12 && !has_ended(s); ++i) {
      const moment m{at(), ""};
      auto done = any_.make<complete_step>();
      done.step = s.info.state;
      if (roll(8) != 0)
        done.error = caf::none;
      if (roll(12) == 0)
        add(s, result, decide(s, cancel_deployment{}, m));
      else if (roll(12) == 0)
        add(s, result, decide(s, supersede_deployment{"D9", {}}, m));
      else if (s.info.state == deployment_state::queued)
        add(s, result, decide(s, begin_deployment{}, m));
      else if (s.info.state == deployment_state::verifying && !s.info.canary && roll(2) == 0)
        add(s, result, decide(s, begin_canary{7, {}}, m));
      else if (stage_of(s) == canary_stage::serving && roll(4) == 0)
        add(s, result, decide(s, promote_deployment{{"ada", "p"}}, m));
      else if (stage_of(s) == canary_stage::serving)
        add(s, result, decide(s, any_.make<judge_canary>(), m));
      else
        add(s, result, decide(s, done, m));
    }
    return result;
  }

  std::vector<accounts_event> accounts() {
    accounts_data s;
    std::vector<accounts_event> result;
    for (int i = 0; i < 8; ++i)
      result.emplace_back(any_.make<token_created>());
    apply_all(s, result);
    const principal root{"root", "main", permission::operate};
    for (int i = 0; i < 40; ++i) {
      const moment m{at(), ""};
      const auto id = std::to_string(i);
      const std::string tenant = roll(2) == 0 ? "acme" : "other";
      const auto user = "u" + std::to_string(roll(4));
      const auto as = static_cast<role>(1 + roll(4));
      switch (roll(5)) {
        case 4:
          add(s, result, decide(s, revoke_token{std::to_string(roll(40)), {"root", id}}, m));
          break;
        case 0:
          add(s, result, decide(s, create_tenant{tenant, user, id, "h", {"root", id}}, m));
          break;
        case 1:
          add(s, result, decide(s, add_member{tenant, user, as, id, "h", root, {"root", id}}, m));
          break;
        case 2:
          add(s, result, decide(s, change_member{tenant, user, as, root, {"root", id}}, m));
          break;
        default:
          add(s, result, decide(s, change_member{tenant, user, caf::none, root, {"root", id}}, m));
      }
    }
    return result;
  }

  std::vector<quota_event> quota() {
    quota_data s;
    std::vector<quota_event> result;
    for (int i = 0; i < 40; ++i) {
      const moment m{at(), ""};
      const auto app = "a" + std::to_string(roll(4));
      const auto tasks = static_cast<uint32_t>(roll(5));
      switch (roll(5)) {
        case 0: add(s, result, decide(s, claim_tasks{app, tasks, {}}, m)); break;
        case 3: add(s, result, decide(s, note_disk{uint64_t{roll(9)} << 20, {}}, m)); break;
        case 1: add(s, result, decide(s, note_tasks{app, tasks, roll(2) == 0, {}}, m)); break;
        case 2: add(s, result, decide(s, forget_app{app, {}}, m)); break;
        default: add(s, result, decide(s, set_quota{any_.make<quota_limits>(), {}}, m));
      }
    }
    return result;
  }

  std::vector<domains_event> domains() {
    domains_data s;
    std::vector<domains_event> result;
    for (int i = 0; i < 60; ++i) {
      const moment m{at(), ""};
      const auto domain = "d" + std::to_string(roll(3)) + ".test";
      const auto tenant = "t" + std::to_string(roll(2)), app = "a" + std::to_string(roll(2));
      const auto known = domain_of(s, domain, tenant, app);
      const auto token = known ? known->value.substr(known->value.find('=') + 1) : "";
      const auto proof = roll(2) == 0 ? domain_proof::txt : domain_proof::http;
      switch (roll(6)) {
        case 3: add(s, result, decide(s, claim_host{tenant, app, "test", {}}, m)); break;
        case 0:
          add(s, result, decide(s, prove_domain{domain, tenant, app, token, proof, {}}, m));
          break;
        case 1: add(s, result, decide(s, release_domain{domain, tenant, app, {}}, m)); break;
        case 2: add(s, result, decide(s, keep_domains{tenant, app, caf::none, {}}, m)); break;
        default:
          add(s, result,
              decide(s, claim_domain{domain, tenant, app, at(), std::to_string(i), {}}, m));
      }
    }
    return result;
  }

  size_t roll(size_t sides) { return random_() % sides; }

private:
  template <class State, class Event>
  static void add(State& s, std::vector<Event>& to, const caf::expected<std::vector<Event>>& more) {
    if (!more)
      return; // refused
    apply_all(s, *more);
    to.insert(to.end(), more->begin(), more->end());
  }

  caf::timestamp at() { return caf::timestamp{std::chrono::seconds{1'000 + ++seconds_}}; }

  std::mt19937 random_;
  test::sampler any_;
  int seconds_ = 0;
};

/// From a snapshot at any place of it, the rest of a history leads where all of it leads.
template <class Entity>
void check_snapshots(const typename Entity::state& initial,
                     const std::vector<typename Entity::event>& events) {
  test::check_description(initial); // what is not described would be lost
  auto whole = initial;
  apply_all(whole, events);
  auto part = initial;
  for (size_t at = 0; at < events.size(); ++at) {
    std::visit([&](const auto& x) { apply(part, x); }, events[at]);
    const auto kept = make_snapshot<Entity>("s", at + 1, part);
    auto back = read_snapshot<Entity>(kept);
    ASSERT_TRUE(back) << kept.body;
    apply_all(*back, events, at + 1);
    ASSERT_EQ(to_json_text(*back), to_json_text(whole)) << "from event " << at;
  }
}

TEST(SnapshotTest, OfAnAppLeadsWhereItsHistoryLeads) {
  app_state fresh;
  fresh.tenant = "acme";
  fresh.app = "shop";
  fresh.url = "http://shop-acme.localhost";
  size_t longest = 0;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    history of{seed};
    const auto events = of.app(fresh, 60);
    longest = std::max(longest, events.size());
    check_snapshots<app_entity>(fresh, events);
  }
  EXPECT_GT(longest, 30u);
}

TEST(SnapshotTest, OfADeploymentLeadsWhereItsHistoryLeads) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    check_snapshots<deployment_entity>({}, history{seed}.deployment());
  }
}

TEST(SnapshotTest, OfAccountsLeadsWhereItsHistoryLeads) {
  check_snapshots<accounts_entity>({}, history{1}.accounts());
}

TEST(SnapshotTest, OfAQuotaLeadsWhereItsHistoryLeads) {
  check_snapshots<quota_entity>({}, history{1}.quota());
}

TEST(SnapshotTest, OfTheDomainsLeadsWhereTheirHistoryLeads) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    check_snapshots<domains_entity>({}, history{seed}.domains());
  }
}

struct first_state {
  std::string a;
};
BOOST_DESCRIBE_STRUCT(first_state, (), (a))

struct second_state {
  std::string a;
  caf::optional<std::string> b; // the JSON of the first one would fit
};
BOOST_DESCRIBE_STRUCT(second_state, (), (a, b))

template <class State, uint32_t Number>
struct entity {
  using state = State;
  static constexpr const char* name = "thing";
  static constexpr uint32_t snapshot = Number;
};

TEST(SnapshotTest, OfAnotherFormIsNone) {
  const auto kept = make_snapshot<entity<first_state, 1>>("s", 1, {"x"});
  EXPECT_TRUE((read_snapshot<entity<first_state, 1>>(kept)));
  EXPECT_FALSE((read_snapshot<entity<first_state, 2>>(kept))) << "it means something else now";
  EXPECT_FALSE((read_snapshot<entity<second_state, 1>>(kept))) << "its fields are others now";
}

} // namespace
