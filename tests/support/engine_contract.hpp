#pragma once

#include "adapters/container_engine.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/event_recorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace backendim::test {

/// What the app in a contract test does.
enum class app_conduct {
  serve, ///< Listens on port 8080 of all addresses.
  talk,  ///< Writes "one" and "two", then goes on without a word.
  crash, ///< Exits with code 3.
  once,  ///< Writes "good" to stdout and "bad" to stderr, exits with code 3.
};

/// An engine and a way to have apps on it.
class engine_world {
public:
  virtual ~engine_world() = default;
  virtual std::shared_ptr<container_engine> engine() = 0;

  /// The image and command of an app.
  virtual service_spec app(app_conduct conduct) = 0;

  /// Words for what tests/support/fake_exec.hpp calls so.
  virtual std::vector<std::string> command(const std::string& name) = 0;

  /// How many processes of the command "sleep" there are in a container.
  virtual int sleepers(const std::string& container_id) = 0;

  /// Puts an image on the node that has one name, by digest, and returns it.
  virtual std::string add_image() = 0;

  /// Lets the running tasks of *service* do what they do. Real ones do it by themselves.
  virtual void play(const std::string&) {}
};

struct engine_case {
  const char* name;
  std::unique_ptr<engine_world> (*make)();
  friend void PrintTo(const engine_case& x, std::ostream* out) { *out << x.name; }
};

/// What every engine must do. The fake and the real one run all of it.
class EngineContract : public ::testing::TestWithParam<engine_case> {
protected:
  std::unique_ptr<engine_world> world;
  std::shared_ptr<container_engine> engine;
  std::string tenant;
  std::string name;
  std::unique_ptr<event_recorder> events;

  void SetUp() override {
    world = GetParam().make();
    engine = world->engine();
    static int count = 0;
    tenant = "contract" + std::to_string(++count);
    name = tenant + "-app-v7";
    events = std::make_unique<event_recorder>(engine);
    ASSERT_TRUE(events->wait([&] { return events->count("", engine_event::kind::resync) == 1; }));
  }

  void TearDown() override {
    EXPECT_TRUE(engine->remove_service(name));
    EXPECT_TRUE(networks_go());
  }

  /// Whether no network of a tenant without services stays.
  bool networks_go() {
    return events->wait([&] {
      const auto left = engine->remove_idle_networks();
      return left && *left == 0;
    });
  }

  service_spec spec_of(app_conduct conduct, uint32_t replicas = 1) {
    auto result = world->app(conduct);
    result.name = name;
    result.tenant = tenant;
    result.app = "app";
    result.release = 7;
    result.replicas = replicas;
    result.memory_bytes = 64u << 20;
    result.stop_grace = std::chrono::seconds{1};
    return result;
  }

  void start(app_conduct conduct, uint32_t replicas = 1) {
    const auto ensured = engine->ensure_network(tenant);
    ASSERT_TRUE(ensured) << render(ensured.error());
    const auto made = engine->ensure_service(spec_of(conduct, replicas));
    ASSERT_TRUE(made) << render(made.error());
  }

  std::vector<task_info> tasks() {
    auto result = engine->tasks(name);
    EXPECT_TRUE(result) << render(error_of(result));
    return result ? *result : std::vector<task_info>{};
  }

  std::vector<service_info> services() {
    auto all = engine->services();
    EXPECT_TRUE(all) << render(error_of(all));
    std::vector<service_info> result;
    if (all)
      std::ranges::copy_if(*all, std::back_inserter(result),
                           [&](const service_info& x) { return x.name == name; });
    return result;
  }

  std::vector<task_info> running() {
    auto result = tasks();
    std::erase_if(result, [](const task_info& x) {
      return x.state != task_state::running || !x.wanted || x.address.empty();
    });
    return result;
  }

  /// For the messages of failed tests.
  std::string what_there_is() {
    std::string result;
    for (const auto& x : tasks())
      result += x.id + " state " + std::to_string(static_cast<int>(x.state))
                + (x.wanted ? " wanted " : " not wanted ") + x.address + " " + x.message + "\n";
    return result;
  }

