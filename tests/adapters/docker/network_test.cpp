// Whether tenants' networks of a real engine are encrypted.

#include "adapters/docker/engine.hpp"
#include "protocol/error.hpp"
#include "tests/support/docker_client.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/servers.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using docker::network_encryption;

namespace {

const docker::encryption_probe able = [] { return std::string{}; };
const docker::encryption_probe unable = [] { return std::string{"No ESP here."}; };

class NetworkTest : public ::testing::Test {
protected:
  std::shared_ptr<container_engine> engine(network_encryption how, docker::encryption_probe probe) {
    docker::engine_config config;
    config.socket = test::server("BACKENDIM_DOCKER_SOCKET");
    config.platform_id = "networks";
    config.encryption = how;
    config.probe = std::move(probe);
    const auto swarm = docker::ensure_swarm(config, {});
    EXPECT_TRUE(swarm) << render(test::error_of(swarm));
    return docker::connect(config);
  }

  static std::string options() {
    return test::docker({"network", "inspect", "-f", "{{json .Options}}", "bim-networks-acme"});
  }

  static bool exists() {
    return !test::docker({"network", "ls", "-q", "-f", "name=bim-networks-acme"}).empty();
  }

  void TearDown() override {
    EXPECT_TRUE(engine(network_encryption::off, unable)->remove_idle_networks());
    EXPECT_FALSE(exists());
  }
};

TEST_F(NetworkTest, IsEncryptedWhereTheKernelCan) {
  const auto docker = engine(network_encryption::when_possible, able);
  ASSERT_TRUE(docker->ensure_network("acme"));
  EXPECT_NE(options().find("\"encrypted\""), std::string::npos) << options();
  EXPECT_EQ(docker->info()->encryption, "on");
}

TEST_F(NetworkTest, IsPlainAndSaysSoWhereItCannot) {
  const auto docker = engine(network_encryption::when_possible, unable);
  ASSERT_TRUE(docker->ensure_network("acme"));
  EXPECT_EQ(options().find("encrypted"), std::string::npos) << options();
  EXPECT_EQ(docker->info()->encryption, "No ESP here.");
}

TEST_F(NetworkTest, IsNotMadeWhenItMustBeAndCannot) {
  const auto made = engine(network_encryption::required, unable)->ensure_network("acme");
  EXPECT_EQ(test::error_of(made), ec::conflict);
  EXPECT_NE(render(test::error_of(made)).find("No ESP here."), std::string::npos);
  EXPECT_FALSE(exists());
}

TEST_F(NetworkTest, OnePlainIsNotTakenForOneThatMustBeEncrypted) {
  ASSERT_TRUE(engine(network_encryption::off, able)->ensure_network("acme"));
  const auto used = engine(network_encryption::required, able)->ensure_network("acme");
  EXPECT_EQ(test::error_of(used), ec::conflict);
  EXPECT_TRUE(exists());
}

} // namespace
