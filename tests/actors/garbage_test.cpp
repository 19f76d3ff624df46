#include "actors/disk_trend.hpp"
#include "actors/garbage.hpp"
#include "protocol/ulid.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

using std::chrono::system_clock;

/// An id as it was made so long ago; those of the same age differ by *letter*.
std::string id_of_age(std::chrono::seconds age, char letter = '0') {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  auto time = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                      (system_clock::now() - age).time_since_epoch())
                                      .count());
  std::string result(26, letter);
  for (size_t i = 10; i-- > 0; time /= 32)
    result[i] = alphabet[time % 32];
  return result;
}

/// The app main/shop retains image a; a deployment of main/shop is under way.
class GarbageTest : public ::testing::Test {
protected:
  remove_garbage order = [] {
    remove_garbage x;
    x.asked = system_clock::now();
    x.apps = {"main/shop", "main/quiet"};
    x.keep.images = {"old-registry:1/main/shop@sha256:a"};
    x.keep.sources = {"sha256:source"};
    x.keep.deployments = {id_of_age(5h, '7')};
    return x;
  }();

  keep_list keep() const { return keep_list_of(order, 1h); }

  static stored_image image(const std::string& repository, const std::string& digest,
                            std::vector<std::string> tags) {
    return {repository, digest, std::move(tags), {}};
  }
  static image_info local(std::vector<std::string> digests) {
    image_info x;
    x.digests = std::move(digests);
    x.made = system_clock::now() - 2h;
    return x;
  }
};

TEST_F(GarbageTest, SourcesGoUnlessTheyAreNewOrADeploymentUnderWayNamesThem) {
  const auto old = system_clock::now() - 2h;
  EXPECT_TRUE(is_garbage(kept_blob{"sha256:other", 1, old}, keep()));
  EXPECT_FALSE(is_garbage(kept_blob{"sha256:source", 1, old}, keep()));
  EXPECT_FALSE(is_garbage(kept_blob{"sha256:other", 1, system_clock::now()}, keep()));
}

TEST_F(GarbageTest, ImagesOfTheRegistryGoWhenNoReleaseAndNoDeploymentNeedsThem) {
  EXPECT_TRUE(is_garbage(image("main/shop", "sha256:b", {id_of_age(2h)}), keep()));
  EXPECT_FALSE(is_garbage(image("main/shop", "sha256:a", {id_of_age(2h)}), keep()))
    << "retained, whatever address the registry had";
  EXPECT_TRUE(is_garbage(image("main/quiet", "sha256:a", {id_of_age(2h)}), keep()))
    << "retained by another app, in another repository";
  EXPECT_FALSE(is_garbage(image("main/shop", "sha256:b", order.keep.deployments), keep()))
    << "pushed, and not yet a release";
  EXPECT_FALSE(
    is_garbage(image("main/shop", "sha256:b", {id_of_age(2h), id_of_age(59min)}), keep()))
    << "a young deployment made the same image again";
}

TEST_F(GarbageTest, WhatIsNotOursIsNeverGarbage) {
  const auto old = id_of_age(2h);
  EXPECT_FALSE(is_garbage(image("library/node", "sha256:b", {old}), keep()));
  EXPECT_FALSE(is_garbage(image("other/shop", "sha256:b", {old}), keep()));
  EXPECT_FALSE(is_garbage(image("main/shop", "sha256:b", {"latest"}), keep()));
  EXPECT_FALSE(is_garbage(image("main/shop", "sha256:b", {old, "by-hand"}), keep()));
  EXPECT_FALSE(is_garbage(image("main/shop", "sha256:b", {}), keep()));
}

