#include "adapters/docker/engine.hpp"
#include "tests/support/docker_client.hpp"
#include "tests/support/exec_contract.hpp"
#include "tests/support/servers.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using test::app_conduct, test::EngineContract;

namespace {

/// The sandbox's dockerd, as the platform uses it.
class docker_world : public test::engine_world {
public:
  docker_world() : image_{test::base_image("web:12")} {}

  std::shared_ptr<container_engine> engine() override {
    docker::engine_config config;
    config.socket = test::server("BACKENDIM_DOCKER_SOCKET");
    config.platform_id = "contract";
    const auto swarm = docker::ensure_swarm(config, {});
    EXPECT_TRUE(swarm) << render(test::error_of(swarm));
    return docker::connect(config);
  }

  service_spec app(app_conduct conduct) override {
    service_spec result;
    result.image = image_;
    result.command
      = {"/bin/sh", "-c",
         conduct == app_conduct::serve  ? "exec busybox httpd -f -p 0.0.0.0:8080 -h /tmp"
         : conduct == app_conduct::talk ? "echo one; echo two; exec sleep 1000"
         : conduct == app_conduct::once ? "echo good; sleep 0.1; echo bad >&2; exit 3"
                                        : "exit 3"};
    return result;
  }

  std::vector<std::string> command(const std::string& name) override {
    return {"/bin/sh", "-c",
            name == "cat"    ? "cat"
            : name == "fail" ? "echo good; echo bad >&2; exit 3"
            : name == "size" ? "sleep 1; stty size"
            : name == "env"  ? R"(printf '%s\0' "$V0" "$V1" "$V2" "$V3" "$V4" "$V5")"
                             : "sleep 4321 & trap '' HUP; sleep 4321"};
  }

  int sleepers(const std::string& container_id) override {
    return std::stoi(
      test::shell("docker top " + container_id + " -eo pid,args | grep -c ' sleep 4321$' || true"));
  }

  std::string add_image() override {
    static int count = 0;
    const auto repository = test::server("BACKENDIM_REGISTRY") + "/contract/app";
    const auto number = std::to_string(++count);
    const auto digest = test::push_small_image(repository + ":" + number, "image " + number);
    test::docker({"pull", "-q", repository + "@" + digest});
    return repository + "@" + digest;
  }

private:
  std::string image_;
};

TEST(DockerImageTest, OneThatAContainerUsesStays) {
  docker_world world;
  const auto engine = world.engine();
  const auto image = world.add_image();
  const auto container = test::docker({"create", image, "/content"});
  EXPECT_EQ(test::error_of(engine->remove_image(image)), ec::conflict);
  test::docker({"rm", container});
  EXPECT_TRUE(engine->remove_image(image));
}

} // namespace

namespace backendim::test {

INSTANTIATE_TEST_SUITE_P(Docker, EngineContract,
                         ::testing::Values(engine_case{"docker", [] {
                                                         return std::unique_ptr<engine_world>{
                                                           std::make_unique<docker_world>()};
                                                       }}));

} // namespace backendim::test
