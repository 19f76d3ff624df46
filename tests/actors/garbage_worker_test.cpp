#include "actors/garbage_worker.hpp"
#include "adapters/directory/blob_store.hpp"
#include "adapters/directory/log_store.hpp"
#include "protocol/ulid.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

/// A registry in memory: a layer goes when no image has it.
class fake_registry : public image_registry {
public:
  std::vector<stored_image> kept;
  std::map<std::string, uint64_t> layers;
  std::function<void()> on_removal = [] {};
  bool away = false, keeps_layers = false;
  int cleanings = 0;

  void push(stored_image x) {
    layers.insert(x.blobs.begin(), x.blobs.end());
    kept.push_back(std::move(x));
  }
  caf::expected<std::vector<std::string>> repositories() override {
    if (away)
      return caf::make_error(ec::unavailable, "away");
    std::set<std::string> names;
    for (const auto& x : kept)
      names.insert(x.repository);
    return std::vector<std::string>{names.begin(), names.end()};
  }
  caf::expected<std::vector<stored_image>> images(const std::string& repository) override {
    std::vector<stored_image> result;
    std::ranges::copy_if(kept, std::back_inserter(result),
                         [&](const auto& x) { return x.repository == repository; });
    return result;
  }
  caf::expected<caf::unit_t> remove(const std::string& repository,
                                    const std::string& digest) override {
    std::erase_if(kept,
                  [&](const auto& x) { return x.repository == repository && x.digest == digest; });
    on_removal();
    return caf::unit;
  }
  caf::expected<caf::unit_t> remove_unused_layers(std::stop_token) override {
    if (keeps_layers)
      return caf::make_error(ec::unavailable, "it failed");
    ++cleanings;
    std::erase_if(layers, [&](const auto& layer) {
      return std::ranges::none_of(kept,
                                  [&](const auto& x) { return x.blobs.contains(layer.first); });
    });
    return caf::unit;
  }
};

class idle_builder : public image_builder {
public:
  std::vector<std::chrono::seconds> ages;
  bool builds = false;
  caf::expected<std::string> build(const build_job&, const line_sink&, std::stop_token) override {
    return std::string{};
  }
  caf::expected<std::string> push(const build_job&, const std::string&, const line_sink&,
                                  std::stop_token) override {
    return std::string{};
  }
  caf::expected<caf::unit_t> clean(const build_job&) override { return caf::unit; }
  caf::expected<std::vector<std::string>> tenants() override {
    return std::vector<std::string>{"main", "other"};
  }
  uint64_t kept = 0; ///< Bytes.
  caf::expected<uint64_t> kept_bytes(const std::string&, std::stop_token) override { return kept; }
  caf::expected<build_caches> prune(const std::string& tenant, std::chrono::seconds age, bool,
                                    std::stop_token) override {
    ages.push_back(age);
    if (builds && tenant == "main")
      return caf::make_error(ec::conflict, "a build is under way");
    return build_caches{100, 2, 50};
  }
};

/// App main/shop with a retained image, and one that nothing needs.
class GarbageWorkerTest : public test::actor_test {
protected:
  test::temp_folder folder;
  std::shared_ptr<fake_registry> registry = std::make_shared<fake_registry>();
  std::shared_ptr<test::fake_engine> engine = std::make_shared<test::fake_engine>();
  std::shared_ptr<idle_builder> builder = std::make_shared<idle_builder>();
  garbage_tools tools;
  remove_garbage order;

  void SetUp() override {
    tools.blobs = *directory::open_blob_store(folder.path() / "blobs");
    tools.logs = *directory::open_log_store(folder.path() / "logs");
    tools.engine = engine;
    tools.builder = builder;
    tools.registry = registry;
    tools.gate = std::make_shared<push_gate>();
    tools.registry_address = "reg:1";
    tools.grace = 0s;
    tools.push_patience = 0s;
    registry->push({"main/shop", "sha256:a", {make_ulid()}, {{"base", 100}, {"a", 10}}});
    registry->push({"main/shop", "sha256:b", {make_ulid()}, {{"base", 100}, {"b", 20}}});
    registry->push({"library/node", "sha256:n", {"20"}, {{"base", 100}}});
    order.apps = {"main/shop"};
    order.keep.images = {"reg:1/main/shop@sha256:b"};
    order.asked = caf::make_timestamp() + 1s;
  }

