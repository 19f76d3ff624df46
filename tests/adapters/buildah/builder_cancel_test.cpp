#include "adapters/buildah/builder.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/servers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

namespace {

void unheard(std::string_view) {}

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The command lines, with a zero behind each word, of all processes that hold *text*, by their
/// ids.
std::map<pid_t, std::string> processes_with(const std::string& text) {
  std::map<pid_t, std::string> result;
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const auto id = std::atoi(entry.path().filename().c_str());
    const auto words = text_of(entry.path() / "cmdline");
    if (id > 0 && id != ::getpid() && words.find(text) != words.npos)
      result[id] = words;
  }
  return result;
}

/// "sleep" with that number, however many there are.
void wake(const std::string& number) {
  for (const auto& [id, words] : processes_with("sleep" + std::string(1, '\0') + number))
    ::kill(id, SIGKILL);
}

/// Every cgroup folder whose name is *name*.
std::vector<fs::path> cgroups_named(const std::string& name) {
  std::vector<fs::path> result;
  std::error_code failed;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator i{"/sys/fs/cgroup", options, failed}, end;
       !failed && i != end; i.increment(failed)) {
    if (i->is_directory() && i->path().filename() == name)
      result.push_back(i->path());
    if (i.depth() > 4)
      i.disable_recursion_pending();
  }
  return result;
}

/// A build in a thread of its own that the test can stop.
class running_build {
public:
  running_build(std::shared_ptr<image_builder> builder, build_job job)
    : builder_{std::move(builder)}, job_{std::move(job)} {
    auto begun = begun_.get_future();
    done_ = std::async(std::launch::async, [this] { return work(); });
    EXPECT_EQ(begun.get(), "");
  }

  void stop() { stop_.request_stop(); }
  caf::expected<std::string> end() { return done_.get(); }
  bool runs() const { return done_.wait_for(0s) != std::future_status::ready; }
  const build_job& job() const { return job_; }

private:
  caf::expected<std::string> work() {
    auto result = builder_->build(
      job_,
      [this](std::string_view line) {
        if (line == "begun" && !std::exchange(told_, true))
          begun_.set_value("");
      },
      stop_.get_token());
    if (!told_)
      begun_.set_value(result ? "it ended at once" : render(result.error()));
    return result;
  }

  std::shared_ptr<image_builder> builder_;
  build_job job_;
  std::stop_source stop_;
  std::promise<std::string> begun_;
  bool told_ = false;
  std::future<caf::expected<std::string>> done_;
};

/// Real builds of which some are stopped.
class BuilderCancelTest : public ::testing::Test {
protected:
  fs::path scratch{test::server("BACKENDIM_SCRATCH")};
  fs::path state = scratch / "cancel-state";
  /// Of this run alone: cgroups are the whole machine's.
  std::string platform = "cancel" + scratch.parent_path().extension().string().substr(1);
  std::shared_ptr<image_builder> builder;

  void SetUp() override { open(); }

  /// As a daemon that starts does.
  void open() {
    fs::create_directories(state);
    buildah::builder_options options;
    options.platform = platform;
    options.state = state;
    options.user = test::server("BACKENDIM_BUILD_USER");
    options.registry = test::server("BACKENDIM_REGISTRY");
    std::istringstream words{test::server("BACKENDIM_BASE_IMAGES")};
    for (std::string word; words >> word;)
      options.base_images.push_back(word);
    options.wanted = [](const std::string& id) { return id == "goes-on"; };
    auto made = buildah::make_builder(options);
    ASSERT_TRUE(made) << render(made.error());
    builder = *made;
  }

  build_job job(const std::string& id, const std::string& tenant, const std::string& step) {
    build_job result;
    result.id = id;
    result.tenant = tenant;
    result.context = state / "builds" / id / "source";
    fs::create_directories(result.context);
    result.containerfile = result.context / "Containerfile";
    std::ofstream{result.containerfile} << "FROM runtime:12\nRUN echo 1 >/kept\nRUN " << step
                                        << "\n";
    return result;
  }

  fs::path tenant(const std::string& name) const { return state / "builder/tenants" / name; }