  bool wait_for_running(size_t count) {
    return events->wait([&] { return running().size() == count; });
  }
};

TEST_P(EngineContract, SaysWhatItIs) {
  const auto info = engine->info();
  ASSERT_TRUE(info) << render(info.error());
  EXPECT_FALSE(info->node.empty());
  EXPECT_FALSE(info->version.empty());
  EXPECT_FALSE(info->api_version.empty());
  EXPECT_TRUE(info->swarm_manager);
}

TEST_P(EngineContract, AServiceComesAndGoes) {
  start(app_conduct::serve);
  const auto found = services();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].tenant, tenant);
  EXPECT_EQ(found[0].app, "app");
  EXPECT_EQ(found[0].release, 7u);
  EXPECT_EQ(found[0].replicas, 1u);
  EXPECT_EQ(found[0].image, spec_of(app_conduct::serve).image);
  EXPECT_TRUE(engine->remove_service(name));
  EXPECT_TRUE(services().empty());
  EXPECT_TRUE(tasks().empty());
  EXPECT_TRUE(engine->remove_service(name)) << "removing is idempotent";
}

TEST_P(EngineContract, AServiceThatIsThereStaysAsItIs) {
  start(app_conduct::serve);
  EXPECT_TRUE(engine->ensure_service(spec_of(app_conduct::serve, 2)));
  ASSERT_EQ(services().size(), 1u);
  EXPECT_EQ(services()[0].replicas, 1u);
}

TEST_P(EngineContract, ANameThatSomethingElseHasIsAConflict) {
  start(app_conduct::serve);
  for (const auto change : std::vector<void (*)(service_spec&)>{
         [](service_spec& x) { x.tenant += "2"; }, [](service_spec& x) { x.app = "other"; },
         [](service_spec& x) { x.release = 8; },
         [](service_spec& x) { x.image = "registry.example/other:1"; }}) {
    auto other = spec_of(app_conduct::serve);
    change(other);
    EXPECT_EQ(error_of(engine->ensure_service(other)), ec::conflict)
      << other.tenant << ' ' << other.app << ' ' << other.release << ' ' << other.image;
  }
  ASSERT_EQ(services().size(), 1u);
  EXPECT_EQ(services()[0].app, "app");
}

TEST_P(EngineContract, TasksBecomeRunning) {
  start(app_conduct::serve, 2);
  ASSERT_TRUE(wait_for_running(2));
  const auto found = tasks();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].id, found[1].id);
  EXPECT_NE(found[0].container_id, found[1].container_id);
  for (const auto& x : found) {
    EXPECT_EQ(x.service, name);
    EXPECT_FALSE(x.container_id.empty());
    EXPECT_EQ(x.exit_code, 0);
    EXPECT_FALSE(x.out_of_memory);
    EXPECT_EQ(x.message, "");
  }
  const auto running = engine->running();
  ASSERT_TRUE(running);
  for (const auto& x : found)
    EXPECT_EQ(running->at(x.address), name);
}

TEST_P(EngineContract, ScalesUpAndDown) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  EXPECT_TRUE(engine->scale_service(name, 2));
  EXPECT_EQ(services().at(0).replicas, 2u);
  EXPECT_TRUE(wait_for_running(2));
  EXPECT_TRUE(engine->scale_service(name, 0));
  EXPECT_TRUE(wait_for_running(0)) << services().at(0).replicas << " wanted: " << what_there_is();
}

TEST_P(EngineContract, WhatIsUnknownIsNotFoundOrEmpty) {
  EXPECT_EQ(error_of(engine->scale_service("nobody", 1)), ec::not_found);
  EXPECT_EQ(error_of(engine->listening("nobody")), ec::not_found);
  EXPECT_EQ(error_of(engine->container_log("nobody", 10)), ec::not_found);
  EXPECT_EQ(error_of(engine->container_output("nobody", [](const output_line&) {}, {})),
            ec::not_found);
  EXPECT_EQ(error_of(engine->service_log("nobody", {}, [](std::string_view) {}, {})),
            ec::not_found);
  EXPECT_TRUE(tasks().empty());
  EXPECT_TRUE(engine->remove_service("nobody"));
  const auto left = engine->remove_idle_networks();
  EXPECT_TRUE(left) << render(left.error());
}

