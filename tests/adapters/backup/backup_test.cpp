#include "adapters/backup/reader.hpp"
#include "adapters/backup/writer.hpp"
#include "adapters/directory/blob_store.hpp"
#include "tests/support/backups.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

using namespace backendim;
using namespace backendim::test;

namespace {

class BackupTest : public ::testing::Test {
protected:
  temp_folder folder;
  std::shared_ptr<fake_journal> events = std::make_shared<fake_journal>();
  std::shared_ptr<blob_store> blobs = *directory::open_blob_store(folder.path() / "blobs");
  std::filesystem::path file = folder.path() / "backup";

  void SetUp() override {
    for (const auto* name : {"key", "platform-id", "admin.token", "master-keys"})
      write_bytes(folder.path() / name, std::string{"secret "} + name);
    for (int i = 0; i < 1'200; ++i)
      ASSERT_TRUE(events->append({"app/main/shop-" + std::to_string(i % 7),
                                  static_cast<uint64_t>(i / 7),
                                  {make_event("event " + std::to_string(i))}}));
  }

  std::string made() {
    auto bytes = make_backup({events, blobs, folder.path()});
    EXPECT_TRUE(bytes) << render(bytes.error());
    return bytes ? *bytes : "";
  }

  struct content {
    std::vector<recorded_event> events;
    std::map<std::string, std::string> secrets, blobs;
    friend bool operator==(const content&, const content&) = default;
  };

  caf::expected<backup::backup_manifest> read(const std::string& bytes, content& to) {
    write_bytes(file, bytes);
    return backup::read_backup(file, {[&](std::vector<recorded_event> more) {
                                        to.events.insert(to.events.end(), more.begin(), more.end());
                                        return caf::error{};
                                      },
                                      [&](const std::string& name, const std::string& text) {
                                        to.secrets[name] = text;
                                        return caf::error{};
                                      },
                                      [&](const std::string& digest, std::string_view piece) {
                                        to.blobs[digest] += piece;
                                        return caf::error{};
                                      }});
  }
};

TEST_F(BackupTest, HoldsAllThatThereWas) {
  const auto small = keep_blob(*blobs, "small"), none = keep_blob(*blobs, "");
  const std::string random_bytes = [] {
    std::mt19937 random{1};
    std::string result(700'000, '\0');
    for (auto& c : result)
      c = static_cast<char>(random());
    return result;
  }();
  const auto large = keep_blob(*blobs, random_bytes);
  content got;
  const auto manifest = read(made(), got);
  ASSERT_TRUE(manifest) << render(manifest.error());
  EXPECT_EQ(manifest->position, 1'200u);
  EXPECT_EQ(manifest->streams, 7u);
  EXPECT_EQ(got.events, *events->read_all(1, 10'000));
  EXPECT_EQ(got.secrets,
            (std::map<std::string, std::string>{{"key", "secret key"},
                                                {"platform-id", "secret platform-id"},
                                                {"admin.token", "secret admin.token"},
                                                {"master-keys", "secret master-keys"}}));
  EXPECT_EQ(got.blobs, (std::map<std::string, std::string>{
                         {small, "small"}, {none, ""}, {large, random_bytes}}));
}

TEST_F(BackupTest, IsOfOnePositionHoweverLongItTakes) {
  backup::backup_writer writer{{events, blobs, folder.path()}};
  std::string bytes = *writer.next();
  ASSERT_TRUE(events->append({"late", 0, {make_event("x")}}));
  for (auto piece = writer.next(); piece && !piece->empty(); piece = writer.next())
    bytes += *piece;
  content got;
  const auto manifest = read(bytes, got);
  ASSERT_TRUE(manifest) << render(manifest.error());
  EXPECT_EQ(manifest->position, 1'200u);
  EXPECT_EQ(got.events.size(), 1'200u);
}

TEST_F(BackupTest, OneOfADamagedJournalIsNotMade) {
  events->rows.at(700).what.event.body = "x";
  EXPECT_EQ(error_of(make_backup({events, blobs, folder.path()})), ec::internal);
}

TEST_F(BackupTest, ADamagedBlobKeepsNothingElseFromBeingSaved) {
  const auto good = keep_blob(*blobs, "good"), bad = keep_blob(*blobs, "soon to be damaged");
  const auto hex = bad.substr(7);
  write_bytes(folder.path() / "blobs/sha256" / hex.substr(0, 2) / hex, "soon to be damageD");
  content got;
  const auto manifest = read(made(), got);
  ASSERT_TRUE(manifest) << render(manifest.error());
  EXPECT_EQ(manifest->damaged_blobs, std::vector<std::string>{bad});
  EXPECT_EQ(got.blobs[good], "good");
  EXPECT_EQ(got.events.size(), 1'200u);
}

TEST_F(BackupTest, OneThatIsCutOffIsRefused) {
  const auto whole = made();
  for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40) {
    content got;
    EXPECT_EQ(error_of(read(whole.substr(0, size), got)), ec::invalid_request) << size;
  }
}

TEST_F(BackupTest, OneThatWasChangedIsRefused) {
  keep_blob(*blobs, std::string(5'000, 'b'));
  const auto whole = made();
  content right;
  ASSERT_TRUE(read(whole, right));
  std::mt19937 random{3};
  for (int round = 0; round < 200; ++round) {
    auto bytes = whole;
    const auto place = random() % bytes.size();
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << random() % 8));
    content got;
    const auto manifest = read(bytes, got);
    EXPECT_TRUE(!manifest || got == right) << "byte " << place; // some bits mean nothing
  }
}

TEST_F(BackupTest, WhatIsNoBackupIsRefused) {
  content got;
  EXPECT_EQ(error_of(read("", got)), ec::invalid_request);
  EXPECT_EQ(error_of(read(std::string(100'000, 'x'), got)), ec::invalid_request);
  EXPECT_EQ(error_of(backup::read_backup(folder.path() / "none", {})), ec::unavailable);
}

} // namespace
