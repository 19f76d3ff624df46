#include "adapters/procfs/machine.hpp"

#include "protocol/error.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace backendim::procfs {

namespace fs = std::filesystem;

namespace {

caf::error cannot_read(const std::string& what) {
  return caf::make_error(ec::unavailable,
                         "cannot read " + what + ": " + std::generic_category().message(errno));
}

class linux_machine : public machine {
public:
  explicit linux_machine(std::vector<fs::path> folders) : folders_{std::move(folders)} {}

  caf::expected<machine_load> load() override {
    machine_load result;
    std::ifstream in{"/proc/meminfo"};
    std::string name, unit;
    for (uint64_t kib = 0; in >> name >> kib; std::getline(in, unit)) {
      if (name == "MemTotal:")
        result.memory_total = kib << 10;
      if (name == "MemAvailable:")
        result.memory_available = kib << 10;
    }
    if (result.memory_total == 0)
      return cannot_read("/proc/meminfo");
    std::set<dev_t> seen;
    for (auto folder : folders_) {
      struct stat about {};
      while (::stat(folder.c_str(), &about) != 0) {
        if (errno != ENOENT || folder == folder.parent_path())
          return cannot_read(folder.string());
        folder = folder.parent_path();
      }
      if (!seen.insert(about.st_dev).second)
        continue;
      struct statvfs space {};
      if (::statvfs(folder.c_str(), &space) != 0)
        return cannot_read(folder.string());
      result.disks.push_back({folder.string(), uint64_t{space.f_bavail} * space.f_frsize,
                              uint64_t{space.f_blocks} * space.f_frsize, space.f_favail,
                              space.f_files});
    }
    return result;
  }

private:
  const std::vector<fs::path> folders_;
};

} // namespace

std::shared_ptr<machine> open_machine(std::vector<fs::path> folders) {
  return std::make_shared<linux_machine>(std::move(folders));
}

} // namespace backendim::procfs
