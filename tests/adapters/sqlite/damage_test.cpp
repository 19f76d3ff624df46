#include "adapters/sqlite/journal.hpp"
#include "protocol/error.hpp"
#include "tests/adapters/sqlite/journal_world.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/fake_journal.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

constexpr int streams = 40, events_of_each = 12;

std::string name_of(int i) {
  return "app/main/shop-" + std::to_string(i);
}

/// A journal of some size in a file that is then damaged byte by byte.
class JournalDamageTest : public ::testing::Test {
protected:
  sqlite_journal_world world;
  std::string intact; ///< The file's bytes.

  void SetUp() override {
    auto store = *world.open();
    for (int n = 0; n < events_of_each; ++n)
      for (int i = 0; i < streams; ++i)
        ASSERT_TRUE(store->append({name_of(i),
                                   static_cast<uint64_t>(n),
                                   {make_event(std::string(300, static_cast<char>('a' + n)))}}));
    store.reset(); // all of it is in the one file now
    std::ifstream in{world.path(), std::ios::binary};
    intact.assign(std::istreambuf_iterator<char>{in}, {});
    ASSERT_FALSE(fs::exists(world.path().string() + "-wal"));
  }

  void write(const std::string& bytes) {
    for (const auto* with : {"-wal", "-shm", "-witness"})
      fs::remove(world.path().string() + with);
    std::ofstream{world.path(), std::ios::binary} << bytes;
  }

  struct finding {
    bool opened = false;
    std::set<std::string> read;   ///< Streams whose readers are told.
    std::set<std::string> looked; ///< Streams that the look at everything names.
    bool trouble = false;         ///< Anything was found.
    bool same = true;             ///< Each stream that can be read says what was written.
  };

  finding look() {
    finding result;
    auto store = world.open();
    if (!store) {
      EXPECT_EQ(error_of(store), ec::internal) << render(store.error());
      result.trouble = true;
      return result;
    }
    result.opened = true;
    for (int i = 0; i < streams; ++i) {
      const auto events = (*store)->read(name_of(i), 1, 100);
      if (!events) {
        EXPECT_EQ(error_of(events), ec::internal) << render(events.error());
        EXPECT_NE(render(events.error()).find(name_of(i)), std::string::npos)
          << render(events.error());
        result.read.insert(name_of(i));
        continue;
      }
      result.same = result.same && events->size() == events_of_each;
      for (int n = 0; const auto& x : *events)
        result.same
          = result.same && x.event == make_event(std::string(300, static_cast<char>('a' + n++)));
    }
    const auto report = (*store)->verify(
      [&](const journal_damage& x) {
        if (!x.stream.empty())
          result.looked.insert(x.stream);
      },
      {});
    EXPECT_TRUE(report) << render(report.error());
    result.trouble = !report || report->damages > 0;
    return result;
  }
};

TEST_F(JournalDamageTest, AFlippedByteIsReportedWithItsStreamOrHurtsNobody) {
  std::mt19937 random{7};
  int named = 0;
  for (int round = 0; round < 60; ++round) {
    auto bytes = intact;
    const auto place = random() % bytes.size();
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << random() % 8));
    write(bytes);
    const auto found = look();
    SCOPED_TRACE("byte " + std::to_string(place) + " of " + std::to_string(bytes.size()));
    EXPECT_TRUE(found.same) << "a stream says what was never written";
    EXPECT_TRUE(found.read.empty() || found.trouble);
    EXPECT_TRUE(std::ranges::includes(found.looked, found.read))
      << "the look names every stream whose readers are told";
    named += !found.looked.empty();
  }
  EXPECT_GT(named, 30) << "most bytes belong to a record";
}

TEST_F(JournalDamageTest, ATornPageIsReportedWithItsStreams) {
  constexpr size_t page = 4096;
  int named = 0, torn = 0;
  for (size_t at = 2 * page; at + page <= intact.size(); at += 5 * page, ++torn) {
    auto bytes = intact;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at + page / 2), page / 2, '\0');
    write(bytes);
    const auto found = look();
    SCOPED_TRACE("page " + std::to_string(at / page));
    EXPECT_TRUE(found.same);
    EXPECT_TRUE(found.trouble || found.read.empty());
    EXPECT_TRUE(std::ranges::includes(found.looked, found.read));
    named += !found.looked.empty();
  }
  EXPECT_GE(named, torn - 2) << "a page or two are free";
}

TEST_F(JournalDamageTest, AFileThatWasCutOffIsReported) {
  for (const auto part : {0.3, 0.6, 0.9, 0.99}) {
    write(intact.substr(0, static_cast<size_t>(static_cast<double>(intact.size()) * part)));
    const auto found = look();
    EXPECT_TRUE(found.trouble) << part;
    EXPECT_TRUE(found.same) << part;
  }
}

TEST_F(JournalDamageTest, WhatIsNoJournalIsNotTakenForAnEmptyOne) {
  write(std::string(8192, 'x'));
  EXPECT_EQ(error_of(world.open()), ec::internal);
}

/// Appends in a process that is killed, so that the write-ahead log is what holds the events.
class KilledJournalTest : public ::testing::Test {
protected:
  sqlite_journal_world world;
  fs::path log = world.path().string() + "-wal";

  void SetUp() override {
    const auto child = fork();
    if (child == 0) {
      auto store = *world.open();
      for (int i = 0; i < 5; ++i)
        if (!store->append({name_of(i), 0, {make_event("a"), make_event("b")}}))
          std::_Exit(1);
      std::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GT(fs::file_size(log), 0u);
  }
};

TEST_F(KilledJournalTest, AllThatWasAcknowledgedIsThere) {
  auto store = world.open();
  ASSERT_TRUE(store) << render(store.error());
  EXPECT_EQ((*store)->head()->position, 10u);
  EXPECT_EQ((*store)->verify([](const journal_damage&) {}, {})->damages, 0u);
}

TEST_F(KilledJournalTest, ACutOffLogIsReportedWithItsStreams) {
  fs::resize_file(log, fs::file_size(log) - 100);
  for (int i = 0; i < 2; ++i) { // looking must not destroy what is left
    const auto store = world.open();
    ASSERT_EQ(error_of(store), ec::internal);
    EXPECT_NE(render(store.error()).find(name_of(4)), std::string::npos) << render(store.error());
    EXPECT_EQ(render(store.error()).find(name_of(3)), std::string::npos) << render(store.error());
  }
}

TEST_F(KilledJournalTest, AFlippedByteInTheLogIsReported) {
  std::fstream file{log, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(fs::file_size(log) / 2));
  file.put('\x55');
  file.close();
  EXPECT_EQ(error_of(world.open()), ec::internal);
}

TEST_F(KilledJournalTest, ALostFileIsNotTakenForANewJournal) {
  fs::remove(world.path());
  fs::remove(log);
  EXPECT_EQ(error_of(world.open()), ec::internal);
}

} // namespace
