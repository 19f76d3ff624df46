#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const std::string token = "tok-9f2c7b41d05e4a68";
const std::string password = "pw/7c1e+55aa-d3b0";
const std::string build_token = "bld-44b1f09c2e7d6a35";

/// The app shows digests of what it got, and writes the values into its log, as careless apps do.
const std::string containerfile = R"FILE(FROM web:12
RUN --mount=type=secret,id=BUILD_TOKEN echo "building with $(cat /run/secrets/BUILD_TOKEN)" && busybox sha256sum /run/secrets/BUILD_TOKEN >/built
USER 1000:1000
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["mkdir /tmp/www; printf %s \"$DATABASE_URL\" | busybox sha256sum >/tmp/www/env; busybox sha256sum /run/secrets/TOKEN >/tmp/www/file; cp /built /tmp/www/built; echo \"token $(cat /run/secrets/TOKEN) url $DATABASE_URL\"; exec busybox httpd -f -p 0.0.0.0:8080 -h /tmp/www"]
)FILE";
const std::string config = R"(port: 8080
secrets: [TOKEN]
env:
  DATABASE_URL: postgres://shop:${SECRET:PASSWORD}@db/shop
build:
  secrets: [BUILD_TOKEN]
)";

fs::path make_source(const std::string& name) {
  const auto folder = e2e::copy_of("dockerfile", name);
  fs::remove(folder / "go.mod");
  fs::remove(folder / "main.go");
  std::ofstream{folder / "Dockerfile"} << containerfile;
  std::ofstream{folder / "backend-im.yml"} << config;
  return folder;
}

std::string shell(const std::string& script) {
  const auto ran = e2e::run({"bash", "-c", script});
  return ran.out + ran.err;
}

std::string docker(const std::string& arguments) {
  return shell("docker -H unix://$BACKENDIM_DOCKER_SOCKET " + arguments);
}

std::string sha256(const std::string& text) {
  std::ofstream{fs::path{std::getenv("BACKENDIM_SCRATCH")} / "hashed"} << text;
  const auto said = shell("sha256sum <$BACKENDIM_SCRATCH/hashed; rm $BACKENDIM_SCRATCH/hashed");
  return said.substr(0, 64);
}

/// Every form that a careless tool could leave a value in.
std::vector<std::string> forms() {
  std::vector<std::string> result;
  for (const auto& value : {token, password, build_token}) {
    result.push_back(value);
    auto base64 = shell("printf %s '" + value + "' | base64 -w0");
    result.push_back(base64.substr(0, base64.size() - 4)); // its end depends on what follows
  }
  return result;
}

void expect_none(const std::string& text, const std::string& where) {
  for (const auto& form : forms())
    EXPECT_EQ(text.find(form), text.npos) << form << " in " << where;
}

/// Files below *folder* that hold a value, as they are or unpacked.
std::string files_with_values(const fs::path& folder) {
  std::string patterns;
  for (const auto& form : forms())
    patterns += form + "\n";
  const auto list = fs::path{std::getenv("BACKENDIM_SCRATCH")} / "patterns";
  std::ofstream{list} << patterns;
  const auto search = "grep -qaFf " + list.string();
  const auto found = shell(
    "exec 2>/dev/null; cd " + folder.string() + " && grep -rlaFf " + list.string()
    + " . ;"
      " find . -type f \\( -name data -o -path '*/blobs/*' -o -name '*.gz' -o -name '*.zst' \\)"
      " -print0 | while IFS= read -r -d '' f; do"
      " if zcat \"$f\" | "
    + search + " || zstd -dcq \"$f\" | " + search
    + "; then echo \"$f\"; fi;"
      " done");
  fs::remove(list);
  return found;
}

class SecretsTest : public ::testing::Test {
protected:
  static void set(const std::string& app, const std::string& text) {
    const auto file = fs::path{std::getenv("BACKENDIM_SCRATCH")} / "secrets.env";
    std::ofstream{file} << text;
    const auto done = e2e::cli({"secret", "set", "--env-file", file.string(), "--app", app});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    expect_none(done.out + done.err, "the output of secret set");
    fs::remove(file);
  }
  static void set_all(const std::string& app) {
    set(app, "TOKEN=" + token + "\nPASSWORD=" + password + "\nBUILD_TOKEN=" + build_token + "\n");
  }
  static std::string page(const std::string& app, const std::string& name) {
    return e2e::get(e2e::url_of(app) + "/" + name).body.substr(0, 64);
  }
};

