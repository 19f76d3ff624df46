#include "tests/e2e/world.hpp"

#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace backendim::e2e {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string setting(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

const fs::path scratch = setting("BACKENDIM_SCRATCH");
constexpr auto api_address = "127.0.0.1:7780";
constexpr auto edge_address = "127.0.0.1:8080";

/// The child's side of fork; only it may change its own folder and files.
[[noreturn]] void become(const std::vector<std::string>& argv, const fs::path& folder,
                         const fs::path& out, const fs::path& err) {
  if (!folder.empty() && ::chdir(folder.c_str()) != 0)
    ::_exit(126);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
  std::vector<char*> words;
  for (const auto& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

boost::json::array words_of(const char* name) {
  std::istringstream words{setting(name)};
  boost::json::array result;
  for (std::string word; words >> word;)
    result.emplace_back(word);
  return result;
}

fs::path fresh_folder(const std::string& name) {
  static std::atomic<int> count{0};
  auto result = scratch / (name + "-" + std::to_string(++count));
  fs::create_directories(result);
  return result;
}

} // namespace

run_result run(const std::vector<std::string>& argv, const fs::path& folder) {
  const auto files = fresh_folder("run");
  const pid_t pid = ::fork();
  if (pid == 0)
    become(argv, folder, files / "out", files / "err");
  int status = 0;
  ::waitpid(pid, &status, 0);
  run_result result{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                    text_of(files / "out"), text_of(files / "err")};
  fs::remove_all(files);
  return result;
}

run_result cli(std::vector<std::string> arguments, const fs::path& folder) {
  arguments.insert(arguments.begin(), BACKENDIM_CLI);
  return run(arguments, folder);
}

run_result cli_as(const std::string& token, const std::vector<std::string>& arguments,
                  const fs::path& folder) {
  ::setenv("BACKEND_IM_TOKEN", token.c_str(), 1);
  auto result = cli(arguments, folder);
  ::unsetenv("BACKEND_IM_TOKEN");
  return result;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

http_answer get(const std::string& url, const std::vector<std::string>& more) {
  std::vector<std::string> argv{"curl", "-s", "-m", "120", "-w", "\n%{http_code}", url};
  argv.insert(argv.end(), more.begin(), more.end());
  const auto ran = run(argv);
  const auto end = ran.out.rfind('\n');
  if (end == ran.out.npos)
    return {};
  auto body = ran.out.substr(0, end);
  body.resize(body.find_last_not_of('\n') + 1);
  return {std::atoi(ran.out.c_str() + end + 1), body};
}

http_answer api(const std::string& path, const std::vector<std::string>& more) {
  auto token = text_of(daemon_process::instance().state() / "admin.token");
  token.resize(token.find_last_not_of('\n') + 1);
  std::vector<std::string> argv{"-H", "Authorization: Bearer " + token};
  argv.insert(argv.end(), more.begin(), more.end());
  return get(std::string{"http://"} + api_address + path, argv);
}

fs::path samples() {
  return fs::path{BACKENDIM_SOURCE} / "tests/e2e/apps";
}

fs::path broken() {
  return fs::path{BACKENDIM_SOURCE} / "tests/e2e/broken";
}

fs::path copy_of(const std::string& sample, const std::string& name) {
  const auto place = fresh_folder("source") / name;
  fs::copy(samples() / sample, place, fs::copy_options::recursive);
  return place;
}

void replace_in(const fs::path& file, const std::string& from, const std::string& to) {
  auto all = text_of(file);
  const auto at = all.find(from);
  ASSERT_NE(at, all.npos) << file;
  std::ofstream{file} << all.replace(at, from.size(), to);
}

std::string url_of(const std::string& app) {
  return "http://" + app + "-main.localhost:8080";
}

daemon_process& daemon_process::instance() {
  static daemon_process one;
  return one;
}

fs::path daemon_process::state() const {
  return state_.empty() ? scratch / "state" : state_;
}

void daemon_process::keep_state_in(const fs::path& folder) {
  state_ = folder;
}

void daemon_process::begin(const std::string& settings, const std::string& die_at) {
  boost::json::object config{{"state", state().string()},
                             {"listen", api_address},
                             {"edge", edge_address},
                             {"docker_socket", setting("BACKENDIM_DOCKER_SOCKET")},
                             {"registry", setting("BACKENDIM_REGISTRY")},
                             {"local_repositories", true},
                             {"deadlines", {{"watching", 1'000}}},
                             {"builder",
                              {{"user", setting("BACKENDIM_BUILD_USER")},
                               {"base_images", words_of("BACKENDIM_BASE_IMAGES")},
                               {"sources", {{"ca_bundle", "/etc/ssl/certs/ca-certificates.crt"}}}}},
                             {"disk", {{"registry_gc", words_of("BACKENDIM_REGISTRY_GC")}}}};
  const auto others = boost::json::parse(settings);
  for (const auto& [key, value] : others.as_object()) {
    if (value.is_object() && config.contains(key))
      for (const auto& [inner, x] : value.as_object())
        config[key].as_object()[inner] = x;
    else
      config[key] = value;
  }
  const auto file = scratch / "config.json";
  std::ofstream{file} << boost::json::serialize(config);
  pid_ = ::fork();
  if (pid_ == 0) {
    if (!die_at.empty())
      ::setenv("BACKENDIM_DIE_AT", die_at.c_str(), 1);
    become({BACKENDIM_DAEMON, "--config", file.string()}, {}, scratch / "daemon.out",
           scratch / "daemon.log");
  }
}

void daemon_process::start(const std::string& settings) {
  begin(settings);
  await();
}

void daemon_process::start_to_die(const std::string& die_at) {
  begin("{}", die_at);
  await();
}

void daemon_process::await() {
  ASSERT_TRUE(test::eventually(
    [] { return get(std::string{"http://"} + api_address + "/readyz").status == 200; }))
    << log();
  ::setenv("XDG_CONFIG_HOME", (scratch / "user").c_str(), 1);
  const auto login = cli({"auth", "login", "--token-file", (state() / "admin.token").string(),
                          "--url", std::string{"http://"} + api_address});
  ASSERT_EQ(login.exit_code, 0) << login.err;
}

void daemon_process::stop() {
  if (pid_ == 0)
    return;
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status << log();
}

void daemon_process::restart_in_place() {
  const auto times_ready = [this] {
    const auto text = log();
    size_t result = 0;
    for (size_t at = 0; (at = text.find("ready: API", at)) != text.npos; ++at)
      ++result;
    return result;
  };
  const auto before = times_ready();
  hang_up();
  ASSERT_TRUE(test::eventually([&] { return times_ready() != before; })) << log();
}

void daemon_process::hang_up() {
  ::kill(pid_, SIGHUP);
}

void daemon_process::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool daemon_process::dies() {
  if (!test::eventually([this] { return ::waitpid(pid_, nullptr, WNOHANG) != 0; }))
    return false;
  pid_ = 0;
  return true;
}

size_t daemon_process::resident_kb() const {
  std::ifstream in{"/proc/" + std::to_string(pid_) + "/status"};
  for (std::string word; in >> word;)
    if (word == "VmRSS:") {
      size_t kb = 0;
      in >> kb;
      return kb;
    }
  return 0;
}

std::string daemon_process::log() const {
  return text_of(scratch / "daemon.log");
}

} // namespace backendim::e2e

namespace {

/// One platform for all tests, as they would share one in production.
class one_platform : public ::testing::Environment {
  void SetUp() override { backendim::e2e::daemon_process::instance().start(); }
  void TearDown() override { backendim::e2e::daemon_process::instance().stop(); }
};

[[maybe_unused]] const auto* registered = ::testing::AddGlobalTestEnvironment(new one_platform);

} // namespace
