#include "bin/daemon/state_folder.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

using namespace backendim;
using namespace backendim::test;
using daemon::state_folder;
namespace fs = std::filesystem;

namespace {

class StateFolderTest : public ::testing::Test {
protected:
  temp_folder folder;
  fs::path path = folder.path() / "deep" / "state";

  static std::string never() {
    ADD_FAILURE() << "the secret is there already";
    return "";
  }
};

TEST_F(StateFolderTest, IsMadeForItsOwnerOnly) {
  ASSERT_TRUE(state_folder::open(path));
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  fs::permissions(path, fs::perms::all);
  ASSERT_TRUE(state_folder::open(path));
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  const auto passage = fs::perms::owner_all | fs::perms::group_exec;
  fs::permissions(path, passage);
  ASSERT_TRUE(state_folder::open(path));
  EXPECT_EQ(fs::status(path).permissions(), passage) << "a group may pass through";
}

TEST_F(StateFolderTest, HasOneOwnerAtATime) {
  {
    auto first = state_folder::open(path);
    ASSERT_TRUE(first);
    EXPECT_EQ(error_of(state_folder::open(path)), ec::conflict);
    const auto moved = std::move(*first);
    EXPECT_EQ(error_of(state_folder::open(path)), ec::conflict);
    fs::create_directory_symlink(path, folder.path() / "link");
    EXPECT_EQ(error_of(state_folder::open(folder.path() / "link")), ec::conflict);
  }
  EXPECT_TRUE(state_folder::open(path));
}

TEST_F(StateFolderTest, SecretIsMadeOnceAndPrivate) {
  const auto state = state_folder::open(path);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->secret("key", [] { return std::string{"made"}; }), std::string{"made"});
  EXPECT_EQ(state->secret("key", never), std::string{"made"});
  EXPECT_EQ(fs::status(state->path() / "key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(state->secret("other", [] { return std::string{"else"}; }), std::string{"else"});
}

TEST_F(StateFolderTest, SecretOfTheOperatorIsTaken) {
  const auto state = state_folder::open(path);
  ASSERT_TRUE(state);
  std::ofstream{path / "key"} << "chosen\nsecond line\n";
  EXPECT_EQ(state->secret("key", never), std::string{"chosen"});
}

TEST_F(StateFolderTest, EmptySecretOfACrashIsMadeAnew) {
  const auto state = state_folder::open(path);
  ASSERT_TRUE(state);
  std::ofstream{path / "key"};
  std::ofstream{path / "key.new"} << "half a ver";
  EXPECT_EQ(state->secret("key", [] { return std::string{"made"}; }), std::string{"made"});
  EXPECT_EQ(state->secret("key", never), std::string{"made"});
}

TEST_F(StateFolderTest, FileInItsPlaceIsUnavailableAndUntouched) {
  fs::create_directories(path.parent_path());
  std::ofstream{path} << "somebody's";
  const auto before = fs::status(path).permissions();
  EXPECT_EQ(error_of(state_folder::open(path)), ec::unavailable);
  EXPECT_EQ(error_of(state_folder::open(path / "below")), ec::unavailable);
  EXPECT_EQ(fs::status(path).permissions(), before);
}

} // namespace
