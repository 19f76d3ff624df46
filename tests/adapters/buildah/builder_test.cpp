#include "adapters/buildah/builder.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/servers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>
#include <utility>

using namespace backendim;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Real builds, by the real user, into the real registry.
class BuilderTest : public ::testing::Test {
protected:
  fs::path state = fs::path{test::server("BACKENDIM_SCRATCH")} / "builder-state";
  std::shared_ptr<image_builder> builder;
  std::vector<std::string> output;
  int count = 0;

  void SetUp() override { open({}); }

  buildah::builder_options options;

  void open(buildah::resource_caps caps) {
    fs::create_directories(state);
    options.base_images.clear();
    options.platform = "contract" + state.parent_path().parent_path().extension().string();
    options.state = state;
    options.user = test::server("BACKENDIM_BUILD_USER");
    options.registry = test::server("BACKENDIM_REGISTRY");
    std::istringstream words{test::server("BACKENDIM_BASE_IMAGES")};
    for (std::string word; words >> word;)
      options.base_images.push_back(word);
    options.caps = caps;
    options.around.ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
    auto made = buildah::make_builder(options);
    ASSERT_TRUE(made) << render(made.error());
    builder = *made;
  }

  build_job job(const std::string& containerfile, const std::string& tenant = "acme") {
    build_job result;
    result.id = "job" + std::to_string(++count);
    result.tenant = tenant;
    result.context = state / "builds" / result.id / "source";
    fs::create_directories(result.context);
    result.containerfile = result.context / "Containerfile";
    std::ofstream{result.containerfile} << containerfile;
    return result;
  }

  caf::expected<std::string> build(const build_job& x, std::stop_token stop = {}) {
    output.clear();
    return builder->build(
      x, [&](std::string_view line) { output.emplace_back(line); }, stop);
  }

  bool wrote(const std::string& text) const {
    return std::ranges::any_of(output, [&](const auto& x) { return x.find(text) != x.npos; });
  }

  /// What a RUN step of these words prints, or "failed".
  std::string step(const std::string& command) {
    const auto x = job("FROM runtime:12\nRUN echo \"<$(" + command + ")>\" # "
                       + std::to_string(std::rand()) + "\n");
    if (!build(x))
      return "failed";
    for (const auto& line : output)
      if (line.starts_with("<"))
        return line.substr(1, line.size() - 2);
    return "";
  }
};

TEST_F(BuilderTest, BuildsAndPushes) {
  auto x = job("FROM runtime:12\nCOPY file /file\nRUN cat /file\nCMD [\"cat\",\"/file\"]\n");
  std::ofstream{x.context / "file"} << "what the file says\n";
  const auto image = build(x);
  ASSERT_TRUE(image) << render(image.error());
  EXPECT_TRUE(wrote("what the file says")) << "output is there while it runs";
  const auto pushed = builder->push(x, "acme/shop", {}, {});
  ASSERT_TRUE(pushed) << render(pushed.error());
  EXPECT_TRUE(pushed->starts_with(test::server("BACKENDIM_REGISTRY") + "/acme/shop@sha256:"));
}

/// Who asks again was killed before he could write down what he was told.
TEST_F(BuilderTest, APushThatWasDoneIsFoundAgain) {
  const auto x = job("FROM runtime:12\nRUN echo again >/again\n", "again");
  ASSERT_TRUE(build(x));
  const auto first = builder->push(x, "again/app", {}, {});
  ASSERT_TRUE(first) << render(first.error());
  const auto second = builder->push(x, "again/app", {}, {});
  ASSERT_TRUE(second) << render(second.error());
  EXPECT_EQ(*second, *first);
}

TEST_F(BuilderTest, EmptiedStorageIsFilledAgain) {
  ASSERT_TRUE(build(job("FROM runtime:12\nRUN true\n", "emptied")));
  fs::remove_all(state / "builder" / "tenants" / "emptied");
  const auto again = build(job("FROM runtime:12\nRUN true\n", "emptied"));
  EXPECT_TRUE(again) << render(test::error_of(again));
}

TEST_F(BuilderTest, SaysWhatATenantsBuildsKeep) {
  EXPECT_EQ(*builder->kept_bytes("frugal", {}), 0u);
  const auto x = job("FROM runtime:12\nRUN head -c 30000000 /dev/urandom >/big\n", "frugal");
  ASSERT_TRUE(build(job("FROM runtime:12\nRUN true\n", "frugal")));
  const auto before = builder->kept_bytes("frugal", {});
  ASSERT_TRUE(before) << render(before.error());
  EXPECT_GT(*before, 50'000'000u) << "the base image";
  ASSERT_TRUE(build(x));
  const auto after = builder->kept_bytes("frugal", {});
  EXPECT_GE(*after, *before + 30'000'000);
  EXPECT_LT(*after, *before + 60'000'000);
  ASSERT_TRUE(builder->push(x, "frugal/app", {}, {}));
  ASSERT_TRUE(builder->prune("frugal", 0s, false, {}));
  EXPECT_LT(*builder->kept_bytes("frugal", {}), *before + 30'000'000);
}