TEST_P(EngineContract, RefusesASpecThatCannotRun) {
  auto spec = spec_of(app_conduct::serve);
  spec.name = "not a name";
  EXPECT_EQ(error_of(engine->ensure_service(spec)), ec::invalid_request);
  spec = spec_of(app_conduct::serve);
  spec.image.clear();
  EXPECT_EQ(error_of(engine->ensure_service(spec)), ec::invalid_request);
  EXPECT_TRUE(services().empty());
}

TEST_P(EngineContract, ANetworkInUseStays) {
  start(app_conduct::serve);
  EXPECT_TRUE(engine->ensure_network(tenant));
  EXPECT_EQ(engine->remove_idle_networks(), size_t{0}) << "it is not even asked to go";
  EXPECT_TRUE(wait_for_running(1));
}

TEST_P(EngineContract, EventsTellOfALife) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  const auto task = running().at(0);
  ASSERT_TRUE(engine->remove_service(name));
  using kind = engine_event::kind;
  ASSERT_TRUE(events->wait([&] { return events->count(name, kind::died) == 1; }));
  std::vector<kind> order;
  for (const auto& x : events->of(name)) {
    EXPECT_EQ(x.task_id, task.id);
    EXPECT_EQ(x.container_id, task.container_id);
    if (x.what != kind::destroyed)
      order.push_back(x.what);
  }
  EXPECT_EQ(order, (std::vector<kind>{kind::created, kind::started, kind::died}));
}

TEST_P(EngineContract, ACrashTellsItsExitCodeAndIsReplaced) {
  start(app_conduct::crash);
  ASSERT_TRUE(events->wait([&] {
    world->play(name);
    return events->count(name, engine_event::kind::died) >= 1;
  }));
  for (const auto& x : events->of(name)) {
    EXPECT_EQ(x.exit_code, x.what == engine_event::kind::died ? 3 : 0);
  }
  const auto crashed = [](const task_info& x) {
    return x.state == task_state::failed && x.exit_code == 3 && !x.wanted;
  };
  EXPECT_TRUE(events->wait([&] {
    const auto found = tasks();
    return found.size() >= 2 && found.front().wanted && crashed(found.back());
  }));
  const auto oldest = tasks().back();
  EXPECT_NE(oldest.message, "");
  EXPECT_FALSE(oldest.out_of_memory);
  EXPECT_FALSE(oldest.container_id.empty());
  EXPECT_EQ(oldest.address, "");
}

TEST_P(EngineContract, KeepsWhatContainersWrite) {
  start(app_conduct::talk);
  ASSERT_TRUE(wait_for_running(1));
  world->play(name);
  const auto container = running().at(0).container_id;
  using words = std::vector<std::string>;
  EXPECT_TRUE(events->wait([&] {
    const auto log = engine->container_log(container, 10);
    return log && *log == words{"one", "two"};
  }));
  EXPECT_EQ(*engine->container_log(container, 1), words{"two"});
  words lines;
  const auto collect = [&](std::string_view line) { lines.emplace_back(line); };
  EXPECT_TRUE(events->wait([&] { // Swarm learns a moment later where the task's log is
    lines.clear();
    return engine->service_log(name, {}, collect, {}) && lines == words{"one", "two"};
  }));
  lines.clear();
  EXPECT_TRUE(engine->service_log(name, {.tail = 1}, collect, {}));
  EXPECT_EQ(lines, words{"two"});
  lines.clear();
  EXPECT_TRUE(engine->service_log(name, {.tail = 0}, collect, {}));
  EXPECT_EQ(lines, words{});
}