  /// How many working containers a tenant has that say they are of *id*.
  size_t containers(const std::string& of, const std::string& id) const {
    size_t result = 0;
    std::error_code none;
    for (fs::directory_iterator i{tenant(of) / "storage/overlay-containers", none}, end;
         !none && i != end; i.increment(none))
      result += text_of(i->path() / "userdata/buildah.json").find(id) != std::string::npos;
    return result;
  }
};

// What a build does that does not want to end: daemons that left their session and their parents,
// deaf to every signal that one can be deaf to, and a disk that never gets to rest.
constexpr auto stubborn = R"(trap '' TERM INT HUP QUIT; \
  (setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 98765; done' &); \
  ( ( (setsid setsid sh -c 'trap "" TERM; exec sleep 98765' &) & ) & ); \
  for i in 1 2 3; do (setsid sh -c 'while :; do dd if=/dev/zero of=/junk$0 bs=1M count=96 conv=fsync; done' $i \
    >/dev/null 2>&1 &); done; \
  echo begun; while :; do echo more >>/junk; done # )";

// Ends when it is woken.
constexpr auto quiet = "echo begun; sleep 87654 || true; echo ended # ";

TEST_F(BuilderCancelTest, StoppedBuildIsGoneWithAllItDidAndOthersGoOn) {
  for (const auto* name : {"acme", "other"}) // so that the base image is there
    ASSERT_TRUE(builder->build(job(std::string{"warm-"} + name, name, "true"), unheard, {}));
  const auto salt = std::to_string(std::rand());
  running_build victim{builder, job("victim", "acme", stubborn + salt)};
  running_build sibling{builder, job("sibling", "acme", quiet + salt)};
  running_build neighbour{builder, job("neighbour", "other", quiet + salt)};
  EXPECT_TRUE(test::eventually(
    [] { return processes_with("98765").size() >= 2 && !processes_with("/junk").empty(); }));
  EXPECT_FALSE(cgroups_named("victim").empty());
  EXPECT_GE(containers("acme", "backend-im-victim"), 1u);

  const auto asked = steady::now();
  victim.stop();
  EXPECT_EQ(test::error_of(victim.end()), ec::timed_out);
  const auto gone = steady::now();
  EXPECT_TRUE(processes_with("98765").empty()) << processes_with("98765").begin()->second;
  EXPECT_TRUE(processes_with("/junk").empty());
  EXPECT_TRUE(processes_with("backend-im-" + platform + "-victim").empty())
    << "its network's helper";
  EXPECT_TRUE(cgroups_named("victim").empty()) << cgroups_named("victim").front();
  EXPECT_FALSE(fs::exists("/run/netns/backend-im-" + platform + "-victim"));
  EXPECT_EQ(text_of("/proc/self/mountinfo").find("victim"), std::string::npos);
  EXPECT_TRUE(builder->clean(victim.job()));
  const auto clean = steady::now();
  EXPECT_EQ(containers("acme", "backend-im-victim"), 0u);
  EXPECT_FALSE(fs::exists(tenant("acme") / "tmp/job-victim"));
  EXPECT_FALSE(fs::exists(state / "builder/results/victim"));
  const auto milliseconds
    = [&](auto x) { return std::chrono::duration_cast<std::chrono::milliseconds>(x).count(); };
  std::cout << "processes, cgroups, network, mounts gone after " << milliseconds(gone - asked)
            << " ms, container and files after " << milliseconds(clean - asked) << " ms\n";

  EXPECT_TRUE(sibling.runs() && neighbour.runs());
  wake("87654");
  const auto of_tenant = sibling.end();
  EXPECT_TRUE(of_tenant) << render(test::error_of(of_tenant));
  const auto of_other = neighbour.end();
  EXPECT_TRUE(of_other) << render(test::error_of(of_other));
  for (const auto* name : {"acme", "other"})
    EXPECT_EQ(text_of(tenant(name) / "storage/overlay-containers/containers.json").substr(0, 2),
              "[]")
      << name;
}

