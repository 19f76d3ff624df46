#include "adapters/directory/blob_store.hpp"
#include "tests/support/blob_store_contract.hpp"
#include "tests/support/temp_folder.hpp"

#include <filesystem>
#include <fstream>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

/// A store whose folder goes with it.
blob_store_world make_world() {
  const auto folder = std::make_shared<temp_folder>();
  const auto open = [folder] { return *directory::open_blob_store(folder->path() / "blobs"); };
  return {open(), open};
}

INSTANTIATE_TEST_SUITE_P(Directory, BlobStoreContract,
                         ::testing::Values(blob_store_case{"directory", &make_world}),
                         ::testing::PrintToStringParamName());

class DirectoryBlobStoreTest : public ::testing::Test {
protected:
  fs::path file_of(const std::string& digest) {
    return folder.path() / "sha256" / digest.substr(7, 2) / digest.substr(7);
  }
  size_t files() {
    size_t result = 0;
    for (const auto& x : fs::recursive_directory_iterator{folder.path()})
      result += x.is_regular_file() ? 1 : 0;
    return result;
  }

  temp_folder folder;
  std::shared_ptr<blob_store> store = *directory::open_blob_store(folder.path());
};

TEST_F(DirectoryBlobStoreTest, DamageIsNoticed) {
  const auto digest = put(*store, "precious bytes");
  std::ofstream{file_of(digest)} << "precious bytez";
  EXPECT_EQ(error_of(get(*store, digest)), ec::internal);
  fs::resize_file(file_of(digest), 3);
  EXPECT_EQ(error_of(get(*store, digest)), ec::internal);
  fs::resize_file(file_of(digest), 0);
  EXPECT_EQ(error_of(get(*store, digest)), ec::internal);
}

TEST_F(DirectoryBlobStoreTest, SendingDamagedBytesAgainHealsThem) {
  const auto digest = put(*store, "precious bytes");
  std::ofstream{file_of(digest)} << "damage";
  EXPECT_EQ(put(*store, "precious bytes"), digest);
  EXPECT_EQ(get(*store, digest), std::string{"precious bytes"});
}

TEST_F(DirectoryBlobStoreTest, HalfAnUploadLeavesNoFile) {
  {
    auto writer = store->begin(100);
    ASSERT_TRUE(writer);
    EXPECT_TRUE((*writer)->write(as_bytes("abc")));
    EXPECT_EQ(files(), 1u);
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(DirectoryBlobStoreTest, CrashLeavesNoHalfUploadAndAllBlobs) {
  const auto digest = put(*store, "kept");
  std::ofstream{folder.path() / "incoming" / "17"} << "half an upl"; // as a crash leaves it
  store = *directory::open_blob_store(folder.path());
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(get(*store, digest), std::string{"kept"});
}

TEST_F(DirectoryBlobStoreTest, SweepFreesWhatIsOldEnough) {
  std::ofstream{folder.path() / "incoming" / "17"} << "half an upl";
  EXPECT_EQ(store->sweep(std::chrono::hours{1}), 0u);
  EXPECT_EQ(store->sweep(std::chrono::seconds{-10}), 11u);
  EXPECT_EQ(files(), 0u);
}

TEST_F(DirectoryBlobStoreTest, SendingAgainMakesABlobFresh) {
  const auto digest = put(*store, "asked for again");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours{48};
  fs::last_write_time(file_of(digest), long_ago);
  const auto yesterday = std::chrono::system_clock::now() - std::chrono::hours{24};
  put(*store, "asked for again");
  EXPECT_EQ(store->remove_older(digest, yesterday), 0u);
  fs::last_write_time(file_of(digest), long_ago);
  EXPECT_EQ(store->remove_older(digest, yesterday), 15u);
}

TEST_F(DirectoryBlobStoreTest, OthersCannotReadBlobs) {
  const auto status = fs::status(file_of(put(*store, "source code")));
  EXPECT_EQ(status.permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

TEST_F(DirectoryBlobStoreTest, FolderThatCannotBeIsUnavailable) {
  std::ofstream{folder.path() / "file"} << "x";
  EXPECT_EQ(error_of(directory::open_blob_store(folder.path() / "file" / "blobs")),
            ec::unavailable);
}

} // namespace