  garbage_removed run() {
    const auto worker = spawn(garbage_worker, tools);
    auto reply = ask(worker, order);
    garbage_removed result;
    reply.receive([&](garbage_removed& x) { result = std::move(x); },
                  [](const caf::error& x) { ADD_FAILURE() << render(x); });
    return result;
  }
  static garbage_count of(const garbage_removed& x, garbage_kind what) {
    return *std::ranges::find(x.kinds, what, &garbage_count::what);
  }
  std::string put(const std::string& text) {
    auto writer = tools.blobs->begin(100);
    (void)(*writer)->write(std::as_bytes(std::span{text}));
    return (*writer)->finish()->digest;
  }
  void add_image(const std::string& digest) {
    image_info x;
    x.digests = {"reg:1/main/shop@" + digest};
    x.bytes = 1'000;
    engine->add_image(x);
  }
};

TEST_F(GarbageWorkerTest, TheRegistryKeepsWhatIsRetainedAndItsLayers) {
  const auto done = of(run(), garbage_kind::registry);
  EXPECT_EQ(done.error, "");
  EXPECT_EQ(done.found, 3u);
  EXPECT_EQ(done.found_bytes, 130u);
  EXPECT_EQ(done.removed, 1u);
  EXPECT_EQ(done.freed_bytes, 10u);
  EXPECT_EQ(registry->layers, (std::map<std::string, uint64_t>{{"base", 100}, {"b", 20}}));
}

TEST_F(GarbageWorkerTest, AnImageThatIsMissingIsNamed) {
  order.keep.images.emplace_back("reg:1/main/shop@sha256:lost");
  const auto done = of(run(), garbage_kind::registry);
  EXPECT_NE(done.error.find("main/shop@sha256:lost"), std::string::npos) << done.error;
  EXPECT_EQ(done.removed, 1u) << "the others go all the same";
}

TEST_F(GarbageWorkerTest, ADryRunRemovesNothing) {
  put("source");
  ASSERT_TRUE(tools.logs->append("log", "line"));
  add_image("sha256:a");
  order.dry_run = true;
  order.logs = {"log"};
  const auto done = run();
  for (const auto what : {garbage_kind::sources, garbage_kind::build_logs, garbage_kind::images,
                          garbage_kind::registry})
    EXPECT_EQ(of(done, what).removed, 1u) << boost::describe::enum_to_string(what, "");
  EXPECT_EQ(of(done, garbage_kind::registry).freed_bytes, 10u);
  EXPECT_EQ(registry->kept.size(), 3u);
  EXPECT_EQ(registry->cleanings, 0);
  EXPECT_EQ(engine->images()->size(), 1u);
  EXPECT_EQ(tools.blobs->list("", 10)->size(), 1u);
  EXPECT_EQ(tools.logs->list()->size(), 1u);
}

TEST_F(GarbageWorkerTest, SourcesAndLogsGo) {
  const auto kept = put("kept"), gone = put("gone");
  order.keep.sources = {kept};
  ASSERT_TRUE(tools.logs->append("stays", "line"));
  ASSERT_TRUE(tools.logs->append("goes", "line"));
  order.logs = {"goes", "was-never-there"};
  const auto done = run();
  EXPECT_EQ(of(done, garbage_kind::sources).freed_bytes, 4u);
  EXPECT_EQ(of(done, garbage_kind::sources).found, 2u);
  ASSERT_EQ(tools.blobs->list("", 10)->size(), 1u);
  EXPECT_EQ(tools.blobs->list("", 10)->front().digest, kept);
  EXPECT_EQ(of(done, garbage_kind::build_logs).removed, 1u);
  EXPECT_EQ(tools.logs->list()->front().name, "stays");
}

TEST_F(GarbageWorkerTest, WhatIsYoungerThanTheGraceStays) {
  put("source");
  add_image("sha256:a"); // made in 1970
  tools.grace = 1h;
  const auto done = run();
  EXPECT_EQ(of(done, garbage_kind::sources).removed, 0u);
  EXPECT_EQ(of(done, garbage_kind::registry).removed, 0u);
  EXPECT_EQ(of(done, garbage_kind::images).removed, 1u);
}

