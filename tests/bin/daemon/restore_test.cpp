#include "adapters/sqlite/journal.hpp"
#include "tests/support/restore_contract.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

using namespace backendim;
using namespace backendim::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string in_the_state_folder() {
  return "";
}

constexpr restore_case cases[] = {{"sqlite", in_the_state_folder}};

INSTANTIATE_TEST_SUITE_P(All, RestoreContract, ::testing::ValuesIn(cases));

/// What only shows in a folder.
class RestoreTest : public RestoreContract {};

INSTANTIATE_TEST_SUITE_P(All, RestoreTest, ::testing::ValuesIn(cases));

TEST_P(RestoreTest, TheOldJournalIsKeptBesideTheNew) {
  ASSERT_TRUE(events()->append({"app/main/a-0", 3, {make_event("newer")}}));
  const auto old = all_streams(*events());
  write_bytes(state() / "key", "another key");
  const auto done = daemon::restore(settings, file, true);
  ASSERT_TRUE(done) << render(done.error());
  const auto kept = *sqlite::open_journal((state() / ("journal.db." + done->kept)).string());
  EXPECT_EQ(all_streams(*kept), old);
  EXPECT_EQ(bytes_of(state() / "key"), "a key");
  EXPECT_EQ(bytes_of(state() / ("key." + done->kept)), "another key");
}

TEST_P(RestoreTest, ADamagedJournalIsReplaced) {
  const auto before = all_streams(*events());
  auto bytes = bytes_of(state() / "journal.db");
  for (size_t i = 4'096; i < bytes.size(); i += 512)
    bytes[i] = static_cast<char>(~bytes[i]);
  write_bytes(state() / "journal.db", bytes);
  EXPECT_EQ(error_of(daemon::restore(settings, file, false)), ec::conflict);
  const auto done = daemon::restore(settings, file, true);
  ASSERT_TRUE(done) << render(done.error());
  EXPECT_EQ(all_streams(*events()), before);
  EXPECT_EQ(bytes_of(state() / ("journal.db." + done->kept)), bytes);
}

/// Whatever moment a restore dies at, the next start finds the old state or the new one.
TEST_P(RestoreTest, OneThatIsKilledLeavesAllOrNothing) {
  const auto backed_up = all_streams(*events());
  ASSERT_TRUE(events()->append({"app/main/a-0", 3, {make_event("newer")}}));
  const auto newer = all_streams(*events());
  int finished = 0, undone = 0;
  // Each lives a little longer than the one before, until the last ones come to their end.
  for (auto life = 0us; finished < 3 && life < 60s; life += 500us + life / 3) {
    const auto copy = folder.path() / "copy";
    fs::remove_all(copy);
    fs::copy(state(), copy, fs::copy_options::recursive);
    auto there = settings;
    there.state = copy.string();
    const auto child = fork();
    if (child == 0)
      std::_Exit(daemon::restore(there, file, true) ? 0 : 1);
    const int ends = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pollfd end{ends, POLLIN, 0};
    const timespec limit{life / 1s, (life % 1s) / 1ns};
    ::ppoll(&end, 1, &limit, nullptr);
    ::close(ends);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const auto next = daemon::finish_restore(there, copy);
    ASSERT_TRUE(next) << render(next.error());
    EXPECT_FALSE(fs::exists(copy / "restoring"));
    const auto journal = daemon::journal_store{there, copy, {}}.open();
    ASSERT_TRUE(journal) << render(journal.error());
    const auto found = all_streams(**journal);
    EXPECT_TRUE(found == backed_up || found == newer) << "after " << life / 1us << " us";
    undone += found == newer;
    finished += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  EXPECT_GT(undone, 0);
  EXPECT_EQ(finished, 3);
}

} // namespace