TEST_P(EngineContract, WhatRunsOnceIsReadToItsEndAndNotRunAgain) {
  auto spec = spec_of(app_conduct::once);
  spec.once = true;
  ASSERT_TRUE(engine->ensure_network(tenant));
  ASSERT_TRUE(engine->ensure_service(spec));
  std::string container;
  ASSERT_TRUE(events->wait([&] {
    for (const auto& x : tasks())
      container = x.container_id;
    return !container.empty();
  }));
  world->play(name);
  std::map<std::string, output_stream> lines;
  std::vector<std::string> times;
  const auto read = [&] {
    lines.clear();
    times.clear();
    const auto done = engine->container_output(container,
                                               [&](const output_line& x) {
                                                 lines[std::string{x.text}] = x.from;
                                                 times.emplace_back(x.at);
                                               },
                                               {});
    EXPECT_TRUE(done) << render(error_of(done));
  };
  read(); // returns by itself: the container ends
  const std::map<std::string, output_stream> expected{{"good", output_stream::out},
                                                      {"bad", output_stream::err}};
  EXPECT_EQ(lines, expected);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].size(), times[1].size());
  EXPECT_NE(times[0], times[1]);
  const auto before = times;
  ASSERT_TRUE(events->wait([&] { return events->count(name, engine_event::kind::died) == 1; }));
  read(); // of one that has ended
  EXPECT_EQ(lines, expected);
  EXPECT_EQ(times, before);
  EXPECT_TRUE(events->wait([&] {
    const auto found = tasks();
    return found.size() == 1 && found[0].state == task_state::failed && found[0].exit_code == 3;
  }));
}

TEST_P(EngineContract, ReadingOutputEndsWhenToldTo) {
  start(app_conduct::talk);
  ASSERT_TRUE(wait_for_running(1));
  world->play(name);
  std::stop_source stop;
  std::vector<std::string> lines;
  const auto done = engine->container_output(
    running().at(0).container_id,
    [&](const output_line& x) {
      lines.emplace_back(x.text);
      if (x.text == "two")
        stop.request_stop();
    },
    stop.get_token());
  EXPECT_TRUE(done) << render(error_of(done));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST_P(EngineContract, FollowsALogUntilToldToStop) {
  start(app_conduct::talk);
  ASSERT_TRUE(wait_for_running(1));
  world->play(name);
  std::stop_source stop;
  std::vector<std::string> lines;
  const auto done = engine->service_log(
    name, {.follow = true},
    [&](std::string_view line) {
      lines.emplace_back(line);
      if (line == "two")
        stop.request_stop();
    },
    stop.get_token());
  EXPECT_TRUE(done) << render(error_of(done));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST_P(EngineContract, ARunningTaskShowsWhatItListensOn) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  world->play(name);
  const auto container = running().at(0).container_id;
  EXPECT_TRUE(events->wait([&] {
    const auto sockets = engine->listening(container);
    return sockets && std::ranges::any_of(*sockets, [](const listening_socket& x) {
             return x.port == 8080 && (x.address == "0.0.0.0" || x.address == "::");
           });
  }));
}

TEST_P(EngineContract, AnImageIsListedAndGoes) {
  const auto image = world->add_image();
  const auto find = [&]() -> std::vector<image_info> {
    auto all = engine->images();
    EXPECT_TRUE(all) << render(error_of(all));
    std::erase_if(*all, [&](const image_info& x) {
      return std::ranges::find(x.digests, image) == x.digests.end();
    });
    return *all;
  };
  const auto found = find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].digests, std::vector<std::string>{image});
  EXPECT_TRUE(found[0].tags.empty());
  EXPECT_GT(found[0].bytes, 0u);
  EXPECT_GT(found[0].made, std::chrono::system_clock::now() - std::chrono::hours{24});
  const auto before = engine->image_bytes();
  ASSERT_TRUE(before) << render(error_of(before));
  const auto removed = engine->remove_image(image);
  EXPECT_TRUE(removed) << render(error_of(removed));
  EXPECT_TRUE(find().empty());
  EXPECT_LT(*engine->image_bytes(), *before);
  EXPECT_TRUE(engine->remove_image(image)) << "removing is idempotent";
}

} // namespace backendim::test