TEST_F(BuilderCancelTest, CancelInTheMidstOfAPushLeavesNothing) {
  const auto x = job("pushed", "acme",
                     "head -c 300000000 /dev/urandom >/big # " + std::to_string(std::rand()));
  ASSERT_TRUE(builder->build(x, unheard, {}));
  std::stop_source stop;
  auto pushed = std::async(std::launch::async,
                           [&] { return builder->push(x, "acme/pushed", {}, stop.get_token()); });
  while (processes_with("acme/pushed").empty() && pushed.wait_for(5ms) != std::future_status::ready)
    continue;
  stop.request_stop();
  EXPECT_EQ(test::error_of(pushed.get()), ec::timed_out);
  EXPECT_TRUE(builder->clean(x));
  EXPECT_FALSE(fs::exists(tenant("acme") / "tmp/job-pushed"));
  EXPECT_FALSE(fs::exists(state / "builder/results/pushed"));
  EXPECT_TRUE(test::eventually([] { return processes_with("acme/pushed").empty(); }));
}

/// Takes away what buildah wrote of its container, as if it had been killed before it wrote.
void forget(const fs::path& home) {
  for (const auto& x : fs::directory_iterator{home / "storage/overlay-containers"})
    if (x.is_directory())
      fs::remove(x.path() / "userdata/buildah.json");
}

TEST_F(BuilderCancelTest, ContainerThatNobodyDescribedGoesWithTheNextCleanOrStart) {
  const auto list = tenant("acme") / "storage/overlay-containers/containers.json";
  for (const bool started : {false, true}) {
    running_build victim{builder, job("victim", "acme", stubborn + std::to_string(std::rand()))};
    victim.stop();
    (void)victim.end();
    forget(tenant("acme"));
    ASSERT_NE(text_of(list).find("\"id\""), std::string::npos);
    if (started)
      open();
    else
      EXPECT_TRUE(builder->clean(job("another", "acme", "")));
    EXPECT_EQ(text_of(list).substr(0, 2), "[]") << started;
  }
}

/// A process that only a sweep ends.
pid_t begin_in(const fs::path& cgroup) {
  const auto pid = ::fork();
  if (pid == 0) {
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    ::pause();
    ::_exit(0);
  }
  std::ofstream{cgroup / "cgroup.procs"} << pid;
  return pid;
}

TEST_F(BuilderCancelTest, StartRemovesWhatAKilledDaemonLeftAndNothingOfAnotherPlatform) {
  // One that is stopped without clean() leaves its container, as one whose daemon was killed does.
  running_build victim{builder, job("victim", "acme", stubborn + std::to_string(std::rand()))};
  victim.stop();
  (void)victim.end();
  ASSERT_GE(containers("acme", "backend-im-victim"), 1u);
  const auto other = platform + "_other";
  const auto network = [](const std::string& of) { return "backend-im-" + of + "-left"; };
  std::vector<pid_t> ours, foreign;
  std::vector<fs::path> cgroups;
  const fs::path root = "/sys/fs/cgroup";
  for (const auto& hierarchy : {root / "memory", root / "pids", root})
    for (const auto& whose : {platform, other})
      if (fs::exists(hierarchy / "cgroup.procs")) {
        cgroups.push_back(hierarchy / "backend-im-builds" / whose / "left");
        fs::create_directories(cgroups.back());
        (whose == platform ? ours : foreign).push_back(begin_in(cgroups.back()));
      }
  ASSERT_FALSE(ours.empty());
  for (const auto& whose : {platform, other})
    ASSERT_EQ(std::system(("ip netns add " + network(whose)).c_str()), 0);
  fs::create_directories(state / "builder/results/left");
  fs::create_directories(state / "builder/results/goes-on");
  fs::create_directories(tenant("acme") / "tmp/job-left");

  open();

  EXPECT_EQ(containers("acme", "backend-im-victim"), 0u);
  for (const auto pid : ours) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, WNOHANG), pid);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  for (const auto& folder : cgroups)
    EXPECT_EQ(fs::exists(folder), folder.parent_path().filename() == other) << folder;
  EXPECT_FALSE(fs::exists("/run/netns/" + network(platform)));
  EXPECT_TRUE(fs::exists("/run/netns/" + network(other)));
  EXPECT_FALSE(fs::exists(state / "builder/results/left"));
  EXPECT_TRUE(fs::exists(state / "builder/results/goes-on"));
  EXPECT_FALSE(fs::exists(tenant("acme") / "tmp/job-left"));
  for (const auto pid : foreign) {
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "another platform's lives";
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  EXPECT_EQ(std::system(("ip netns del " + network(other)).c_str()), 0);
  for (const auto& folder : cgroups)
    (void)::rmdir(folder.c_str());
}

} // namespace
