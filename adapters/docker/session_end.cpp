#include "adapters/docker/session_end.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::docker {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto look_interval = 20ms;
constexpr int kill_rounds
  = 50; // one that forks faster than it is killed has its limit of processes

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Of the process; 0: there is none. In /proc/N/stat it is the fourth word behind the name, which
/// stands in parentheses and may hold anything.
int session_of(int pid) {
  const auto stat = text_of("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == stat.npos)
    return 0;
  std::istringstream words{stat.substr(name_end + 1)};
  std::string state;
  int parent = 0, group = 0, session = 0;
  words >> state >> parent >> group >> session;
  return words && state != "Z" ? session : 0;
}

class held_process {
public:
  explicit held_process(int pid) : fd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {}
  held_process(held_process&& x) noexcept : fd_{std::exchange(x.fd_, -1)} {}
  held_process& operator=(held_process&&) = delete;
  ~held_process() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  /// It has not ended: its number meant it all the time since it is held.
  bool lives() const {
    pollfd poller{fd_, POLLIN, 0};
    return fd_ >= 0 && ::poll(&poller, 1, 0) == 0;
  }
  void signal(int which) const { ::syscall(SYS_pidfd_send_signal, fd_, which, nullptr, 0); }

private:
  int fd_;
};

std::vector<held_process> members(int session, const std::string& container_id) {
  std::vector<held_process> result;
  std::error_code failed;
  for (fs::directory_iterator i{"/proc", failed}, end; !failed && i != end; i.increment(failed)) {
    const auto name = i->path().filename().string();
    int pid = 0;
    const auto [last, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc{} || last != name.data() + name.size() || session_of(pid) != session)
      continue;
    held_process x{pid};
    const bool ours = session_of(pid) == session
                      && text_of(i->path() / "cgroup").find(container_id) != std::string::npos;
    if (ours && x.lives())
      result.push_back(std::move(x));
  }
  return result;
}

} // namespace

size_t end_session(int leader, const std::string& container_id, std::chrono::milliseconds grace) {
  if (leader <= 1 || container_id.empty())
    return 0;
  auto left = members(leader, container_id);
  for (const auto& x : left) {
    x.signal(SIGHUP);
    x.signal(SIGCONT); // a stopped one could not obey
  }
  for (const auto until = std::chrono::steady_clock::now() + grace;
       !left.empty() && std::chrono::steady_clock::now() < until;
       left = members(leader, container_id))
    std::this_thread::sleep_for(look_interval);
  for (int i = 0; i < kill_rounds && !left.empty(); ++i) {
    for (const auto& x : left)
      x.signal(SIGKILL);
    std::this_thread::sleep_for(look_interval);
    left = members(leader, container_id);
  }
  return left.size();
}

} // namespace backendim::docker
