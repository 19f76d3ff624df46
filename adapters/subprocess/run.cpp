#include "adapters/subprocess/run.hpp"

#include "protocol/error.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

namespace backendim::subprocess {

namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr size_t max_line = 16 << 10;
constexpr size_t kept_lines = 50;
constexpr size_t pipe_size = 64 << 10; // what a program that has ended can have left to read

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_{fd} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(); }

  void reset(int fd = -1) {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

private:
  int fd_;
};

class line_cutter {
public:
  line_cutter(const line_sink& sink, std::deque<std::string>& tail) : sink_{sink}, tail_{tail} {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
      line_ += bytes.substr(0, std::min(end, max_line - std::min(max_line, line_.size())));
      if (end < bytes.size())
        flush();
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
  }

  void flush() {
    if (line_.empty())
      return;
    if (sink_)
      sink_(line_);
    tail_.push_back(std::move(line_));
    if (tail_.size() > kept_lines)
      tail_.pop_front();
    line_.clear();
  }

private:
  const line_sink& sink_;
  std::deque<std::string>& tail_;
  std::string line_;
};

/// All that the child needs, made before the fork: between fork and exec only system calls run.
struct prepared {
  std::string program;
  std::vector<std::string> env;
  std::vector<char*> argv_pointers;
  std::vector<char*> env_pointers;
};

[[noreturn]] void begin_child(const command& x, const prepared& ready, int output, int failures,
                              pid_t parent) {
  const auto fail = [&](int step) {
    const std::array<int, 2> why{step, errno};
    (void)!::write(failures, why.data(), sizeof why);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127);
  for (const auto& file : x.join_files) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1)
      fail(1);
    ::close(fd);
  }
  if (!x.net_namespace.empty()) {
    const int fd = ::open(x.net_namespace.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0)
      fail(2);
    ::close(fd);
  }
  if (x.max_file_bytes) {
    const rlimit bound{*x.max_file_bytes, *x.max_file_bytes};
    ::setrlimit(RLIMIT_FSIZE, &bound);
  }
  if (!x.folder.empty() && ::chdir(x.folder.c_str()) != 0)
    fail(3);
  // Whoever started us may have left descriptors open; a child gets none of them.
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execve(ready.program.c_str(), ready.argv_pointers.data(), ready.env_pointers.data());
  fail(4);
  ::_exit(127);
}

caf::error not_started(const command& x, int step, int error) {
  static constexpr std::array<const char*, 5> steps{
    "start", "join the cgroup of", "enter the network of", "enter the folder of", "start"};
  return caf::make_error(ec::unavailable, std::string{"cannot "} + steps[static_cast<size_t>(step)]
                                            + " " + x.argv.at(0) + ": "
                                            + std::generic_category().message(error));
}

} // namespace

std::filesystem::path find_program(const std::string& program, const std::string& path) {
  const auto can_run = [](const std::filesystem::path& x) {
    std::error_code ignored;
    return ::access(x.c_str(), X_OK) == 0 && !std::filesystem::is_directory(x, ignored);
  };
  if (program.find('/') != program.npos)
    return can_run(program) ? std::filesystem::path{program} : std::filesystem::path{};
  for (std::string_view rest = path; !rest.empty();) {
    const auto end = std::min(rest.find(':'), rest.size());
    auto candidate = std::filesystem::path{rest.substr(0, end)} / program;
    if (can_run(candidate))
      return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

caf::expected<outcome> run(const command& x, const line_sink& on_line, std::stop_token stop) {
  prepared ready;
  const auto path = x.env.find("PATH");
  ready.program = find_program(x.argv.at(0), path == x.env.end() ? "/usr/bin:/bin" : path->second);
  if (ready.program.empty())
    return caf::make_error(ec::not_found, "there is no program " + x.argv[0]);
  for (const auto& [name, value] : x.env)
    ready.env.push_back(name + "=" + value);
  for (const auto& word : x.argv)
    ready.argv_pointers.push_back(const_cast<char*>(word.c_str()));
  for (auto& setting : ready.env)
    ready.env_pointers.push_back(setting.data());
  ready.argv_pointers.push_back(nullptr);
  ready.env_pointers.push_back(nullptr);

  std::array<int, 2> pair{};
  if (::pipe2(pair.data(), O_CLOEXEC) != 0)
    return not_started(x, 0, errno);
  descriptor output{pair[0]}, output_end{pair[1]};
  if (::pipe2(pair.data(), O_CLOEXEC) != 0)
    return not_started(x, 0, errno);
  descriptor failures{pair[0]}, failures_end{pair[1]};
  const descriptor stopping{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  const auto parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0)
    begin_child(x, ready, output_end.get(), failures_end.get(), parent);
  if (child < 0)
    return not_started(x, 0, errno);
  ::setpgid(child, child); // whoever is first
  output_end.reset();
  failures_end.reset();
  std::array<int, 2> why{};
  if (::read(failures.get(), why.data(), sizeof why) == sizeof why) {
    ::waitpid(child, nullptr, 0);
    return not_started(x, why[0], why[1]);
  }
  const descriptor ended{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  const std::stop_callback on_stop{stop, [&] { ::eventfd_write(stopping.get(), 1); }};

  outcome result;
  line_cutter lines{on_line, result.tail};
  std::array<char, 16384> piece{};
  const auto deadline = steady::now() + x.limit;
  std::optional<steady::time_point> drain_until; // set once the child has ended
  size_t drained = 0;                            // read since then
  for (bool open = true; open || !drain_until;) {
    std::array<pollfd, 3> ready_fds{pollfd{open ? output.get() : -1, POLLIN, 0},
                                    pollfd{drain_until ? -1 : ended.get(), POLLIN, 0},
                                    pollfd{result.stopped ? -1 : stopping.get(), POLLIN, 0}};
    const auto until = drain_until.value_or(deadline);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    const int count = ::poll(ready_fds.data(), ready_fds.size(),
                             result.stopped && !drain_until
                               ? -1
                               : static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30)));
    const bool late = steady::now() >= until; // also when there is always something to read
    if (late && drain_until && (count == 0 || drained > pipe_size))
      break; // somebody outside of the group still holds the output
    if ((late || ready_fds[2].revents) && !result.stopped && !drain_until) {
      result.stopped = true;
      ::kill(-child, SIGKILL);
    }
    if (ready_fds[1].revents) {
      ::kill(-child, SIGKILL); // what it left behind; the group cannot be another's: no wait yet
      drain_until = steady::now() + 500ms;
    }
    if (ready_fds[0].revents) {
      const auto got = ::read(output.get(), piece.data(), piece.size());
      if (got > 0) {
        lines.add({piece.data(), static_cast<size_t>(got)});
        drained += drain_until ? static_cast<size_t>(got) : 0;
      } else if (got == 0 || errno != EINTR) {
        open = false;
      }
    }
  }
  lines.flush();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

} // namespace backendim::subprocess
