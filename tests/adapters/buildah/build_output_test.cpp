#include "adapters/buildah/build_output.hpp"
#include "adapters/buildah/cache_prune.hpp"

#include <gtest/gtest.h>

using backendim::build_caches;
using namespace backendim::buildah;
using lines = std::vector<std::string>;

namespace {

TEST(BuildOutputTest, EvidenceIsWhatTheFailingStepWrote) {
  const std::deque<std::string> tail{
    "STEP 1/3: FROM node:20",          "--> Using cache 27",
    "[1/2] STEP 2/3: RUN npm ci",      "npm error 404",
    "subprocess exited with status 1", "Error: building at STEP \"RUN npm ci\": exit status 1"};
  EXPECT_EQ(step_output(tail), lines{"npm error 404"});
}

TEST(BuildOutputTest, AStepThatWroteNothingLeavesBuildahsOwnError) {
  const std::deque<std::string> tail{"STEP 1/1: COPY nothing /",
                                     "Error: building at STEP \"COPY nothing /\": no such file"};
  EXPECT_EQ(step_output(tail).size(), 1u);
}

TEST(BuildOutputTest, InstructionsAreWhatPeopleWrote) {
  EXPECT_EQ(instruction_of("STEP 2/9: RUN make"), "RUN make");
  EXPECT_EQ(instruction_of("[2/2] STEP 3/4: COPY a b"), "COPY a b");
  EXPECT_EQ(
    instruction_of("STEP 6/9: RUN --mount=type=cache,target=/c [\"/bin/sh\",\"-ec\",\"npm ci\"]"),
    "npm ci");
  EXPECT_EQ(instruction_of("npm error STEP 2: no"), "");
  EXPECT_EQ(instruction_of("STEP 2/9: RUN [\"/bin/sh\",7"), "RUN [\"/bin/sh\",7");
}

TEST(CachePruneTest, OutputIsAddedUp) {
  build_caches seen;
  for (const auto* line : {"bytes 5000", "image", "image", "something else", "freed 1200"})
    read_prune(seen, line);
  EXPECT_EQ(seen.bytes, 5'000u);
  EXPECT_EQ(seen.images, 2u);
  EXPECT_EQ(seen.freed, 1'200u);
}

} // namespace