TEST_F(SecretsTest, ReachTheAppAndNothingElse) {
  const auto source = make_source("vaulted");
  const auto early = e2e::cli({"deploy", "--app", "vaulted"}, source);
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_NE(early.err.find("secret_missing"), std::string::npos) << early.err;
  EXPECT_NE(early.err.find("TOKEN"), std::string::npos) << early.err;

  set_all("vaulted");
  const auto deployed = e2e::cli({"deploy", "--verbose", "--app", "vaulted"}, source);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err << e2e::daemon_process::instance().log();
  EXPECT_EQ(page("vaulted", "file"), sha256(token));
  EXPECT_EQ(page("vaulted", "env"), sha256("postgres://shop:" + password + "@db/shop"));
  EXPECT_EQ(page("vaulted", "built"), sha256(build_token));

  expect_none(deployed.out + deployed.err, "the output of deploy");
  EXPECT_NE(deployed.err.find("building with [secret BUILD_TOKEN]"), std::string::npos)
    << deployed.err;
  const auto logs = e2e::cli({"logs", "vaulted"});
  expect_none(logs.out + logs.err, "the app's log");
  EXPECT_NE(logs.out.find("token [secret TOKEN] url postgres://shop:[secret PASSWORD]@db/shop"),
            std::string::npos)
    << logs.out;

  const auto app = boost::json::parse(e2e::api("/v1/apps/vaulted").body);
  const std::string deployment{app.at("latest").as_string()};
  for (const auto& path :
       {std::string{"/v1/apps/vaulted"}, std::string{"/v1/apps/vaulted/secrets"},
        std::string{"/v1/actors/app/main/vaulted"}, std::string{"/v1/journal/events"},
        "/v1/deployments/" + deployment + "/events", "/v1/deployments/" + deployment + "/logs",
        "/v1/deployments/" + deployment}) {
    const auto answer = e2e::api(path);
    EXPECT_EQ(answer.status, 200) << path;
    expect_none(answer.body, path);
  }
  const auto events = e2e::api("/v1/deployments/" + deployment + "/events").body;
  EXPECT_NE(events.find("deployment_created"), events.npos);
  EXPECT_EQ(events.find("sealed"), events.npos) << "what is sealed is nobody's to try keys on";
  for (const auto& body :
       {"{\"set\":{\"TOKEN\":[\"" + token + "\"]}}", "{\"set\":{\"" + token + "\":\"x\"}}",
        "{\"" + token + "\":1}", "{\"set\":{\"TOKEN\":\"" + token + "\"",
        "{\"unset\":[\"" + token + "\"]}", "{\"set\":\"" + token + "\"}",
        "{\"rotate\":{\"" + token + "\":1}}"}) {
    const auto answer
      = e2e::api("/v1/apps/vaulted/secrets",
                 {"-H", "Content-Type: application/json", "-X", "POST", "--data-binary", body});
    EXPECT_EQ(answer.status, 400) << body << answer.body;
    expect_none(answer.body, "the answer to " + body);
  }
  expect_none(docker("service inspect $(docker -H unix://$BACKENDIM_DOCKER_SOCKET service ls -q)"),
              "docker service inspect");
  expect_none(docker("inspect $(docker -H unix://$BACKENDIM_DOCKER_SOCKET ps -aq)"),
              "docker inspect of containers");
  expect_none(docker("image inspect $(docker -H unix://$BACKENDIM_DOCKER_SOCKET image ls -q)"),
              "docker image inspect");
  expect_none(docker("secret inspect $(docker -H unix://$BACKENDIM_DOCKER_SOCKET secret ls -q)"),
              "docker secret inspect");
  expect_none(shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), "the arguments of processes");
  expect_none(e2e::daemon_process::instance().log(), "the daemon's log");
  EXPECT_EQ(files_with_values(e2e::daemon_process::instance().state()), "");
  EXPECT_EQ(files_with_values(std::getenv("BACKENDIM_REGISTRY_DATA")), "");
}

