// Both neighbours of a release read what it wrote into the journal.

#include "actors/accounts.hpp"
#include "actors/app.hpp"
#include "actors/deployment.hpp"
#include "actors/domains.hpp"
#include "actors/incidents.hpp"
#include "actors/one_off.hpp"
#include "actors/quota.hpp"
#include "tests/actors/journal_of_3e9b720.hpp"
#include "tests/actors/recorded_by_3e9b720.hpp"
#include "tests/support/deploy_flow.hpp"
#include "tests/support/sample.hpp"

#include <boost/mp11.hpp>

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
namespace mp11 = boost::mp11;

namespace {

// -- the release before ---------------------------------------------------------------------------

std::vector<recorded_event> records(std::span<const test::kept_record> of
                                    = test::journal_of_3e9b720) {
  std::vector<recorded_event> result;
  std::map<std::string, uint64_t> versions;
  for (const auto& [stream, type, body] : of)
    result.push_back({stream, ++versions[stream], result.size() + 1, {type, body, {}, {}}});
  return result;
}

/// What today's entity makes of a stream of then.
template <class Event, class State>
State read(State s, const std::string& stream) {
  for (const auto& x : records()) {
    if (x.stream != stream)
      continue;
    const auto event = decode_event<Event>(x);
    EXPECT_TRUE(event) << render(test::error_of(event));
    if (event)
      std::visit([&](const auto& e) { apply(s, e); }, *event);
  }
  return s;
}

std::string id_of(int number) {
  return "01JK000000000000000000000" + std::to_string(number);
}

start_deployment first_request() {
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.source.ref = "main";
  x.config = app_config{};
  x.config->env = std::map<std::string, std::string>{{"GREETING", "hello"}};
  x.config->scaling = scaling_config{};
  x.config->scaling->min = 2;
  x.meta = {"ada", "r1"};
  return x;
}

TEST(KeptEventsTest, AnAppOf3e9b720IsWhatItWas) {
  const auto s = read<app_event>(app_state{}, "app/acme/shop");
  EXPECT_TRUE(s.exists);
  EXPECT_EQ(s.url, "http://shop-acme.localhost:8080");
  EXPECT_EQ(s.last_number, 5u);
  ASSERT_TRUE(s.live);
  EXPECT_EQ(s.live->number, 4u);
  EXPECT_EQ(s.live->image, "registry/acme/shop@sha256:4");
  EXPECT_EQ(s.live->port, 3000);
  EXPECT_EQ(s.live->watch, 0s);
  EXPECT_FALSE(s.standby) << "nobody watched then";
  ASSERT_EQ(s.releases.size(), 2u);
  EXPECT_EQ(s.releases[0].config.scaling->min, 2u);
  EXPECT_EQ(s.releases[0].config.env->at("GREETING"), "hello");
  EXPECT_EQ(s.retiring, (std::set<uint32_t>{3}));
  EXPECT_EQ(s.deploying, id_of(5));
  EXPECT_FALSE(s.queued);
  EXPECT_EQ(s.open.size(), 1u);
  EXPECT_TRUE(s.superseded.empty());
}

TEST(KeptEventsTest, ARequestOf3e9b720IsTheSameRequestStill) {
  const auto s = read<app_event>(app_state{}, "app/acme/shop");
  const auto again = decide(s, first_request(), moment{caf::timestamp{}, "new"});
  ASSERT_TRUE(again) << render(test::error_of(again));
  EXPECT_TRUE(again->empty());
  EXPECT_EQ(answer(s, first_request())->id, id_of(1));
  auto other = first_request();
  other.config->env->at("GREETING") = "bye";
  EXPECT_EQ(test::error_of(decide(s, other, moment{caf::timestamp{}, "new"})), ec::conflict);
  EXPECT_EQ(to_json_text(s.requests).find("GREETING"), std::string::npos)
    << "a fingerprint holds no values";
}

TEST(KeptEventsTest, AnAppThatWasDestroyedIsGone) {
  const auto s = read<app_event>(app_state{}, "app/acme/old");
  EXPECT_FALSE(s.exists);
  EXPECT_FALSE(s.live);
  EXPECT_EQ(s.last_number, 1u);
  EXPECT_EQ(s.retiring, (std::set<uint32_t>{1}));
  EXPECT_TRUE(s.requests.contains("x1"));
}

TEST(KeptEventsTest, DeploymentsOf3e9b720AreWhatTheyWere) {
  const auto of = [](int number) {
    return read<deployment_event>(deployment_data{}, "deployment/" + id_of(number));
  };
  const auto failed = of(2);
  EXPECT_EQ(failed.info.state, deployment_state::failed);
  ASSERT_TRUE(failed.info.error);
  EXPECT_EQ(failed.info.error->code, cause::build_failed);
  EXPECT_EQ(failed.info.error->evidence, (std::vector<std::string>{"npm ERR! 404"}));
  EXPECT_EQ(of(3).info.state, deployment_state::superseded);
  EXPECT_EQ(of(3).info.superseded_by, caf::optional<std::string>{id_of(4)});
  const auto good = of(4);
  EXPECT_EQ(good.info.state, deployment_state::succeeded);
  EXPECT_EQ(good.info.image, caf::optional<std::string>{"registry/acme/shop@sha256:4"});
  EXPECT_EQ(good.config.build->command, caf::optional<std::string>{"npm run build"});
  ASSERT_TRUE(good.info.plan);
  EXPECT_EQ(good.info.plan->install, (std::vector<std::string>{"npm ci"}));
  EXPECT_EQ(good.info.steps.size(), 6u);
  const auto open = of(5);
  const step_run building{deployment_state::building, 1, canary_stage::none};
  EXPECT_EQ(next(open), building);
  EXPECT_EQ(open.config.env->at("TZ"), "UTC");
}

TEST(KeptEventsTest, TokensOf3e9b720AreGoodForWhatTheyWere) {
  const auto s = read<accounts_event>(accounts_data{}, "accounts");
  EXPECT_EQ(s.tokens.at("t-root").owner.may, permission::operate);
  EXPECT_EQ(s.tokens.at("t-ada").owner.may, permission::manage);
  EXPECT_EQ(s.tokens.at("t-ada").hash, "$argon2id$ada");
}

/// Its journal under today's actors.
class KeptJournalTest : public test::deploy_flow {
protected:
  void SetUp() override {
    for (const auto& x : records())
      ASSERT_TRUE(store->append({x.stream, x.version - 1, {x.event}}));
    std::filesystem::create_directories(folder.path() / work_name("acme", id_of(5))
                                        / "source"); // it was fetched
    deploy_flow::SetUp();
  }
};

TEST_F(KeptJournalTest, ItsAppsServeAndItsOpenDeploymentGoesOn) {
  EXPECT_EQ(end_of(id_of(5)).state, deployment_state::succeeded);
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_app{});
  const auto shop = get_soon<app_info>(reply);
  ASSERT_TRUE(shop) << render(test::error_of(shop));
  ASSERT_TRUE(shop->live);
  EXPECT_EQ(shop->live->number, 5u);
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_EQ(state_of(id_of(2)).state, deployment_state::failed);
}

