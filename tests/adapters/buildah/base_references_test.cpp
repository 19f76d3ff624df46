#include "adapters/buildah/base_references.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

using namespace backendim;

namespace {

using images = std::vector<std::string>;

struct containerfile_case {
  const char* name;
  std::string text;
  images expected;
  friend void PrintTo(const containerfile_case& x, std::ostream* out) { *out << x.name; }
};

class BaseReferencesTest : public ::testing::TestWithParam<containerfile_case> {};

TEST_P(BaseReferencesTest, AreFound) {
  EXPECT_EQ(buildah::base_references(GetParam().text), GetParam().expected);
}

const containerfile_case cases[] = {
  {"Empty", "", {}},
  {"NoInstruction", "# only a comment\n\n  \t\n", {}},
  {"One", "FROM node:20\nRUN npm ci\n", {"node:20"}},
  {"AnyCaseAndSpaces", "  from\tnode:20 \r\nrun x\r\n", {"node:20"}},
  {"NoLineEnd", "FROM node:20", {"node:20"}},
  {"EachOnce", "FROM node:20 AS a\nFROM node:20 AS b\n", {"node:20"}},
  {"InOrder", "FROM z\nFROM a\n", {"z", "a"}},
  {"Scratch", "FROM scratch\n", {}},
  {"Stages", "FROM go AS build\nFROM build\nFROM BUILD AS other\nFROM other\n", {"go"}},
  {"StageNamedAsItsImage", "FROM node AS node\nFROM node\n", {"node"}},
  {"Platform", "FROM --platform=$BUILDPLATFORM go:1.22 AS b\n", {"go:1.22"}},
  {"Digest", "FROM node@sha256:abc\n", {"node@sha256:abc"}},
  {"Registry",
   "FROM registry.example.com:5000/team/node:20\n",
   {"registry.example.com:5000/team/node:20"}},
  {"CopyFromImage", "FROM a\nCOPY --from=nginx:1 /x /y\n", {"a", "nginx:1"}},
  {"CopyFromStage", "FROM a AS b\nFROM c\nCOPY --from=b /x /y\nCOPY --from=0 /x /y\n", {"a", "c"}},
  {"CopyWithOtherFlags", "FROM a\nCOPY --chown=1:1 --from=b x y\n", {"a", "b"}},
  {"CopyOfAFileNamedSo", "FROM a\nRUN echo --from=b\n", {"a"}},
  {"Mount", "FROM a\nRUN --mount=type=bind,from=b,target=/x cmd\n", {"a", "b"}},
  {"MountFromFirst", "FROM a\nRUN --mount=from=b,target=/x cmd\n", {"a", "b"}},
  {"MountFromLast", "FROM a\nRUN --mount=type=bind,target=/x,from=b cmd\n", {"a", "b"}},
  {"MountOfAStage", "FROM a AS s\nFROM c\nRUN --mount=type=bind,from=s cmd\n", {"a", "c"}},
  {"CacheMount", "FROM a\nRUN --mount=type=cache,target=/x cmd\n", {"a"}},
  {"Arg", "ARG V=20\nFROM node:$V\n", {"node:20"}},
  {"ArgInBraces", "ARG V=20\nFROM node:${V}-alpine\n", {"node:20-alpine"}},
  {"ArgQuoted", "ARG V=\"20\"\nFROM \"node:$V\"\n", {"node:20"}},
  {"ArgWithDefault", "FROM node:${V:-20}\n", {"node:20"}},
  {"ArgSetWinsOverDefault", "ARG V=18\nFROM node:${V:-20}\n", {"node:18"}},
  {"ArgWithAlternative",
   "ARG V=18\nFROM node:18${V:+-alpine}\nFROM go${W:+-alpine}\n",
   {"node:18-alpine", "go"}},
  {"ArgWithoutValue", "ARG I\nFROM $I\nFROM a\n", {"a"}},
  {"ArgOfAnArg", "ARG V=20\nARG IMAGE=node:${V}\nFROM $IMAGE\n", {"node:20"}},
  {"ArgsOnOneLine", "ARG A=node B=20\nFROM $A:$B\n", {"node:20"}},
  {"ArgInAStageIsNone", "FROM a\nARG V=20\nFROM node:${V:-18}\n", {"a", "node:18"}},
  {"Dollar", "FROM a$\n", {"a$"}},
  {"OpenBrace", "ARG V=1\nFROM a${V\n", {"a1"}},
  {"Continued", "FROM \\\n  node:20 \\\n  AS x\nFROM x\n", {"node:20"}},
  {"CommentWithinContinuation", "FROM \\\n# why\n\nnode:20\n", {"node:20"}},
  {"CommentedOut", "# FROM a\nFROM b # no comment\n", {"b"}},
  {"ContinuationOfRun", "FROM a\nRUN x \\\n  FROM b\n", {"a"}},
  {"LoneBackslash", "\\", {}},
  {"LoneBackslashAtTheEnd", "FROM a\n\\\n", {"a"}},
  {"BackslashThenFrom", "\\\nFROM a\n", {"a"}},
  {"FromWithoutImage", "FROM\nFROM --platform=x\nFROM a\n", {"a"}},
  {"ByteOrderMark",
   "\xef\xbb\xbf"
   "FROM a\n",
   {"a"}},
};

INSTANTIATE_TEST_SUITE_P(All, BaseReferencesTest, ::testing::ValuesIn(cases),
                         ::testing::PrintToStringParamName());

TEST(OfficialImageTest, IsOneWithoutOwnerOnDockerHub) {
  const std::vector<std::pair<std::string, std::string>> official{
    {"node", "node:latest"},
    {"node:20", "node:20"},
    {"library/node", "node:latest"},
    {"docker.io/node:20", "node:20"},
    {"docker.io/library/node:20", "node:20"},
    {"index.docker.io/library/node:20", "node:20"},
    {"node@sha256:abc", "node@sha256:abc"},
    {"node:20@sha256:abc", "node:20@sha256:abc"},
  };
  for (const auto& [reference, name] : official) {
    std::string found;
    EXPECT_TRUE(buildah::is_official(reference, found)) << reference;
    EXPECT_EQ(found, name);
  }
  for (const auto* reference :
       {"bitnami/node", "docker.io/bitnami/node", "ghcr.io/node", "localhost:5000/node",
        "registry.example.com/library/node:20", "quay.io/library/node"}) {
    std::string found;
    EXPECT_FALSE(buildah::is_official(reference, found)) << reference;
  }
}

TEST(ImageOriginTest, InThePlatformsRegistryATenantHasItsOwnImagesAndTheBaseImages) {
  const auto origin = [](const char* x) { return buildah::origin_of(x, "127.0.0.1:5780", "acme"); };
  using enum buildah::image_origin;
  for (const auto* x : {"node:20", "docker.io/library/node", "127.0.0.1:5780/library/node:20",
                        "127.0.0.1:5780/acme/shop@sha256:abc"})
    EXPECT_EQ(origin(x), own) << x;
  for (const auto* x : {"127.0.0.1:5780/other/shop:1", "127.0.0.1:5780/acme2/shop",
                        "127.0.0.1:5780/acme", "127.0.0.1:5780/", "127.0.0.1:5780/library2/x"})
    EXPECT_EQ(origin(x), forbidden) << x;
  // Another spelling of the registry's address is looked for in the build's own network.
  for (const auto* x : {"localhost:5780/other/shop", "127.1:5780/other/shop", "bitnami/node",
                        "0177.0.0.1:5780/other/shop", "ghcr.io/library/node"})
    EXPECT_EQ(origin(x), elsewhere) << x;
}

} // namespace
