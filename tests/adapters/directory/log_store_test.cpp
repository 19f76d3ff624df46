#include "adapters/directory/log_store.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

constexpr size_t max_line = 16 << 10;
constexpr size_t max_log = 16 << 20;

class LogStoreTest : public ::testing::Test {
protected:
  using lines = std::vector<std::string>;

  lines all(const std::string& name) {
    lines result;
    uint64_t at = 0;
    for (;;) {
      auto page = logs->read(name, at, 1 << 20);
      if (!page || page->lines.empty())
        return result;
      at = page->next;
      result.insert(result.end(), page->lines.begin(), page->lines.end());
    }
  }

  void reopen() { logs = *directory::open_log_store(folder.path()); }

  /// A log of this size, of lines of 1,000 bytes and a shorter one.
  void fill(const std::string& name, size_t size) {
    std::ofstream out{folder.path() / (name + ".log")};
    const auto line = std::string(999, 'x') + "\n";
    for (; size >= line.size(); size -= line.size())
      out << line;
    if (size > 0)
      out << std::string(size - 1, 'y') + "\n";
  }

  temp_folder folder;
  std::shared_ptr<log_store> logs = *directory::open_log_store(folder.path());
};

TEST_F(LogStoreTest, ReturnsWhatWasAppendedAlsoAfterReopen) {
  EXPECT_TRUE(logs->append("build", "one"));
  EXPECT_TRUE(logs->append("build", ""));
  EXPECT_TRUE(logs->append("other", "else"));
  EXPECT_EQ(all("build"), (lines{"one", ""}));
  reopen();
  EXPECT_TRUE(logs->append("build", "two"));
  EXPECT_EQ(all("build"), (lines{"one", "", "two"}));
  EXPECT_EQ(all("other"), lines{"else"});
  EXPECT_EQ(all("nobody"), lines{});
}

TEST_F(LogStoreTest, PagesHoldWholeLinesAndAtLeastOne) {
  for (const auto* line : {"aaaa", "bbbb", "cccc"})
    ASSERT_TRUE(logs->append("build", line));
  auto page = logs->read("build", 0, 12);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->lines, (lines{"aaaa", "bbbb"}));
  EXPECT_EQ(page->next, 10u);
  page = logs->read("build", page->next, 1); // less than a line still gets on
  ASSERT_TRUE(page);
  EXPECT_EQ(page->lines, lines{"cccc"});
  page = logs->read("build", page->next, 100);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->lines, lines{});
  EXPECT_EQ(page->next, 15u);
}

TEST_F(LogStoreTest, OffsetBehindTheEndIsEmpty) {
  ASSERT_TRUE(logs->append("build", "one"));
  for (const uint64_t offset :
       {uint64_t{5}, uint64_t{1} << 40, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    auto page = logs->read("build", offset, 100);
    ASSERT_TRUE(page) << offset;
    EXPECT_EQ(page->lines, lines{});
    EXPECT_EQ(page->next, offset);
  }
}

TEST_F(LogStoreTest, HalfALineWaitsForItsEnd) {
  std::ofstream{folder.path() / "build.log"} << "whole\nhal";
  auto page = logs->read("build", 0, 100);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->lines, lines{"whole"});
  EXPECT_EQ(page->next, 6u);
}

TEST_F(LogStoreTest, ControlCharactersGoTabsStay) {
  ASSERT_TRUE(logs->append("build", std::string_view{"a\tb\x1b[31mc\rd\ne\0f\x7fg", 17}));
  EXPECT_EQ(all("build"), lines{"a\tbcd efg"});
}

TEST_F(LogStoreTest, WhatIsKeptIsUtf8AndCanBeRead) {
  ASSERT_TRUE(logs->append("build", "caf\xE9"));
  ASSERT_TRUE(logs->append("build", std::string(max_line, '\xE9'))); // three bytes for each of it
  ASSERT_TRUE(logs->append("build", "after"));
  const auto kept = all("build");
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0], "caf\uFFFD");
  EXPECT_LE(kept[1].size(), max_line + 3);
  EXPECT_EQ(kept[2], "after");
}

TEST_F(LogStoreTest, LongLinesAreCutBetweenCharacters) {
  ASSERT_TRUE(logs->append("build", std::string(max_line, 'x')));
  ASSERT_TRUE(logs->append("build", std::string(max_line + 1, 'x')));
  std::string accents;
  while (accents.size() < max_line + 10)
    accents += "é";
  ASSERT_TRUE(logs->append("build", "x" + accents));
  const auto kept = all("build");
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0], std::string(max_line, 'x'));
  EXPECT_EQ(kept[1], std::string(max_line, 'x') + "…");
  EXPECT_EQ(kept[2], "x" + accents.substr(0, max_line - 2) + "…");
}

