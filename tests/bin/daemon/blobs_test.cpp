#include "bin/daemon/blobs.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace backendim;
using test::error_of;
namespace fs = std::filesystem;

namespace {

class BlobsTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  fs::path key = folder.path() / "s3.key";
  daemon::blob_settings s3{"http://127.0.0.1:1", "bucket", "here", "access", key.string(), ""};

  caf::error trouble() { return error_of(daemon::open_blobs(s3, folder.path() / "blobs")); }
};

TEST_F(BlobsTest, WithoutAServerTheyAreInTheFolder) {
  EXPECT_TRUE(daemon::open_blobs({}, folder.path() / "blobs"));
  EXPECT_TRUE(fs::is_directory(folder.path() / "blobs"));
}

TEST_F(BlobsTest, SecretKeyIsForItsOwnerOnly) {
  EXPECT_EQ(trouble(), ec::invalid_request) << "there is none";
  std::ofstream{key} << "secret\n";
  fs::permissions(key, fs::perms{0644});
  EXPECT_EQ(trouble(), ec::invalid_request);
  fs::permissions(key, fs::perms{0600});
  std::ofstream{key} << "\n";
  EXPECT_EQ(trouble(), ec::invalid_request) << "it is empty";
}

} // namespace
