#pragma once

#include "adapters/directory/blob_store.hpp"
#include "bin/daemon/restore.hpp"
#include "bin/daemon/state_folder.hpp"
#include "tests/support/backups.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace backendim::test {

struct restore_case {
  const char* name;
  std::string (*journal)();                             ///< A fresh value of the setting.
  void (*forget)(const std::string& journal) = nullptr; ///< Removes what it left on a server.
  friend void PrintTo(const restore_case& x, std::ostream* out) { *out << x.name; }
};

/// Restoring a platform, wherever its journal is.
class RestoreContract : public ::testing::TestWithParam<restore_case> {
protected:
  temp_folder folder;
  daemon::config settings = [this] {
    daemon::config x;
    x.state = (folder.path() / "state").string();
    x.journal = GetParam().journal();
    return x;
  }();
  std::filesystem::path file = folder.path() / "backup";
  std::string blob;

  void SetUp() override {
    fill("a", 3);
    blob = keep_blob(*blobs(), "a source");
    save();
  }
  void TearDown() override {
    if (GetParam().forget)
      GetParam().forget(settings.journal);
  }

  std::filesystem::path state() const { return settings.state; }
  std::shared_ptr<journal> events() const {
    auto opened = daemon::journal_store{settings, state(), {}}.open();
    EXPECT_TRUE(opened) << render(opened.error());
    return opened ? *opened : nullptr;
  }
  std::shared_ptr<blob_store> blobs() const {
    return *directory::open_blob_store(state() / "blobs");
  }

  /// A platform whose secrets and events say *word*.
  void fill(const std::string& word, int streams) {
    std::filesystem::create_directories(state());
    for (const auto* name : {"key", "platform-id", "admin.token", "master-keys"})
      write_bytes(state() / name, word + " " + name);
    const auto to = events();
    for (int i = 0; i < streams; ++i) {
      const auto stream = "app/main/" + word + "-" + std::to_string(i);
      ASSERT_TRUE(to->append({stream, 0, {make_event(word), make_event(word + word)}}));
    }
    ASSERT_TRUE(to->append({"app/main/" + word + "-0", 2, {make_event("last")}}));
  }
  void save() {
    auto bytes = make_backup({events(), blobs(), state()});
    ASSERT_TRUE(bytes) << render(bytes.error());
    write_bytes(file, *bytes);
  }
  /// As on a new machine.
  void lose_everything() {
    if (GetParam().forget)
      GetParam().forget(settings.journal);
    std::filesystem::remove_all(state());
  }
};

TEST_P(RestoreContract, BringsEveryStreamBlobAndSecretBack) {
  const auto before = all_streams(*events());
  lose_everything();
  const auto done = daemon::restore(settings, file, false);
  ASSERT_TRUE(done) << render(done.error());
  EXPECT_EQ(done->what.position, 7u);
  const auto back = events();
  EXPECT_EQ(all_streams(*back), before);
  EXPECT_EQ(back->verify([](const journal_damage&) {}, {})->damages, 0u);
  EXPECT_EQ(blob_content(*blobs(), blob), "a source");
  EXPECT_EQ(bytes_of(state() / "key"), "a key");
  EXPECT_EQ(bytes_of(state() / "admin.token"), "a admin.token");
  EXPECT_TRUE(back->append({"app/main/a-0", 3, {make_event("more")}})) << "and it goes on";
}

TEST_P(RestoreContract, AJournalThatIsThereIsReplacedOnlyWhenSaidSo) {
  ASSERT_TRUE(events()->append({"app/main/a-0", 3, {make_event("newer")}}));
  const auto before = all_streams(*events());
  EXPECT_EQ(error_of(daemon::restore(settings, file, false)), ec::conflict);
  EXPECT_EQ(all_streams(*events()), before);
  const auto done = daemon::restore(settings, file, true);
  ASSERT_TRUE(done) << render(done.error());
  EXPECT_EQ(events()->head()->position, 7u);
  EXPECT_FALSE(done->kept.empty());
}

TEST_P(RestoreContract, ADamagedBackupChangesNothing) {
  const auto before = all_streams(*events());
  const auto whole = bytes_of(file);
  for (size_t place = 100; place < whole.size(); place += whole.size() / 7) {
    auto bytes = whole;
    bytes[place] = static_cast<char>(~bytes[place]);
    write_bytes(file, bytes);
    EXPECT_FALSE(daemon::restore(settings, file, true)) << place;
    EXPECT_EQ(all_streams(*events()), before);
    EXPECT_FALSE(std::filesystem::exists(state() / "restoring"));
  }
}

TEST_P(RestoreContract, WhileThePlatformRunsNothingIsRestored) {
  const auto lock = daemon::state_folder::open(state());
  ASSERT_TRUE(lock);
  EXPECT_EQ(error_of(daemon::restore(settings, file, true)), ec::conflict);
}

} // namespace backendim::test