TEST_F(SecretsTest, TheSearchFindsWhatIsThere) {
  const auto folder = fs::path{std::getenv("BACKENDIM_SCRATCH")} / "found";
  fs::create_directories(folder);
  std::ofstream{folder / "plain"} << "x" << token << "y";
  (void)shell("printf %s '" + password + "' | gzip >" + (folder / "packed.gz").string());
  (void)shell("printf 'user:%s' '" + token + "' | zstd -q >" + (folder / "zstd.zst").string());
  const auto found = files_with_values(folder);
  for (const auto* name : {"plain", "packed", "zstd"})
    EXPECT_NE(found.find(name), found.npos) << name;
  fs::remove_all(folder);
}

TEST_F(SecretsTest, AReleaseKeepsItsVersionsThroughRotationRestartAndNewValues) {
  auto& daemon = e2e::daemon_process::instance();
  const auto source = make_source("rotated");
  set_all("rotated");
  ASSERT_EQ(e2e::cli({"deploy", "--app", "rotated"}, source).exit_code, 0);
  set("rotated", "TOKEN=another-value-1\n");
  EXPECT_EQ(page("rotated", "file"), sha256(token)) << "it is for the next deployment";
  const auto list = e2e::cli({"secret", "list", "--app", "rotated"});
  EXPECT_NE(list.out.find("TOKEN        v2       v1    admin"), std::string::npos) << list.out;

  for (int i = 0; i < 2; ++i) {
    const auto done = e2e::cli({"admin", "rotate-master-key"});
    EXPECT_EQ(done.exit_code, 0) << done.err << daemon.log();
  }
  std::ifstream keys{daemon.state() / "master-keys"};
  const std::string text{std::istreambuf_iterator<char>{keys}, {}};
  EXPECT_EQ(text.find("\n1 "), text.npos) << "the first key is forgotten";
  daemon.kill();
  daemon.start();
  ASSERT_EQ(e2e::cli({"deploy", "--app", "rotated"}, source).exit_code, 0) << daemon.log();
  EXPECT_EQ(page("rotated", "file"), sha256("another-value-1"));
  EXPECT_EQ(page("rotated", "env"), sha256("postgres://shop:" + password + "@db/shop"));

  EXPECT_EQ(e2e::cli({"secret", "rotate", "TOKEN", "--app", "rotated"}).exit_code, 0);
  ASSERT_EQ(e2e::cli({"deploy", "--app", "rotated"}, source).exit_code, 0);
  EXPECT_NE(page("rotated", "file"), sha256("another-value-1"));
  EXPECT_EQ(e2e::cli({"secret", "unset", "TOKEN", "--app", "rotated"}).exit_code, 0);
  EXPECT_EQ(e2e::cli({"deploy", "--app", "rotated"}, source).exit_code, 1);
  EXPECT_EQ(e2e::get(e2e::url_of("rotated") + "/file").status, 200) << "what serves goes on";

  const auto of_app
    = [] { return docker("secret ls --filter label=im.backend.app=rotated --format '{{.Name}}'"); };
  EXPECT_NE(of_app(), "");
  EXPECT_EQ(e2e::cli({"destroy", "rotated", "--confirm", "rotated"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return of_app().empty(); })) << of_app();
}

/// An image of ours gets them in its build steps as variables too.
TEST_F(SecretsTest, ADetectedAppBuildsAndRunsWithThem) {
  const auto source = e2e::copy_of("procfile", "detected");
  std::ofstream{source / "backend-im.yml"}
    << "secrets: [TOKEN]\nenv: {DATABASE_URL: '${SECRET:PASSWORD}'}\n"
       "build:\n  secrets: [BUILD_TOKEN]\n"
       "  command: 'test \"$BUILD_TOKEN\" = \"$(cat /run/secrets/BUILD_TOKEN)\" && echo with "
       "$BUILD_TOKEN'\n";
  set_all("detected");
  const auto deployed = e2e::cli({"deploy", "--verbose", "--app", "detected"}, source);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_NE(deployed.err.find("with [secret BUILD_TOKEN]"), std::string::npos) << deployed.err;
  EXPECT_EQ(e2e::get(e2e::url_of("detected") + "/").status, 200);
  const auto container = docker("ps -q --filter label=im.backend.app=detected").substr(0, 12);
  EXPECT_EQ(docker("exec " + container + " cat /run/secrets/TOKEN"), token);
  EXPECT_NE(docker("exec " + container + " sh -c 'cat /proc/[0-9]*/environ'")
              .find("DATABASE_URL=" + password),
            std::string::npos);
}

} // namespace