TEST_F(GarbageTest, ImagesOfANodeGoUnlessSomethingNamesThem) {
  const std::string reg = "reg:1", name = "reg:1/main/shop@sha256:b";
  EXPECT_TRUE(is_garbage(local({name}), reg, keep(), {}));
  EXPECT_FALSE(is_garbage(local({"reg:1/main/shop@sha256:a"}), reg, keep(), {})) << "retained";
  EXPECT_FALSE(is_garbage(local({name}), reg, keep(), {"main/shop@sha256:b"})) << "a service";
  EXPECT_FALSE(is_garbage(local({name, "reg:1/main/shop@sha256:a"}), reg, keep(), {}));
  auto young = local({name});
  young.made = system_clock::now();
  EXPECT_FALSE(is_garbage(young, reg, keep(), {}));
  order.busy = {"main/shop"};
  EXPECT_FALSE(is_garbage(local({name}), reg, keep(), {})) << "one is being deployed";
}

TEST_F(GarbageTest, ForeignImagesOfANodeStay) {
  EXPECT_FALSE(is_garbage(local({"other:1/main/shop@sha256:b"}), "reg:1", keep(), {}));
  EXPECT_FALSE(is_garbage(local({"reg:1/library/node@sha256:b"}), "reg:1", keep(), {}));
  EXPECT_FALSE(is_garbage(local({"nginx@sha256:b"}), "reg:1", keep(), {}));
  EXPECT_FALSE(is_garbage(local({}), "reg:1", keep(), {}));
  auto tagged = local({"reg:1/main/shop@sha256:b"});
  tagged.tags = {"mine:1"};
  EXPECT_FALSE(is_garbage(tagged, "reg:1", keep(), {}));
}

TEST_F(GarbageTest, LogsOfTheNewestDeploymentsAndOfReleasesStay) {
  std::map<std::string, std::string> logs;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(id_of_age(std::chrono::hours{10 - i}));
    logs[ids.back()] = "main/shop";
  }
  const auto orphan = id_of_age(9h, '5'), young = id_of_age(1min, '5');
  logs[orphan] = logs[young] = "";
  logs["by-hand"] = "";
  retained need;
  need.released = {ids[0]};
  need.deployments = {ids[1]};
  const auto garbage = garbage_logs(logs, need, 2, system_clock::now() - 1h);
  EXPECT_EQ((std::set<std::string>{garbage.begin(), garbage.end()}),
            (std::set<std::string>{ids[2], orphan}));
}

TEST_F(GarbageTest, SharedLayersAreCountedOnce) {
  const stored_image a{"r", "a", {}, {{"base", 100}, {"one", 10}}};
  const stored_image b{"r", "b", {}, {{"base", 100}, {"two", 20}}};
  EXPECT_EQ(bytes_of({a, b}), 130u);
  EXPECT_EQ(bytes_of({a}, {b}), 10u);
}

class DiskTrendTest : public ::testing::Test {
protected:
  disk_trend trend;
  disk_trend::clock::time_point now{100h};

  void after(std::chrono::seconds passed, uint64_t free) {
    now += passed;
    trend.add(now, free);
  }
};

TEST_F(DiskTrendTest, SaysWhenTheFloorIsReached) {
  after(0s, 10'000);
  EXPECT_FALSE(trend.time_until(1'000)) << "one look is no trend";
  after(10min, 9'000);
  EXPECT_EQ(trend.time_until(1'000), 80min);
  EXPECT_EQ(trend.time_until(9'500), 0s);
}

TEST_F(DiskTrendTest, IsSilentWhenItDoesNotFill) {
  after(0s, 10'000);
  after(10min, 10'000);
  EXPECT_FALSE(trend.time_until(1'000));
  after(10min, 9'999);
  EXPECT_TRUE(trend.time_until(1'000));
  trend.forget();
  EXPECT_FALSE(trend.time_until(1'000));
}

TEST_F(DiskTrendTest, ForgetsWhatIsLongPast) {
  after(0s, 1'000'000);
  for (int i = 0; i < 100; ++i)
    after(6min, 10'000);
  EXPECT_FALSE(trend.time_until(1'000)) << "it has stood still for hours";
}

} // namespace
