#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace backendim;

namespace {

e2e::run_result docker(const std::string& words) {
  return e2e::run(
    {"sh", "-c",
     "docker -H unix://" + std::string{std::getenv("BACKENDIM_DOCKER_SOCKET")} + " " + words});
}

std::string line_of(std::string text) {
  return text.substr(0, text.find('\n'));
}

/// Says "open" when the victim's app, the registry or the API answers within three seconds. Any
/// other answer, and a mere connection, say nothing: some networks accept them all.
std::string knock(const std::string& address, const std::string& port) {
  return R"(python3 -c "
import socket
s = socket.create_connection((')"
         + address + "', " + port + R"(), 3)
s.settimeout(3)
s.sendall(b'GET /v2/ HTTP/1.0\r\nHost: x\r\n\r\n')
text = b''.join(iter(lambda: s.recv(4096), b''))
print('open' if any(x in text for x in (b'ready', b'Docker-Distribution', b'problem+json')) else 'else')
" 2>&1 | tail -n 1)";
}

struct place {
  std::string what;
  std::string address;
  std::string port;
};

/// A tenant that runs and builds what it likes, and another one that it has its eye on. What API
/// and files give away is ForeignTest's, what builds see of each other's files BuilderTest's.
class AttackTest : public ::testing::Test {
protected:
  static inline std::string token;     ///< The attacker's.
  static inline std::string url;       ///< Where its app does what it is told.
  static inline std::string container; ///< The victim's.
  static inline std::string overlay;   ///< The victim's address in its tenant's network.
  static inline std::string bridge;    ///< And at the node.
  static inline std::string image;     ///< The victim's, by digest.

  static void SetUpTestSuite() {
    const auto source = e2e::copy_of("dockerfile", "victim");
    std::filesystem::copy(attacker(), source,
                          std::filesystem::copy_options::recursive
                            | std::filesystem::copy_options::overwrite_existing);
    std::ofstream{source / "Dockerfile", std::ios::app}
      << "RUN --mount=type=cache,target=/cache echo victims >/cache/file\n";
    const auto deployed = e2e::cli({"deploy", "--app", "victim"}, source);
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
    token = line_of(e2e::cli({"admin", "token", "raiders", "mallory", "--may", "manage"}).out);
    const auto own = as_attacker({"deploy", "--app", "attacker"}, attacker());
    ASSERT_EQ(own.exit_code, 0) << own.err;
    url = line_of(own.out);
    container = line_of(docker("ps -q --filter label=im.backend.app=victim").out);
    const auto inspected = [](const std::string& format) {
      return line_of(docker("inspect --format '" + format + "' " + container).out);
    };
    overlay = inspected("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    image = inspected("{{.Config.Image}}");
    bridge = line_of(docker("network inspect docker_gwbridge --format '{{range $id, $x := "
                            ".Containers}}{{$id}} {{$x.IPv4Address}}\n{{end}}' | grep ^"
                            + container + " | cut -d' ' -f2 | cut -d/ -f1")
                       .out);
    ASSERT_FALSE(overlay.empty());
    ASSERT_FALSE(bridge.empty());
  }

  static void TearDownTestSuite() {
    (void)e2e::cli({"destroy", "victim", "--confirm", "victim"});
    const auto gone = as_attacker({"destroy", "attacker", "--confirm", "attacker"}, {});
    EXPECT_EQ(gone.exit_code, 0) << gone.err;
  }

  static e2e::run_result as_attacker(const std::vector<std::string>& words,
                                     const std::filesystem::path& folder) {
    std::vector<std::string> argv{"env", "BACKEND_IM_TOKEN=" + token, BACKENDIM_CLI};
    argv.insert(argv.end(), words.begin(), words.end());
    return e2e::run(argv, folder);
  }

  static std::filesystem::path attacker() {
    return std::filesystem::path{BACKENDIM_SOURCE} / "tests/e2e/attacker";
  }

  /// What the attacker's app says after it did this.
  static std::string in_container(const std::string& words) {
    return e2e::get(url, {"--data-binary", words}).body;
  }

  /// What must be out of reach of everybody's code.
  static std::vector<place> control_plane() {
    const std::string registry = std::getenv("BACKENDIM_REGISTRY");
    const auto registry_port = registry.substr(registry.find(':') + 1);
    std::vector<place> result{{"the victim's task at its node", bridge, "8080"},
                              {"the victim's task in its network", overlay, "8080"}};
    const auto gateway = line_of(
      docker("network inspect docker_gwbridge --format '{{(index .IPAM.Config 0).Gateway}}'").out);
    for (const auto& address : {std::string{"127.0.0.1"}, gateway, std::string{"10.0.2.2"}}) {
      result.push_back({"the registry", address, registry_port});
      result.push_back({"the API", address, "7780"});
    }
    return result;
  }
};

TEST_F(AttackTest, TheWayIsOpenForTheNodeItself) {
  EXPECT_EQ(e2e::get("http://" + bridge + ":8080/").body, "ready")
    << "else the refusals below would say nothing";
  EXPECT_EQ(in_container(knock("127.0.0.1", "8080")), "open");
}

TEST_F(AttackTest, ATaskReachesNeitherAnotherTenantsTaskNorTheControlPlane) {
  for (const auto& x : control_plane())
    EXPECT_NE(in_container(knock(x.address, x.port)), "open") << x.what << " at " << x.address;
}

TEST_F(AttackTest, AnotherTenantsNamesAreUnknown) {
  EXPECT_NE(
    in_container("getent hosts main-attacker-v1 raiders-attacker-v1 tasks.raiders-attacker-v1"), "")
    << "its own name is known";
  for (const std::string name : {"victim", "main-victim-v1", "tasks.main-victim-v1"})
    EXPECT_EQ(in_container("getent hosts " + name), "") << name;
  EXPECT_EQ(in_container("getent hosts " + container), "");
}

TEST_F(AttackTest, ATaskHasNoRightsAndNothingOfTheNode) {
  EXPECT_EQ(in_container("grep CapEff /proc/self/status | tr -s '[:space:]' ' '"),
            "CapEff: 0000000000000000 ");
  EXPECT_EQ(in_container("touch /x 2>/dev/null || echo read-only"), "read-only");
  EXPECT_EQ(in_container("ls /var/run/docker.sock 2>/dev/null || echo none"), "none");
  EXPECT_EQ(in_container("ulimit -Hc"), "0");
  EXPECT_LE(std::stoul(in_container("ulimit -Hn")), 65'536u);
  EXPECT_NE(in_container("mount -t proc proc /proc 2>&1 || echo refused").find("refused"),
            std::string::npos);
}

TEST_F(AttackTest, NoPortIsPublished) {
  EXPECT_EQ(docker("service ls --format '{{.Ports}}' | tr -d '\n'").out, "");
  EXPECT_EQ(docker("ps --format '{{.Ports}}' | grep -c -- '->' || true").out, "0\n");
}

TEST_F(AttackTest, ABuildReachesNeitherAnotherTenantsTaskNorTheControlPlane) {
  const auto source = e2e::copy_of("dockerfile", "attacking-build");
  std::ofstream file{source / "Dockerfile"};
  file << "FROM python:3.11\n";
  const auto places = control_plane();
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& x = places[i];
    const auto script = "knock" + std::to_string(i);
    std::ofstream{source / script} << "echo \"$(" << knock(x.address, x.port) << ") " << x.what
                                   << " at " << x.address << "\"\n";
    file << "COPY " << script << " /\nRUN sh /" << script << "\n";
  }
  file << "RUN --mount=type=cache,target=/cache echo \"cache: $(cat /cache/file 2>&1)\"\n"
          "RUN false\n";
  file.close();
  const auto refused = as_attacker({"deploy", "--app", "attacker"}, source);
  EXPECT_EQ(refused.exit_code, 1);
  const auto log = as_attacker({"logs", "attacker", "--build"}, {}).out;
  std::istringstream lines{log};
  size_t tried = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" at ") == line.npos || line.find("STEP") != line.npos)
      continue;
    ++tried;
    EXPECT_FALSE(line.starts_with("open ")) << line;
  }
  EXPECT_EQ(tried, places.size()) << log;
  EXPECT_NE(log.find("cache: "), std::string::npos) << log;
  EXPECT_EQ(log.find("cache: victims"), std::string::npos) << log;
}

TEST_F(AttackTest, AnotherTenantsImageCannotBeBuiltOn) {
  const auto source = e2e::copy_of("dockerfile", "thief");
  std::ofstream{source / "Dockerfile"} << "FROM " << image << "\nEXPOSE 8080\n";
  const auto refused = as_attacker({"deploy", "--app", "attacker", "--json"}, source);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.out.find("base_image_missing"), std::string::npos) << refused.out;
}

TEST_F(AttackTest, AHostThatIsNotItsOwnCannotBeTaken) {
  const auto before = e2e::get(e2e::url_of("victim") + "/").body;
  // The name that would make the victim's host: victim-main.<domain>.
  for (const std::string app : {"victim-main", "victim"})
    (void)as_attacker({"deploy", "--app", app}, attacker());
  EXPECT_EQ(e2e::get(e2e::url_of("victim") + "/").body, before);
  for (const std::string app : {"victim-main", "victim"})
    (void)as_attacker({"destroy", app, "--confirm", app}, {});
  // With a tenant of this name, its app "victim" and main's app "victim-x" would share a host.
  const auto refused = e2e::cli({"tenants", "create", "x-main", "--owner", "mallory"});
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
}

} // namespace
