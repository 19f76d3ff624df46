#include "adapters/procfs/machine.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

using namespace backendim;

namespace {

TEST(MachineTest, TellsMemoryAndEachDiskOnce) {
  const test::temp_folder folder;
  const auto load
    = procfs::open_machine({folder.path(), folder.path() / "not" / "there", "/proc"})->load();
  ASSERT_TRUE(load) << render(load.error());
  EXPECT_GT(load->memory_total, 64u << 20);
  EXPECT_GT(load->memory_available, 0u);
  EXPECT_LE(load->memory_available, load->memory_total);
  ASSERT_EQ(load->disks.size(), 2u);
  EXPECT_EQ(load->disks[0].folder, folder.path());
  EXPECT_GT(load->disks[0].total_bytes, load->disks[0].free_bytes);
  EXPECT_GT(load->disks[0].free_bytes, 0u);
}

TEST(MachineTest, FolderThatIsNoneIsAnError) {
  const test::temp_folder folder;
  EXPECT_EQ(test::error_of(procfs::open_machine({"/proc/self/stat/x"})->load()), ec::unavailable);
}

} // namespace
