#include "adapters/s3/bucket.hpp"
#include "tests/support/docker_client.hpp"
#include "tests/support/minio.hpp"
#include "tests/support/registry_server.hpp"

#include <gtest/gtest.h>

#include <fstream>

using namespace backendim;
using test::docker;

namespace {

TEST(RegistryOnS3Test, KeepsTheLayersOfImagesInTheBucket) {
  const auto minio = test::minio_server::start();
  if (!minio)
    GTEST_SKIP();
  const auto config = minio->fresh_bucket();
  s3::bucket bucket{config};
  ASSERT_TRUE(bucket.ensure());
  test::temp_folder folder;
  const auto key = folder.path() / "s3.key";
  std::ofstream{key} << config.keys.secret_key << "\n";
  const test::registry_server registry{{"--s3", config.endpoint + "/" + config.bucket,
                                        "--access-key", config.keys.access_key, "--secret-key-file",
                                        key.string()}};

  const auto base = test::base_image("web:12");
  const auto name = registry.address() + "/main/shop";
  docker({"pull", "-q", base});
  docker({"tag", base, name + ":first"});
  docker({"push", "-q", name + ":first"});
  docker({"image", "rm", "-f", base, name + ":first"});
  EXPECT_FALSE(bucket.list("registry/docker/registry/v2/blobs/", "", 10)->empty());
  EXPECT_FALSE(std::filesystem::exists(registry.data()));
  docker({"pull", "-q", name + ":first"});
  EXPECT_EQ(docker({"run", "--rm", "--network", "none", name + ":first", "echo", "it runs"}),
            "it runs");
  docker({"image", "rm", "-f", name + ":first"});
}

} // namespace
