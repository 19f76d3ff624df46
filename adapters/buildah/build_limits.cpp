#include "adapters/buildah/build_limits.hpp"

#include "protocol/error.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

namespace backendim::buildah {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

const fs::path root = "/sys/fs/cgroup";
constexpr auto parent = "backend-im-builds";
constexpr auto patience = 2'000ms; // with what hangs in the kernel

bool is_version_2() {
  return fs::exists(root / "cgroup.controllers");
}

/// The folders that cgroups of builds lie in. Of version 1 one for each controller, and that of
/// version 2 beside them if there is one: it has no controllers there, but kills all at once.
std::vector<fs::path> hierarchies() {
  if (is_version_2())
    return {root};
  std::vector<fs::path> result{root / "memory", root / "cpu", root / "pids"};
  if (fs::exists(root / "unified" / "cgroup.procs"))
    result.push_back(root / "unified");
  return result;
}

std::vector<pid_t> processes_in(const fs::path& folder) {
  std::ifstream in{folder / "cgroup.procs"};
  std::vector<pid_t> result;
  for (pid_t pid = 0; in >> pid;)
    result.push_back(pid);
  return result;
}

/// Kills what is in *folder* until nothing is, and waits for the end of each.
bool end_all(const fs::path& folder, std::chrono::milliseconds limit) {
  const auto until = steady::now() + limit;
  for (;;) {
    std::ofstream{folder / "cgroup.kill"} << "1"; // where there is one: nobody can fork away
    const auto all = processes_in(folder);
    if (all.empty())
      return true;
    for (const auto pid : all) {
      const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
      if (fd < 0)
        continue; // it is gone
      ::syscall(SYS_pidfd_send_signal, fd, SIGKILL, nullptr, 0);
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
      pollfd ended{fd, POLLIN, 0};
      ::poll(&ended, 1, static_cast<int>(std::max<int64_t>(left, 0)));
      ::close(fd);
    }
    if (steady::now() >= until)
      return processes_in(folder).empty();
  }
}

void remove_folder(const fs::path& folder) {
  // A process leaves its cgroup a moment before or after its end is told.
  for (int i = 0; i < 50; ++i) {
    std::error_code failed;
    if (fs::remove(folder, failed) || !failed)
      return;
    std::this_thread::sleep_for(10ms);
  }
}

} // namespace

bool build_limits::set(const fs::path& folder, const char* file, const std::string& value) {
  std::ofstream out{folder / file};
  out << value;
  return static_cast<bool>(out.flush());
}

caf::expected<std::unique_ptr<build_limits>>
build_limits::make(const std::string& platform, const std::string& id, const resource_caps& caps) {
  std::unique_ptr<build_limits> result{new build_limits};
  const auto memory = std::to_string(uint64_t{caps.memory_mb} << 20);
  const auto pids = std::to_string(caps.pids);
  const auto quota = std::to_string(uint64_t{caps.cpus} * 100'000); // of a period of 100 ms
  const bool version_2 = is_version_2();
  std::error_code failed;
  bool good = true;
  for (const auto& hierarchy : hierarchies()) {
    const auto ours = hierarchy / parent / platform;
    fs::create_directories(ours, failed);
    if (version_2)
      for (const auto& folder : {hierarchy, hierarchy / parent, ours})
        good = good && result->set(folder, "cgroup.subtree_control", "+memory +cpu +pids");
    fs::create_directory(ours / id, failed);
    result->folders_.push_back(ours / id);
    result->join_files_.push_back(ours / id / "cgroup.procs");
  }
  const auto& folders = result->folders_;
  if (version_2)
    good = good && result->set(folders[0], "memory.max", memory)
           && result->set(folders[0], "pids.max", pids)
           && result->set(folders[0], "cpu.max", quota + " 100000");
  else
    good = good && result->set(folders[0], "memory.limit_in_bytes", memory)
           && result->set(folders[1], "cpu.cfs_quota_us", quota)
           && result->set(folders[2], "pids.max", pids);
  if (failed || !good)
    return caf::make_error(ec::unavailable, "cannot limit a build: the cgroups under "
                                              + root.string() + " do not take it"
                                              + (failed ? ": " + failed.message() : ""));
  return result;
}

build_limits::~build_limits() {
  end(patience);
  for (const auto& folder : folders_)
    remove_folder(folder);
}

bool build_limits::end(std::chrono::milliseconds limit) {
  return folders_.empty() || end_all(folders_.back(), limit);
}

bool build_limits::out_of_memory() const {
  const auto file = is_version_2() ? "memory.events" : "memory.oom_control";
  std::ifstream in{folders_.at(0) / file};
  std::string name;
  uint64_t value = 0;
  while (in >> name >> value)
    if (name == "oom_kill")
      return value > 0;
  return false;
}

void sweep_limits(const std::string& platform) {
  for (const auto& hierarchy : hierarchies()) {
    std::error_code failed;
    std::vector<fs::path> left;
    for (fs::directory_iterator i{hierarchy / parent / platform, failed}, end; !failed && i != end;
         i.increment(failed))
      if (i->is_directory())
        left.push_back(i->path());
    for (const auto& folder : left) {
      end_all(folder, patience);
      remove_folder(folder);
    }
  }
}

} // namespace backendim::buildah
