#include "adapters/distribution/registry.hpp"
#include "adapters/http/client.hpp"
#include "protocol/error.hpp"
#include "tests/support/docker_client.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/registry_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>

using namespace backendim;
using namespace std::chrono_literals;
using test::docker, test::error_of, test::push_small_image;
namespace fs = std::filesystem;

namespace {

/// A registry as deploy/registry-config sets it up, and images in it.
class RegistryTest : public ::testing::Test {
protected:
  test::registry_server server;
  std::shared_ptr<image_registry> registry
    = open({"docker-registry", "garbage-collect", server.settings().string()});

  std::shared_ptr<image_registry> open(std::vector<std::string> remove_layers) {
    distribution::registry_config config;
    config.address = server.address();
    config.remove_layers = std::move(remove_layers);
    config.limit = 60s;
    return distribution::open_registry(config);
  }

  std::string push(const std::string& name, const std::string& content) {
    return push_small_image(server.address() + "/" + name, content);
  }

  std::vector<stored_image> images(const std::string& repository) {
    const auto found = registry->images(repository);
    EXPECT_TRUE(found) << render(error_of(found));
    return found ? *found : std::vector<stored_image>{};
  }

  size_t blobs() const {
    size_t result = 0;
    for (const auto& x : fs::recursive_directory_iterator{server.data()})
      result += x.path().filename() == "data"
                && x.path().string().find("/blobs/") != x.path().string().npos;
    return result;
  }
};

TEST_F(RegistryTest, ListsImagesWithTheirTagsAndLayers) {
  EXPECT_TRUE(registry->repositories()->empty());
  EXPECT_TRUE(images("main/shop").empty());
  const auto first = push("main/shop:one", "first"), second = push("main/shop:two", "second");
  docker({"pull", "-q", server.address() + "/main/shop:two"});
  docker({"tag", server.address() + "/main/shop:two", server.address() + "/main/shop:three"});
  docker({"push", "-q", server.address() + "/main/shop:three"});
  push("other/thing:one", "else");
  EXPECT_EQ(*registry->repositories(), (std::vector<std::string>{"main/shop", "other/thing"}));
  auto found = images("main/shop");
  ASSERT_EQ(found.size(), 2u);
  std::ranges::sort(found, {}, [](const auto& x) { return x.tags.size(); });
  EXPECT_EQ(found[0].digest, first);
  EXPECT_EQ(found[0].tags, std::vector<std::string>{"one"});
  EXPECT_EQ(found[1].digest, second);
  std::ranges::sort(found[1].tags);
  EXPECT_EQ(found[1].tags, (std::vector<std::string>{"three", "two"}));
  EXPECT_EQ(found[0].blobs.size(), 3u) << "manifest, configuration, layer";
  EXPECT_GT(found[0].blobs[first], 0u);
}

TEST_F(RegistryTest, WhatIsRemovedIsGoneAndComesBackWhenItIsPushedAgain) {
  const auto kept = push("main/shop:kept", "kept");
  const auto gone = push("main/shop:gone", "gone");
  const auto name = server.address() + "/main/shop:gone";
  docker({"pull", "-q", name});
  const auto before = blobs();
  ASSERT_TRUE(registry->remove("main/shop", gone));
  EXPECT_TRUE(registry->remove("main/shop", gone)) << "absent is no error";
  EXPECT_TRUE(registry->remove("nobody/has", gone));
  ASSERT_EQ(images("main/shop").size(), 1u);
  EXPECT_EQ(blobs(), before) << "the layers stay until they are looked for";
  const auto removed = registry->remove_unused_layers({});
  ASSERT_TRUE(removed) << render(error_of(removed));
  EXPECT_EQ(blobs(), before - 3);
  docker({"pull", "-q", server.address() + "/main/shop@" + kept});
  docker({"image", "rm", "-f", server.address() + "/main/shop@" + kept});

  // The registry ran all the time: it must not believe that it still has the layers.
  docker({"push", "-q", name});
  docker({"image", "rm", "-f", name});
  ASSERT_EQ(images("main/shop").size(), 2u);
  docker({"pull", "-q", server.address() + "/main/shop@" + gone});
  docker({"image", "rm", "-f", server.address() + "/main/shop@" + gone});
}

TEST_F(RegistryTest, RemovingLayersTellsWhyItFailed) {
  registry = open({});
  EXPECT_EQ(error_of(registry->remove_unused_layers({})), ec::conflict);
  registry = open({"sh", "-c", "echo the reason; exit 1"});
  const auto failed = registry->remove_unused_layers({});
  ASSERT_EQ(error_of(failed), ec::unavailable);
  EXPECT_NE(render(failed.error()).find("the reason"), std::string::npos);
  std::stop_source stop;
  stop.request_stop();
  registry = open({"sleep", "50"});
  EXPECT_EQ(error_of(registry->remove_unused_layers(stop.get_token())), ec::timed_out);
}

TEST(NoRegistryTest, IsUnavailable) {
  distribution::registry_config config;
  config.address = "127.0.0.1:1";
  const auto nobody = distribution::open_registry(config);
  EXPECT_EQ(error_of(nobody->repositories()), ec::unavailable);
  EXPECT_EQ(error_of(nobody->images("main/shop")), ec::unavailable);
  EXPECT_EQ(error_of(nobody->remove("main/shop", "sha256:1")), ec::unavailable);
}

} // namespace