TEST_F(LogStoreTest, LogHasALimitAndSaysSoOnce) {
  fill("build", max_log - 20'000);
  const std::string line(9'000, 'z');
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(logs->append("build", line));
  const auto kept = all("build");
  EXPECT_EQ(kept[kept.size() - 2], line);
  EXPECT_EQ(kept.back(), "(the log is full: what follows is not kept)");
  EXPECT_LE(fs::file_size(folder.path() / "build.log"), max_log);
  reopen();
  ASSERT_TRUE(logs->append("build", "late"));
  EXPECT_EQ(all("build"), kept);
}

TEST_F(LogStoreTest, NearlyFullLogSaysSoAfterReopenToo) {
  fill("build", max_log - 10'000);
  ASSERT_TRUE(logs->append("build", "fits"));
  ASSERT_TRUE(logs->append("build", std::string(12'000, 'z')));
  ASSERT_TRUE(logs->append("build", "late"));
  const auto kept = all("build");
  EXPECT_EQ(kept[kept.size() - 2], "fits");
  EXPECT_EQ(kept.back(), "(the log is full: what follows is not kept)");
}

TEST_F(LogStoreTest, OnlyPlainWordsAreNames) {
  for (const auto& name :
       {std::string{}, std::string{"../up"}, std::string{"a/b"}, std::string{"a.b"},
        std::string{"a b"}, std::string(200, 'a'), std::string{"a\0b", 3}}) {
    EXPECT_EQ(error_of(logs->append(name, "x")), ec::invalid_request) << name;
    EXPECT_EQ(error_of(logs->read(name, 0, 100)), ec::invalid_request) << name;
    EXPECT_EQ(error_of(logs->remove(name)), ec::invalid_request) << name;
  }
}

TEST_F(LogStoreTest, RemovedLogBeginsAnew) {
  EXPECT_TRUE(logs->remove("build")) << "what is not there is no error";
  ASSERT_TRUE(logs->append("build", "old"));
  EXPECT_TRUE(logs->remove("build"));
  EXPECT_EQ(all("build"), lines{});
  ASSERT_TRUE(logs->append("build", "new"));
  EXPECT_EQ(all("build"), lines{"new"});
}

TEST_F(LogStoreTest, ManyLogsAtOnceKeepTheirLines) {
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 100; ++i) // more than are kept open
      ASSERT_TRUE(logs->append("build-" + std::to_string(i), std::to_string(round)));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(all("build-" + std::to_string(i)), (lines{"0", "1"}));
}

TEST_F(LogStoreTest, TellsOnceWhenALogGrowsBeyondTheOffset) {
  int calls = 0;
  logs->when_longer("build", 4, [&] { ++calls; });
  ASSERT_TRUE(logs->append("other", "a longer line"));
  ASSERT_TRUE(logs->append("build", "one"));
  EXPECT_EQ(calls, 0); // 4 bytes
  ASSERT_TRUE(logs->append("build", "two"));
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(logs->append("build", "three"));
  EXPECT_EQ(calls, 1);
}

TEST_F(LogStoreTest, TellsAtOnceWhatHasHappenedAlready) {
  ASSERT_TRUE(logs->append("build", "one"));
  int calls = 0;
  logs->when_longer("build", 3, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST_F(LogStoreTest, CancelledIsNotTold) {
  int calls = 0;
  logs->cancel(logs->when_longer("build", 0, [&] { ++calls; }));
  logs->cancel(17); // nobody's
  ASSERT_TRUE(logs->append("build", "one"));
  EXPECT_EQ(calls, 0);
}

TEST_F(LogStoreTest, TicketOfWhatWasToldAtOnceIsNobodyElses) {
  int waiting_told = 0, told = 0;
  ASSERT_TRUE(logs->append("done", "one"));
  logs->when_longer("build", 0, [&] { ++waiting_told; });
  logs->cancel(logs->when_longer("done", 0, [&] { ++told; }));
  ASSERT_TRUE(logs->append("build", "one"));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(waiting_told, 1);
}

TEST_F(LogStoreTest, WritersAndReadersAtOnceSeeWholeLines) {
  constexpr int writers = 4, each = 200;
  std::atomic<int> changes{0};
  lines seen;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        for (int n = 0; n < each; ++n)
          EXPECT_TRUE(logs->append("build", std::to_string(i) + std::string(500, 'x')));
      });
    threads.emplace_back([&] {
      uint64_t at = 0;
      while (seen.size() < writers * each) {
        auto page = logs->read("build", at, 10'000);
        ASSERT_TRUE(page);
        at = page->next;
        seen.insert(seen.end(), page->lines.begin(), page->lines.end());
        logs->cancel(logs->when_longer("build", at, [&] { ++changes; }));
      }
    });
  }
  for (const auto& x : seen)
    EXPECT_EQ(x.size(), 501u);
}

TEST_F(LogStoreTest, ListsWhatThereIs) {
  EXPECT_TRUE(logs->list()->empty());
  ASSERT_TRUE(logs->append("one", "12345"));
  ASSERT_TRUE(logs->append("two", "1"));
  auto found = *logs->list();
  std::ranges::sort(found, {}, [](const auto& x) { return x.name; });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "one");
  EXPECT_EQ(found[0].size, 6u);
  ASSERT_TRUE(logs->remove("one"));
  EXPECT_EQ(logs->list()->size(), 1u);
}

} // namespace