/// A journal that its program wrote, under today's actors: what became of its app and deployments.
struct recorded_case {
  const char* name;
  uint32_t live;                         ///< The number of the release; 0: none.
  std::map<deployment_state, int> ended; ///< How many deployments came to each end.
};

std::ostream& operator<<(std::ostream& out, const recorded_case& x) {
  return out << x.name;
}

class RecordedJournalTest : public test::deploy_flow,
                            public ::testing::WithParamInterface<recorded_case> {
protected:
  const std::vector<recorded_event> all = records(test::recorded_by_3e9b720.at(GetParam().name));

  void SetUp() override {
    for (const auto& x : all)
      ASSERT_TRUE(store->append({x.stream, x.version - 1, {x.event}}));
    engine->set_autorun(true);
    if (const auto release = GetParam().live) { // its program had made that
      service_spec serving;
      serving.name = "acme-shop-v" + std::to_string(release);
      serving.tenant = "acme";
      serving.app = "shop";
      serving.release = release;
      serving.image = "registry/acme/shop@sha256:1";
      ASSERT_TRUE(engine->ensure_service(serving));
    }
    deploy_flow::SetUp();
  }
};

TEST_P(RecordedJournalTest, IsUnderstoodAndGoesOn) {
  std::set<std::string> ids;
  for (const auto& x : all)
    if (x.stream.starts_with("deployment/"))
      ids.insert(x.stream.substr(x.stream.find('/') + 1));
  std::map<deployment_state, int> ended;
  for (const auto& id : ids)
    ++ended[end_of(id).state];
  EXPECT_EQ(ended, GetParam().ended);
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_app{});
  const auto shop = get_soon<app_info>(reply);
  EXPECT_EQ(shop && shop->live ? shop->live->number : 0, GetParam().live);
  EXPECT_EQ(upstreams(), GetParam().live ? 1u : 0u);
  const auto next = end_of(deploy("next"));
  EXPECT_EQ(next.state, deployment_state::succeeded) << (next.error ? next.error->message : "");
  EXPECT_GT(next.release, GetParam().live);
  EXPECT_EQ(upstreams(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
  All, RecordedJournalTest,
  ::testing::Values(
    recorded_case{"deployed", 1, {{deployment_state::succeeded, 1}}},
    recorded_case{"redeployed", 2, {{deployment_state::succeeded, 2}}},
    recorded_case{
      "build_failed", 1, {{deployment_state::succeeded, 1}, {deployment_state::failed, 1}}},
    recorded_case{
      "unhealthy", 1, {{deployment_state::succeeded, 1}, {deployment_state::failed, 1}}},
    recorded_case{"amid_verifying", 1, {{deployment_state::succeeded, 1}}},
    recorded_case{"cancelled", 0, {{deployment_state::cancelled, 1}}},
    recorded_case{
      "superseded", 3, {{deployment_state::succeeded, 2}, {deployment_state::superseded, 1}}},
    recorded_case{"destroyed", 0, {{deployment_state::succeeded, 1}}}),
  [](const auto& x) { return std::string{x.param.name}; });

// -- the next release -----------------------------------------------------------------------------

/// *x* as the next release might write it: with a key that nobody knows in each object that is a
/// struct. The keys of a map are somebody's words and stay.
void add_unknown_keys(boost::json::value& x, const boost::json::object& schema) {
  if (auto* object = x.if_object()) {
    const auto* fields = schema.if_contains("properties");
    for (auto& item : *object)
      add_unknown_keys(
        item.value(),
        (fields ? fields->at(item.key()) : schema.at("additionalProperties")).as_object());
    if (fields)
      (*object)["of_the_next_release"] = {{"a", 1}, {"b", {nullptr, "c"}}};
  } else if (auto* items = x.if_array()) {
    for (auto& item : *items)
      add_unknown_keys(item, schema.at("items").as_object());
  }
}

/// Calls f(Event, T) for each T that an entity's Event may be.
template <class F>
void for_each_event(F f) {
  const auto each = [&]<class Event>(std::type_identity<Event> event) {
    mp11::mp_for_each<mp11::mp_transform<std::type_identity, Event>>(
      [&](auto type) { f(event, type); });
  };
  using entities = mp11::mp_list<app_event, deployment_event, accounts_event, quota_event,
                                 domains_event, one_off_event, incident_event>;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, entities>>(each);
}

/// What *Event* makes of a T that was kept as *body*, if it is one.
template <class Event, class T>
const T* decoded(const std::string& body, caf::expected<Event>& to) {
  to = decode_event<Event>(journal_event{std::string{type_name<T>}, body, {}, {}});
  return to ? std::get_if<T>(&*to) : nullptr;
}

TEST(KeptEventsTest, EveryEventOfTheNextReleaseIsReadWithoutWhatIsNewInIt) {
  for_each_event([]<class Event, class T>(std::type_identity<Event>, std::type_identity<T>) {
    const auto event = test::sampler{}.make<T>();
    auto next = boost::json::parse(encode_event(Event{event}, {}, {}).body);
    add_unknown_keys(next, json_codec<T>::schema());
    const auto text = boost::json::serialize(next);
    ASSERT_NE(text.find("of_the_next_release"), std::string::npos);
    caf::expected<Event> read{caf::error{}};
    const auto* kept = decoded<Event, T>(text, read);
    ASSERT_TRUE(kept) << type_name<T> << ' ' << render(test::error_of(read));
    EXPECT_EQ(*kept, event) << type_name<T>;
  });
}

TEST(KeptEventsTest, WhatAnEventDoesNotSayIsAsByDefault) {
  for_each_event([]<class Event, class T>(std::type_identity<Event>, std::type_identity<T>) {
    caf::expected<Event> read{caf::error{}};
    const auto* kept = decoded<Event, T>("{}", read);
    ASSERT_TRUE(kept) << type_name<T> << ' ' << render(test::error_of(read));
    EXPECT_EQ(*kept, T{}) << type_name<T>;
  });
}

TEST(KeptEventsTest, WhatIsNoneOfOursIsAnErrorThatSaysWhere) {
  const auto why = [](const std::string& type, const std::string& body) {
    const auto event
      = decode_event<app_event>(recorded_event{"app/acme/shop", 7, 1, {type, body, {}, {}}});
    EXPECT_EQ(test::error_of(event), ec::internal);
    return render(test::error_of(event));
  };
  for (const auto& text :
       {why("app_renamed", "{}"), why("release_retired", R"({"number":"one"})"),
        why("deployment_concluded", R"({"state":"paused"})"), why("release_retired", "nonsense")})
    EXPECT_NE(text.find("event 7 of app/acme/shop"), std::string::npos) << text;
  EXPECT_NE(why("app_renamed", "{}").find("app_renamed"), std::string::npos);
}

} // namespace
