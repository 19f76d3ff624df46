#include "bin/daemon/doctor.hpp"
#include "protocol/error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace backendim::daemon {
namespace {

namespace fs = std::filesystem;

class DoctorTest : public testing::Test {
protected:
  test::temp_folder folder;
  fs::path root = folder.path();

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root / name).parent_path());
    std::ofstream{root / name} << text;
  }
  void make_program(const std::string& name, const std::string& text) {
    write("bin/" + name, text);
    fs::permissions(root / "bin" / name, fs::perms::owner_all);
  }

  /// What was found out about *check*.
  static finding about(const std::vector<finding>& all, const std::string& check) {
    for (const auto& x : all)
      if (x.check == check)
        return x;
    ADD_FAILURE() << "nothing of " << check;
    return {};
  }
  finding machine(const std::string& check) {
    config x;
    x.state = root;
    return about(examine_machine(x, root), check);
  }
  finding builds(const std::string& check) {
    return about(examine_builds({}, root, (root / "bin").string()), check);
  }
};

TEST_F(DoctorTest, BuildUserNeedsAccountAndIds) {
  auto found = builds("build user");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_EQ(found.next, "deploy/quickstart");
  write("etc/passwd", "root:x:0:0::/root:/bin/sh\nbackend-im-build:x:999:999::/:/bin/false\n");
  write("etc/subuid", "somebody:100000:65536\nbackend-im-build:165536:65536\n");
  found = builds("build user");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_NE(found.text.find("/etc/subgid"), std::string::npos) << found.text;
  write("etc/subgid", "backend-im-build:165536:65536\n");
  EXPECT_EQ(builds("build user").is, health::ok);
  write("etc/subgid", "backend-im-build:165536:1000\n");
  EXPECT_EQ(builds("build user").is, health::fail);
}

TEST_F(DoctorTest, ProgramsSayTheirVersionOrWhereToGetThem) {
  auto found = builds("buildah");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_EQ(found.next, "apt-get install buildah");
  EXPECT_EQ(builds("newuidmap").next, "apt-get install uidmap");
  make_program("buildah", "#!/bin/sh\necho buildah version 1.28.2\necho more\n");
  make_program("newuidmap", "#!/bin/sh\necho usage >&2\nexit 1\n");
  found = builds("buildah");
  EXPECT_EQ(found.is, health::ok);
  EXPECT_EQ(found.text, "buildah version 1.28.2");
  EXPECT_EQ(builds("newuidmap").is, health::ok) << "it has no --version";
}

TEST_F(DoctorTest, CgroupsOfBothVersionsNeedWhatLimitsBuilds) {
  auto found = machine("cgroups");
  EXPECT_EQ(found.is, health::fail);
  for (const auto* name : {"memory", "cpu", "pids"})
    fs::create_directories(root / "sys/fs/cgroup" / name);
  EXPECT_EQ(machine("cgroups").text, "version 1");
  fs::remove(root / "sys/fs/cgroup/pids");
  found = machine("cgroups");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_NE(found.text.find("without pids"), std::string::npos) << found.text;
  write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  found = machine("cgroups");
  EXPECT_EQ(found.is, health::ok);
  EXPECT_EQ(found.text, "version 2");
}

TEST_F(DoctorTest, CertificatesAreCounted) {
  EXPECT_EQ(machine("certificates").is, health::fail);
  write("etc/ssl/certs/ca-certificates.crt", "");
  EXPECT_EQ(machine("certificates").is, health::fail);
  const std::string one = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
  write("etc/ssl/certs/ca-certificates.crt", one + one);
  const auto found = machine("certificates");
  EXPECT_EQ(found.is, health::ok);
  EXPECT_TRUE(found.text.starts_with("2 in ")) << found.text;
}

TEST_F(DoctorTest, ADiskBelowItsFloorFails) {
  config x;
  x.state = root;
  EXPECT_NE(about(examine_machine(x, root), "disk").text.find(" free at "), std::string::npos);
  x.admission.disk_floor_mb = UINT32_MAX; // no test machine has 4 PiB
  const auto found = about(examine_machine(x, root), "disk");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_EQ(found.next, "backend-im admin collect");
}

TEST_F(DoctorTest, SettingsSayWhereTheyAreWrong) {
  const auto file = root / "config.json";
  auto found = about(examine(read_config(file), file).items, "settings");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_EQ(found.next, "deploy/quickstart") << "there is no file";
  std::ofstream{file} << R"({"state": ")" << root.string() << R"(", "lisen": "x"})";
  found = about(examine(read_config(file), file).items, "settings");
  EXPECT_EQ(found.is, health::fail);
  EXPECT_NE(found.text.find("/lisen"), std::string::npos) << found.text;
  EXPECT_EQ(found.next, "sudoedit " + file.string());
}

TEST_F(DoctorTest, EnginesAndServersThatAreAwayAreNamed) {
  config x;
  x.docker_socket = (root / "no.sock").string();
  x.registry = "127.0.0.1:1"; // nobody listens at tcpmux
  x.listen = "127.0.0.1:1";
  x.edge = "127.0.0.1:1";
  EXPECT_EQ(about(examine_engine(x), "docker").is, health::fail);
  const auto servers = examine_servers(x);
  EXPECT_EQ(about(servers, "registry").is, health::fail);
  EXPECT_EQ(about(servers, "backendimd").next, "deploy/quickstart");
}

} // namespace
} // namespace backendim::daemon