TEST_F(BuilderTest, PushOfWhatWasNotBuiltIsNotFound) {
  EXPECT_EQ(test::error_of(builder->push(job("FROM runtime:12\n"), "acme/unbuilt", {}, {})),
            ec::not_found);
}

TEST_F(BuilderTest, FailingStepIsNamedWithItsOutput) {
  const auto failed = build(job("FROM runtime:12\nRUN echo the reason >&2; exit 7\n"));
  ASSERT_EQ(test::error_of(failed), ec::build_failed);
  const auto why = failure_of(failed.error());
  EXPECT_EQ(why.code, cause::build_failed);
  EXPECT_NE(why.message.find("exit 7"), std::string::npos) << why.message;
  EXPECT_EQ(why.evidence, std::vector<std::string>{"the reason"});
}

TEST_F(BuilderTest, MissingBaseImagesSaySo) {
  for (const auto* image : {"no-such-image:1", "node:99", "ghcr.invalid/some/thing:1"}) {
    const auto failed = build(job(std::string{"FROM "} + image + "\n"));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failure_of(failed.error()).code, cause::base_image_missing) << image;
  }
}

TEST_F(BuilderTest, StepsSeeNeitherTheMachineNorOtherTenants) {
  std::ofstream{state / "secret"} << "s3cret";
  ASSERT_TRUE(build(job("FROM runtime:12\nRUN true\n", "other")));
  EXPECT_EQ(step("id -u"), "0") << "root of its own only";
  EXPECT_EQ(step("cat /proc/sys/kernel/hostname | wc -l"), "1");
  // Through a process of the build's own that still has the machine's root.
  EXPECT_EQ(step("cat /proc/1/root" + (state / "secret").string() + " 2>/dev/null || echo no"),
            "no");
  EXPECT_EQ(step("ls /proc/1/root" + (state / "builder/tenants/other").string()
                 + " 2>/dev/null || echo no"),
            "no");
  EXPECT_EQ(step("ls -d /proc/[0-9]* | wc -l | awk '{print ($1 < 30)}'"), "1")
    << "the machine's processes";
}

TEST_F(BuilderTest, StepsReachTheInternetButNotThisMachinesLoopback) {
  const auto registry = test::server("BACKENDIM_REGISTRY");
  const auto port = registry.substr(registry.find(':') + 1);
  const auto x = job("FROM debian:12\nRUN ! timeout 3 bash -c 'echo >/dev/tcp/127.0.0.1/" + port
                     + "' && ! timeout 3 bash -c 'echo >/dev/tcp/10.0.2.2/" + port
                     + "' && getent hosts deb.debian.org\n");
  const auto built = build(x);
  EXPECT_TRUE(built) << render(test::error_of(built)) << (output.empty() ? "" : output.back());
}

/// A server of this machine at all its addresses, and one of those that is not loopback.
class own_server {
public:
  own_server() : acceptor_{io_, {boost::asio::ip::tcp::v4(), 0}} {
    boost::asio::ip::udp::socket route{io_, boost::asio::ip::udp::v4()};
    route.connect({boost::asio::ip::make_address("198.51.100.1"), 9}); // sends nothing
    address_ = route.local_endpoint().address().to_string();
  }
  const std::string& address() const { return address_; }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string place() const { return address_ + "/" + std::to_string(port()); }

private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_; // the kernel answers: nobody needs to accept
  std::string address_;
};

TEST_F(BuilderTest, StepsDoNotReachThisMachinesOtherAddresses) {
  const own_server server;
  const auto reach
    = "timeout 3 bash -c 'echo >/dev/tcp/" + server.place() + "' 2>&1 && echo yes || true";
  EXPECT_NE(step(reach).find("Connection refuse"), std::string::npos) << "and says so at once";
  EXPECT_NE(
    step("timeout 3 bash -c 'echo >/dev/tcp/169.254.169.254/80' 2>&1").find("Connection refuse"),
    std::string::npos)
    << "a cloud's metadata service";
  options.open = {server.address() + ":" + std::to_string(server.port())};
  open({});
  EXPECT_EQ(step(reach), "yes") << "the operator opened it";
}

TEST_F(BuilderTest, NoStepCanTakeTheFenceDown) {
  EXPECT_NE(step("ip link set tap0 down 2>&1; nsenter -t 1 -n true 2>&1; "
                 "unshare -n true 2>&1; echo done"),
            "failed");
  const own_server server;
  EXPECT_NE(step("iptables -F OUTPUT 2>/dev/null; nft flush ruleset 2>/dev/null; timeout 3 bash -c "
                 "'echo >/dev/tcp/"
                 + server.place() + "' 2>&1 && echo yes || true"),
            "yes");
}

