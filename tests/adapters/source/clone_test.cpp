#include "adapters/source/fetcher.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/types.hpp"
#include "tests/adapters/source/archives.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

/// A repository on this machine; git asks nobody's settings.
class CloneTest : public ::testing::Test {
protected:
  CloneTest() {
    git("init -q -b main .");
    write_file(repository / "file", "first");
    commit();
    first = git("rev-parse HEAD");
    git("tag v1");
    write_file(repository / "file", "second");
    write_file(repository / "sub" / "run", "#!/bin/sh\n");
    fs::permissions(repository / "sub" / "run", fs::perms::owner_exec, fs::perm_options::add);
    fs::create_symlink("../file", repository / "sub" / "link");
    commit();
    git("checkout -q -b other");
    write_file(repository / "file", "other");
    commit();
    git("checkout -q main");
  }

  std::string git(const std::string& arguments) {
    subprocess::command x;
    x.argv = {"sh", "-c", "git " + arguments};
    x.folder = repository;
    x.env = {{"PATH", std::getenv("PATH")}, {"HOME", folder.path().string()},
             {"GIT_AUTHOR_NAME", "a"},      {"GIT_AUTHOR_EMAIL", "a@example.com"},
             {"GIT_COMMITTER_NAME", "a"},   {"GIT_COMMITTER_EMAIL", "a@example.com"}};
    fs::create_directories(repository);
    const auto ran = subprocess::run(x, {}, {});
    EXPECT_TRUE(ran && ran->good()) << arguments;
    return ran && !ran->tail.empty() ? ran->tail.back() : "";
  }
  void commit() { git("add -A && git commit -q -m x"); }

  caf::expected<unpacked_source> clone(const std::string& ref, source_limits limits = {}) {
    return fetcher->clone("file://" + repository.string(), ref, into, limits, {}, {});
  }

  std::string text_at(const std::string& ref) {
    const auto got = clone(ref);
    if (!got)
      return render(got.error());
    auto text = tree_of(into)["file"];
    fs::remove_all(into);
    return text;
  }

  temp_folder folder;
  fs::path repository = folder.path() / "repository";
  fs::path into = folder.path() / "source";
  std::string first;
  std::shared_ptr<source_fetcher> fetcher = source::make_fetcher({.local_repositories = true});
};

TEST_F(CloneTest, GivesTheFilesWithoutHistory) {
  const auto got = clone("");
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(tree_of(into),
            (tree{{"file", "second"}, {"sub/run", "x #!/bin/sh\n"}, {"sub/link", "-> ../file"}}));
  EXPECT_EQ(got->bytes, 6u + 10);
  EXPECT_FALSE(fs::exists(into / ".git"));
}

TEST_F(CloneTest, TakesBranchesTagsAndCommits) {
  EXPECT_EQ(text_at(""), "second");
  EXPECT_EQ(text_at("main"), "second");
  EXPECT_EQ(text_at("other"), "other");
  EXPECT_EQ(text_at("refs/heads/other"), "other");
  EXPECT_EQ(text_at("v1"), "first");
  EXPECT_EQ(text_at(first), "first");
}

TEST_F(CloneTest, WhatIsNotThereIsRejectedAndLeavesNothing) {
  for (const std::string ref :
       {"missing", "0123456789012345678901234567890123456789", "--upload-pack=x", "-f", "a b",
        "main:x", "v1^", "ma*", "main~1", "a\nb", "a\x01", "caf\xE9"}) {
    const auto got = clone(ref);
    EXPECT_EQ(error_of(got), ec::invalid_request) << ref;
    EXPECT_EQ(failure_of(error_of(got)).code, cause::source_rejected) << ref;
    EXPECT_FALSE(fs::exists(into)) << ref;
  }
}

TEST_F(CloneTest, OnlyHttpAndSshAreAllowed) {
  const auto remote = source::make_fetcher();
  for (const auto& url :
       {std::string{}, "file://" + repository.string(), repository.string(), std::string{"../x"},
        std::string{"ext::sh -c id"}, std::string{"--upload-pack=id"}, std::string{"ftp://host/x"},
        std::string{"git://host/x"}, std::string{"https://host/x y"},
        std::string{"https://host/x\n"}, std::string{"fd::17/x"}, std::string{"host:path"},
        std::string{"-oProxyCommand=id@host:x"}, std::string{"FILE:///etc"}}) {
    const auto got = remote->clone(url, "", into, {}, {}, {});
    EXPECT_EQ(error_of(got), ec::invalid_request) << url;
    EXPECT_FALSE(fs::exists(into)) << url;
  }
}

TEST_F(CloneTest, LinksOutAreRejected) {
  for (const std::string target : {"/etc/passwd", "../../outside", "x/../.."}) {
    fs::remove(repository / "sub" / "link");
    fs::create_symlink(target, repository / "sub" / "link");
    commit();
    const auto got = clone("");
    EXPECT_EQ(error_of(got), ec::invalid_request) << target;
    EXPECT_FALSE(fs::exists(into)) << target;
  }
}

TEST_F(CloneTest, LimitsHold) {
  EXPECT_EQ(error_of(clone("", {3, 1'000'000})), ec::too_large); // two files, a link and a folder
  EXPECT_TRUE(clone("", {4, 1'000'000}));
  fs::remove_all(into);
  write_file(repository / "zeros", std::string(1 << 20, '\0'));
  commit();
  EXPECT_EQ(error_of(clone("", {100, 1 << 20})), ec::too_large);
  EXPECT_FALSE(fs::exists(into));
}

TEST_F(CloneTest, StopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(
    error_of(fetcher->clone("file://" + repository.string(), "", into, {}, {}, stop.get_token())),
    ec::timed_out);
  EXPECT_FALSE(fs::exists(into));
}

} // namespace
