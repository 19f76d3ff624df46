#include "tests/support/postgres_server.hpp"

#include "tests/support/eventually.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <vector>

namespace backendim::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto programs = "/usr/lib/postgresql/15/bin"; // where Debian's package has them
constexpr auto user = "postgres";                       // of that package; it refuses to be root

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "postgres_server: " << why << "\n";
  std::_Exit(1);
}

/// Starts it as the unprivileged user; its outputs go to *log*.
pid_t spawn(const std::vector<std::string>& argv, const fs::path& folder, const fs::path& log) {
  const auto* who = ::getpwnam(user);
  if (!who)
    give_up("there is no user postgres; deploy/install-packages test");
  const auto uid = who->pw_uid;
  const auto gid = who->pw_gid;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0)
    return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getuid() == 0
      && (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0
          || ::setresuid(uid, uid, uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT); // a change of user clears it
  if (::getppid() != parent || ::chdir(folder.c_str()) != 0)
    ::_exit(126);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
  ::dup2(1, 2);
  std::vector<char*> words;
  for (const auto& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

/// The processes that *pid* started.
std::vector<pid_t> children_of(pid_t pid) {
  const auto id = std::to_string(pid);
  std::ifstream in{"/proc/" + id + "/task/" + id + "/children"};
  std::vector<pid_t> result;
  for (pid_t child = 0; in >> child;)
    result.push_back(child);
  return result;
}

} // namespace

postgres_server& postgres_server::instance() {
  static postgres_server one;
  return one;
}

postgres_server::postgres_server() {
  const auto* scratch = std::getenv("BACKENDIM_SCRATCH");
  if (!scratch || !std::getenv("SANDBOX_DIR"))
    give_up("started inside a sandbox only: tests/support/server-tests PROGRAM");
  auto name = (fs::path{scratch} / "postgres-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    give_up("cannot make " + name);
  folder_ = name;
  const auto* who = ::getpwnam(user);
  if (who && ::getuid() == 0 && ::chown(folder_.c_str(), who->pw_uid, who->pw_gid) != 0)
    give_up("cannot give away " + name);
  const auto made = spawn({std::string{programs} + "/initdb", "--pgdata",
                           (folder_ / "data").string(), "--auth=trust", "--username=backendim",
                           "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync"},
                          folder_, folder_ / "log");
  int status = 0;
  ::waitpid(made, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    give_up("initdb failed; see " + (folder_ / "log").string());
  start();
}

postgres_server::~postgres_server() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string postgres_server::connection() const {
  return "host=" + folder_.string() + " user=backendim dbname=postgres";
}

void postgres_server::start() {
  // What a killed one left keeps the next from starting for a moment: it is started again.
  const auto starts = [this] {
    pid_ = spawn({std::string{programs} + "/postgres", "-D", (folder_ / "data").string(), "-k",
                  folder_.string(), "-c", "listen_addresses=", "-c", "max_connections=40", "-c",
                  "shared_buffers=32MB"},
                 folder_, folder_ / "log");
    bool ended = false, ready = false;
    eventually([&] {
      ended = ::waitpid(pid_, nullptr, WNOHANG) != 0;
      ready = !ended && is_ready();
      return ended || ready;
    });
    if (!ended && !ready)
      give_up("it hangs; see " + (folder_ / "log").string());
    return ready;
  };
  if (!eventually(starts))
    give_up("it does not start; see " + (folder_ / "log").string());
}

bool postgres_server::is_ready() const {
  const auto program = std::string{programs} + "/pg_isready";
  const auto asked = spawn({program, "-q", "-h", folder_.string()}, folder_, "/dev/null");
  int status = 0;
  ::waitpid(asked, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void postgres_server::signal_all(int signal) const {
  if (signal == SIGKILL)
    ::kill(pid_, SIGSTOP); // so that it starts none meanwhile
  for (const auto child : children_of(pid_))
    ::kill(child, signal);
  ::kill(pid_, signal);
}

void postgres_server::kill() {
  if (pid_ == 0)
    return;
  signal_all(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void postgres_server::stop() {
  if (pid_ == 0)
    return;
  ::kill(pid_, SIGINT); // its "fast" way: clients are cut off
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void postgres_server::freeze() {
  signal_all(SIGSTOP);
}

void postgres_server::thaw() {
  signal_all(SIGCONT);
}

} // namespace backendim::test
