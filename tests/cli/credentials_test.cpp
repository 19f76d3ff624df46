#include "bin/cli/credentials.hpp"
#include "protocol/types.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

using namespace backendim;
using cli::credentials;
using cli::credentials_file;

namespace {

const credentials anna{"http://127.0.0.1:7780", "jwt", "anna", "acme", "2030-01-01T00:00:00Z"};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat x {};
  return ::stat(path.c_str(), &x) == 0 ? x.st_mode & 07777u : 0;
}

TEST(CliCredentialsTest, OnlyTheOwnerReadsThem) {
  const test::temp_folder home;
  const credentials_file file{home.path() / ".config/backend-im/credentials.json"};
  const auto before = ::umask(0);
  EXPECT_TRUE(file.store(anna));
  ::umask(before);
  EXPECT_EQ(mode_of(file.path()), 0600u);
  EXPECT_EQ(mode_of(file.path().parent_path()), 0700u);
  EXPECT_EQ(**file.load(), anna);
}

TEST(CliCredentialsTest, AReplacedFileHasTheModeOfANewOne) {
  const test::temp_folder home;
  const credentials_file file{home.path() / "backend-im/credentials.json"};
  ASSERT_TRUE(file.store(anna));
  ::chmod(file.path().c_str(), 0644);
  ::chmod(file.path().parent_path().c_str(), 0755);
  auto bert = anna;
  bert.user = "bert";
  ASSERT_TRUE(file.store(bert));
  EXPECT_EQ(mode_of(file.path()), 0600u);
  EXPECT_EQ(mode_of(file.path().parent_path()), 0700u);
  EXPECT_EQ((*file.load())->user, "bert");
  using std::filesystem::directory_iterator;
  EXPECT_EQ(std::distance(directory_iterator{file.path().parent_path()}, {}), 1);
}

TEST(CliCredentialsTest, AbsentIsNoneAndDamagedIsAnError) {
  const test::temp_folder home;
  const credentials_file file{home.path() / "credentials.json"};
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(*file.load());
  EXPECT_FALSE(*file.remove());
  std::ofstream{file.path()} << "{\"url\":";
  EXPECT_FALSE(file.load());
  EXPECT_TRUE(*file.remove());
  EXPECT_FALSE(std::filesystem::exists(file.path()));
}

} // namespace
