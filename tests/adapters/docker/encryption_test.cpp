#include "adapters/docker/encryption.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

using namespace backendim;

namespace {

const docker::encryption_probe able = [] { return std::string{}; };
const docker::encryption_probe unable = [] { return std::string{"no ESP"}; };

boost::json::value swarm_of(int machines) {
  return {{"Swarm", {{"LocalNodeState", "active"}, {"Nodes", machines}}}};
}

TEST(EncryptionTest, OneMachineIsAsked) {
  EXPECT_EQ(docker::why_not_encrypted(swarm_of(1), able), "");
  EXPECT_EQ(docker::why_not_encrypted(swarm_of(1), unable), "no ESP");
}

/// What the others' kernels can do nobody knows, and a machine that cannot loses what it is sent.
TEST(EncryptionTest, WithOtherMachinesThereIsNone) {
  const auto why = docker::why_not_encrypted(swarm_of(3), able);
  EXPECT_NE(why.find("3 machines"), std::string::npos) << why;
}

} // namespace