TEST_F(BuilderTest, AnotherTenantsImageIsNoBase) {
  auto theirs = job("FROM runtime:12\nRUN echo theirs >/file\n", "victim");
  ASSERT_TRUE(build(theirs));
  const auto pushed = builder->push(theirs, "victim/app", {}, {});
  ASSERT_TRUE(pushed) << render(pushed.error());
  const auto registry = test::server("BACKENDIM_REGISTRY");
  const auto path = pushed->substr(registry.size());
  const auto port = registry.substr(registry.find(':'));
  EXPECT_TRUE(build(job("FROM " + *pushed + "\nRUN cat /file\n", "victim"))) << "it is theirs";
  for (const auto& host : {registry, "localhost" + port, "127.1" + port, "10.0.2.2" + port}) {
    const auto refused = build(job("FROM " + host + path + "\nRUN cat /file\n", "acme"));
    EXPECT_FALSE(refused) << host;
    EXPECT_FALSE(wrote("theirs")) << host;
  }
  EXPECT_FALSE(build(job("FROM runtime:12\nCOPY --from=" + *pushed + " /file /file\n", "acme")));
}

TEST_F(BuilderTest, MemoryCapEndsTheStep) {
  open({2, 96, 512});
  const auto failed = build(job("FROM python:3.11\nRUN python3 -c 'x = \"a\" * 400_000_000'\n"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failure_of(failed.error()).code, cause::build_out_of_memory)
    << failure_of(failed.error()).message;
}

TEST_F(BuilderTest, CacheMountsAreKeptForTheTenantsNextBuild) {
  const auto lines_of = [&](const std::string& tenant) {
    const auto x
      = job("FROM runtime:12\nRUN --mount=type=cache,target=/c echo x >>/c/x; echo \"<$(wc "
            "-l </c/x)>\" # "
              + std::to_string(std::rand()) + "\n",
            tenant);
    EXPECT_TRUE(build(x));
    for (const auto& line : output)
      if (line.starts_with("<"))
        return line;
    return std::string{};
  };
  EXPECT_EQ(lines_of("cached"), "<1>");
  EXPECT_EQ(lines_of("cached"), "<2>");
  EXPECT_EQ(lines_of("cached2"), "<1>");
}

TEST_F(BuilderTest, CachesThatNoLaterBuildUsedGo) {
  const std::string steps = "FROM runtime:12\nRUN head -c 3000000 /dev/urandom >/kept\n";
  const auto first = job(steps + "RUN head -c 5000000 /dev/urandom >/first\n", "pruned");
  ASSERT_TRUE(build(first));
  const auto later = job(steps + "RUN echo second >/second\n", "pruned");
  ASSERT_TRUE(build(later));
  const auto unpushed = job(steps + "RUN echo unpushed >/unpushed\n", "pruned");

  auto looked = builder->prune("pruned", 0s, true, {});
  const auto one_would_go = [&] { // buildah counts ages in seconds
    looked = builder->prune("pruned", 0s, true, {});
    return looked && looked->images == 1;
  };
  ASSERT_TRUE(looked) << render(test::error_of(looked));
  EXPECT_EQ(looked->images, 0u) << "they are still to be pushed";
  ASSERT_TRUE(builder->push(first, "pruned/app", {}, {}));
  looked = builder->prune("pruned", 1h, true, {});
  ASSERT_TRUE(looked) << render(test::error_of(looked));
  EXPECT_EQ(looked->images, 0u) << "it is young";
  EXPECT_TRUE(test::eventually(one_would_go)) << render(test::error_of(looked));
  EXPECT_GT(looked->bytes, 8'000'000u);
  EXPECT_EQ(looked->freed, 0u);
  auto done = builder->prune("pruned", 0s, false, {});
  ASSERT_TRUE(done) << render(test::error_of(done));
  EXPECT_EQ(done->images, 1u);
  EXPECT_GT(done->freed, 4'000'000u);
  EXPECT_LT(done->freed, 7'000'000u) << "what the later build is based on stays";

  ASSERT_TRUE(builder->push(later, "pruned/app", {}, {}));
  ASSERT_TRUE(build(unpushed));
  EXPECT_TRUE(
    std::ranges::any_of(output, [](const auto& x) { return x.find("Using cache") != x.npos; }))
    << "what is left is still a cache";
  EXPECT_TRUE(test::eventually(one_would_go)) << render(test::error_of(looked));
  done = builder->prune("pruned", 0s, false, {});
  ASSERT_TRUE(done) << render(test::error_of(done));
  EXPECT_EQ(done->images, 1u) << "what is still to be pushed stays";
  const auto pushed = builder->push(unpushed, "pruned/app", {}, {});
  EXPECT_TRUE(pushed) << render(test::error_of(pushed));
  EXPECT_TRUE(build(job("FROM runtime:12\nRUN true\n", "pruned"))) << "base images stay";
  EXPECT_EQ(builder->prune("nobody", 0s, false, {})->bytes, 0u);
}

} // namespace
