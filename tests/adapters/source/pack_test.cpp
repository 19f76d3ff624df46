#include "adapters/source/fetcher.hpp"
#include "adapters/source/ignored_files.hpp"
#include "adapters/source/pack.hpp"
#include "protocol/types.hpp"
#include "tests/adapters/source/archives.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

class PackTest : public ::testing::Test {
protected:
  using names = std::vector<std::string>;

  PackTest() { fs::create_directories(project); }

  void file(const std::string& name, const std::string& text = "x") {
    write_file(project / name, text);
  }

  names sent() {
    const auto files = source::source_files(project);
    return files ? *files : names{render(files.error())};
  }

  caf::expected<source::packed_source> pack(source::pack_options options = {}) {
    return source::pack(project, archive, options);
  }

  std::string bytes() { return tree_of(folder.path())["source.tar.zst"]; }

  temp_folder folder;
  fs::path project = folder.path() / "project";
  fs::path archive = folder.path() / "source.tar.zst";
};

TEST_F(PackTest, UnpackedIsTheSameTree) {
  file("a/b/c", std::string(300'000, 'x'));
  file("empty", "");
  file("größe und \"mehr\"", "1");
  file("\xff\xfe", "no UTF-8");
  file("run", "#!/bin/sh\n");
  fs::permissions(project / "run", fs::perms::owner_exec, fs::perm_options::add);
  file(std::string(150, 'n') + "/" + std::string(150, 'n'));
  fs::create_symlink("a/b/c", project / "link");
  fs::create_symlink("../run", project / "a" / "up");
  fs::create_symlink("nowhere", project / "dangling");
  const auto packed = pack();
  ASSERT_TRUE(packed) << render(packed.error());
  EXPECT_EQ(packed->files, 9u);
  EXPECT_EQ(packed->bytes, 300'000u + 1 + 8 + 10 + 1);
  EXPECT_EQ(packed->packed, fs::file_size(archive));
  text_blob blob{bytes()};
  const auto into = folder.path() / "unpacked";
  const auto unpacked = source::make_fetcher()->unpack(blob, into, {}, {});
  ASSERT_TRUE(unpacked) << render(unpacked.error());
  EXPECT_EQ(tree_of(into), tree_of(project));
}

TEST_F(PackTest, SameSourceGivesTheSameBytes) {
  for (const auto* name : {"b", "a", "c/d"})
    file(name);
  ASSERT_TRUE(pack());
  const auto first = bytes();
  fs::remove_all(project);
  for (const auto* name : {"c/d", "a", "b"}) {
    file(name);
    fs::last_write_time(project / name, fs::file_time_type{});
  }
  fs::permissions(project / "a", static_cast<fs::perms>(0600));
  ASSERT_TRUE(pack());
  EXPECT_EQ(bytes(), first);
  file("b", "y");
  ASSERT_TRUE(pack());
  EXPECT_NE(bytes(), first);
}

TEST_F(PackTest, NothingToSendAndNoFolderAreInvalid) {
  EXPECT_EQ(error_of(pack()), ec::invalid_request);
  EXPECT_EQ(error_of(source::source_files(project / "missing")), ec::invalid_request);
  file("plain");
  EXPECT_EQ(error_of(source::source_files(project / "plain")), ec::invalid_request);
}

TEST_F(PackTest, LimitsHold) {
  file("a", "12345");
  file("b", "12345");
  EXPECT_TRUE(pack({{}, 2, 10}));
  EXPECT_EQ(error_of(pack({{}, 1, 10})), ec::too_large);
  EXPECT_EQ(error_of(pack({{}, 2, 9})), ec::too_large);
}

TEST_F(PackTest, WhatThePlatformWouldRefuseIsRefusedHere) {
  file("a");
  fs::create_symlink("/etc/passwd", project / "link");
  EXPECT_EQ(error_of(pack()), ec::invalid_request);
  fs::remove(project / "link");
  fs::create_symlink("../outside", project / "link");
  EXPECT_EQ(error_of(pack()), ec::invalid_request);
  fs::remove(project / "link");
  ASSERT_EQ(::mkfifo((project / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of(pack()), ec::invalid_request);
  fs::remove(project / "pipe");
  file("line\nbreak");
  EXPECT_EQ(error_of(pack()), ec::invalid_request);
}

TEST_F(PackTest, WhatIsNeverSourceStaysHere) {
  for (const auto* name : {"app.js", ".git/config", "node_modules/a/index.js", "sub/node_modules/b",
                           "__pycache__/x.pyc", ".venv/bin/python", "sub/.DS_Store", ".hg/x",
                           "gitignored", "node_modules.txt"})
    file(name);
  EXPECT_EQ(sent(), (names{"app.js", "gitignored", "node_modules.txt"}));
}

TEST_F(PackTest, GitignoreIsReadAsGitDoes) {
  file(".gitignore", "*.log\n/build/\n!keep.log\n# comment\nsecret?.txt\ndoc/**/draft\n");
  for (const auto* name :
       {"a.log", "keep.log", "sub/b.log", "build/x", "sub/build/y", "secret1.txt", "secret12.txt",
        "doc/a/b/draft", "doc/draft", "doc/final", ".hidden"})
    file(name);
  EXPECT_EQ(sent(), (names{".gitignore", ".hidden", "doc/final", "keep.log", "secret12.txt",
                           "sub/build/y"}));
}

TEST_F(PackTest, NestedGitignoreHoldsBelowItsFolder) {
  file("a/.gitignore", "/only-here\n*.tmp\n!b.tmp\n");
  file(".gitignore", "b.tmp\n");
  for (const auto* name :
       {"only-here", "a/only-here", "a/c/only-here", "a/x.tmp", "x.tmp", "b.tmp", "a/b.tmp"})
    file(name);
  EXPECT_EQ(sent(), (names{".gitignore", "a/.gitignore", "a/b.tmp", "a/c/only-here", "only-here",
                           "x.tmp"}));
}

TEST_F(PackTest, GitignoreOfTheUserDoesNotCount) {
  file("a");
  file(".gitignore", "b\n");
  file(".git/info/exclude", "a\n");
  EXPECT_EQ(sent(), (names{".gitignore", "a"}));
}

TEST_F(PackTest, OddNamesAreSentAlsoWhenGitListsThem) {
  file(".gitignore", "ignored\n");
  for (const auto* name : {"quo\"te", "back\\slash", "größe", " space ", "-dash", "*", "ignored"})
    file(name);
  EXPECT_EQ(sent(),
            (names{" space ", "*", "-dash", ".gitignore", "back\\slash", "größe", "quo\"te"}));
}

TEST_F(PackTest, RepositoriesWithinAreSentAsFolders) {
  file(".gitignore", "*.log\n");
  file("a");
  for (const std::string sub : {"modules/one", "modules/two"}) {
    file(sub + "/.git/HEAD", "ref: refs/heads/main\n"); // as git recognises one
    fs::create_directories(project / sub / ".git" / "objects");
    fs::create_directories(project / sub / ".git" / "refs");
    file(sub + "/b");
  }
  file("modules/two/.gitignore", "c\n");
  file("modules/two/c");
  EXPECT_EQ(sent(),
            (names{".gitignore", "a", "modules/one/b", "modules/two/.gitignore", "modules/two/b"}));
  EXPECT_TRUE(pack());
}

TEST_F(PackTest, DockerignoreBeginsAtItsFolder) {
  file(".dockerignore", "build\n/dist\n./out\n*.md\n.env\n.cache/\n# comment\n\n  spaces  \n");
  for (const auto* name :
       {"build/x", "sub/build/y", "dist/x", "out/x", "README.md", "sub/README.md", ".env", "env",
        ".cache/x", "cache/x", "spaces", "app.js"})
    file(name);
  EXPECT_EQ(sent(),
            (names{".dockerignore", "app.js", "cache/x", "env", "sub/README.md", "sub/build/y"}));
}

TEST_F(PackTest, DockerignoreMayBringFilesBack) {
  file(".dockerignore", "*\n!src/app.js\n!package*.json\n!docs\ndocs/draft\n");
  for (const auto* name : {"src/app.js", "src/other.js", "package.json", "package-lock.json",
                           "docs/a/b", "docs/draft", "x"})
    file(name);
  EXPECT_EQ(sent(), (names{".dockerignore", "docs/a/b", "package-lock.json", "package.json",
                           "src/app.js"}));
}

TEST_F(PackTest, DockerignoreKnowsTwoStars) {
  file(".dockerignore", "**/*.log\nlib/**\n!lib/**/keep\n**/tmp\na/**/z\n[xy].txt\nq?.txt\n");
  for (const auto* name : {"a.log", "deep/er/b.log", "lib/x", "lib/y/keep", "tmp", "deep/tmp/f",
                           "a/z", "a/b/c/z", "a/o", "x.txt", "y.txt", "z.txt", "q1.txt", "q12.txt"})
    file(name);
  EXPECT_EQ(sent(), (names{".dockerignore", "a/o", "lib/y/keep", "q12.txt", "z.txt"}));
}

TEST_F(PackTest, DockerignoreCannotTakeWhatSaysHowToBuild) {
  file(".dockerignore", "Dockerfile\n.dockerignore\nbackend-im.yml\n*.txt\n");
  for (const auto* name : {"Dockerfile", "backend-im.yml", "a.txt", "sub/Dockerfile"})
    file(name);
  EXPECT_EQ(sent(), (names{".dockerignore", "Dockerfile", "backend-im.yml", "sub/Dockerfile"}));
}

TEST_F(PackTest, BothIgnoreFilesCount) {
  file(".gitignore", "a\n");
  file(".dockerignore", "b\n!a\n");
  for (const auto* name : {"a", "b", "c"})
    file(name);
  EXPECT_EQ(sent(), (names{".dockerignore", ".gitignore", "c"}));
}

TEST_F(PackTest, CredentialsAreHeldBackUnlessNamed) {
  for (const auto* name : {".env", ".env.production", ".env.example", ".env.local.sample", ".envrc",
                           "sub/.env", "id_rsa", "id_rsa.pub", "server.key", "server.pem",
                           ".aws/credentials", ".netrc", "keyboard", "app.js"})
    file(name);
  auto packed = pack();
  ASSERT_TRUE(packed) << render(packed.error());
  EXPECT_EQ(packed->held_back, (names{".aws/credentials", ".env", ".env.production", ".netrc",
                                      "id_rsa", "server.key", "sub/.env"}));
  packed = pack({.include = {"./sub/../sub/.env", "server.key"}});
  ASSERT_TRUE(packed) << render(packed.error());
  EXPECT_EQ(packed->held_back,
            (names{".aws/credentials", ".env", ".env.production", ".netrc", "id_rsa"}));
  text_blob blob{bytes()};
  ASSERT_TRUE(source::make_fetcher()->unpack(blob, folder.path() / "unpacked", {}, {}));
  EXPECT_TRUE(fs::exists(folder.path() / "unpacked" / "sub" / ".env"));
  EXPECT_FALSE(fs::exists(folder.path() / "unpacked" / ".env"));
}

TEST_F(PackTest, IgnoredCredentialsAreSentWhenNamed) {
  file(".gitignore", ".env\n");
  file(".env");
  const auto packed = pack({.include = {".env"}});
  ASSERT_TRUE(packed) << render(packed.error());
  EXPECT_EQ(packed->files, 2u);
  EXPECT_EQ(packed->held_back, names{});
}

TEST_F(PackTest, IncludedFilesHaveToBeInTheFolder) {
  file("a");
  write_file(folder.path() / "outside", "x");
  for (const std::string name : {"missing", "../outside", "/etc/passwd", "", "."})
    EXPECT_EQ(error_of(pack({.include = {name}})), ec::invalid_request) << name;
}

} // namespace