TEST_F(GarbageWorkerTest, ImagesOfServicesAndForeignOnesStay) {
  add_image("sha256:a");
  add_image("sha256:served");
  add_image("sha256:b");
  image_info foreign;
  foreign.digests = {"nginx@sha256:x"};
  engine->add_image(foreign);
  service_spec serves;
  serves.name = "main-shop-v1";
  serves.image = "reg:1/main/shop@sha256:served";
  ASSERT_TRUE(engine->ensure_service(serves));
  const auto done = of(run(), garbage_kind::images);
  EXPECT_EQ(done.removed, 1u);
  EXPECT_EQ(done.freed_bytes, 1'000u);
  EXPECT_EQ(engine->images()->size(), 3u);
}

TEST_F(GarbageWorkerTest, WhatFailsKeepsNothingElse) {
  engine->set_down(true);
  registry->away = true;
  builder->builds = true;
  put("source");
  const auto done = run();
  EXPECT_NE(of(done, garbage_kind::images).error, "");
  EXPECT_NE(of(done, garbage_kind::registry).error, "");
  EXPECT_NE(of(done, garbage_kind::build_caches).error, "");
  EXPECT_EQ(of(done, garbage_kind::build_caches).freed_bytes, 50u) << "of the other tenant";
  EXPECT_EQ(of(done, garbage_kind::sources).removed, 1u);
}

TEST_F(GarbageWorkerTest, CachesAreKeptShorterWhenThereIsLittleRoom) {
  tools.cache_age = 100h;
  tools.grace = 1h;
  run();
  order.low_space = true;
  run();
  EXPECT_EQ(builder->ages, (std::vector<std::chrono::seconds>{100h, 100h, 1h, 1h}));
}

TEST_F(GarbageWorkerTest, WhilePushesAreUnderWayTheRegistryStaysAsItIs) {
  const auto pushing = tools.gate->enter({});
  const auto done = of(run(), garbage_kind::registry);
  EXPECT_NE(done.error, "");
  EXPECT_EQ(done.removed, 0u);
  EXPECT_EQ(registry->kept.size(), 3u);
  EXPECT_EQ(registry->cleanings, 0);
}

TEST_F(GarbageWorkerTest, NobodyPushesWhileTheRegistryIsCleaned) {
  std::future<int> pushed;
  registry->on_removal = [&] {
    EXPECT_FALSE(tools.gate->close(0s, {})) << "it is closed already";
    std::promise<void> comes;
    pushed = std::async(std::launch::async, [this, &comes] {
      comes.set_value();
      const auto pass = tools.gate->enter({});
      return pass ? registry->cleanings : -1;
    });
    comes.get_future().wait();
  };
  EXPECT_EQ(of(run(), garbage_kind::registry).removed, 1u);
  EXPECT_EQ(pushed.get(), 1) << "afterwards it goes on";
}

TEST_F(GarbageWorkerTest, LayersThatAnEarlierRunLeftGo) {
  registry->keeps_layers = true;
  auto done = of(run(), garbage_kind::registry);
  EXPECT_NE(done.error, "");
  EXPECT_EQ(done.removed, 1u);
  EXPECT_EQ(done.freed_bytes, 0u);
  registry->keeps_layers = false;
  run(); // another one, as after a kill
  EXPECT_FALSE(registry->layers.contains("a"));
}

TEST(PushGateTest, WhoWaitsCanBeToldToStop) {
  push_gate gate;
  const auto closed = gate.close(0s, {});
  ASSERT_TRUE(closed);
  EXPECT_FALSE(gate.close(0s, {}));
  std::stop_source stop;
  std::jthread pusher{[&] { EXPECT_FALSE(gate.enter(stop.get_token())); }};
  stop.request_stop();
}

TEST(PushGateTest, StaysOpenWhenItCannotBeClosed) {
  push_gate gate;
  const auto first = gate.enter({});
  EXPECT_FALSE(gate.close(1ms, {}));
  EXPECT_TRUE(gate.enter({}));
}

} // namespace
