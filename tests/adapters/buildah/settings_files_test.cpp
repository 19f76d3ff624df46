#include "adapters/buildah/settings_files.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

using namespace backendim;

namespace {

class BuildSettingsTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  buildah::builder_options options;
  std::vector<buildah::mounted_file> mounted;

  void write() {
    auto made = buildah::write_settings(folder.path(), options);
    ASSERT_TRUE(made) << render(made.error());
    mounted = std::move(*made);
  }
  std::string text(const std::string& name) const {
    std::ifstream in{folder.path() / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  bool is_mounted_at(const std::string& target) const {
    return std::ranges::any_of(mounted, [&](const auto& x) { return x.target == target; });
  }
};

TEST_F(BuildSettingsTest, OfficialImagesComeFromTheRegistryWhereTheHubIsOutOfReach) {
  options.registry = "127.0.0.1:5780";
  write();
  EXPECT_NE(text("registries.conf")
              .find("prefix = \"docker.io/library\"\n"
                    "location = \"127.0.0.1:5780/library\"\ninsecure = true"),
            std::string::npos);
}

TEST_F(BuildSettingsTest, WithTheHubTheRegistryIsAskedFirst) {
  options.registry = "127.0.0.1:5780";
  options.hub = true;
  write();
  const auto all = text("registries.conf");
  EXPECT_NE(all.find("location = \"docker.io/library\"\n[[registry.mirror]]"), std::string::npos)
    << all;
}

TEST_F(BuildSettingsTest, PackageClientsLearnTheirRegistriesAndTheBundle) {
  const auto bundle = folder.path() / "bundle.pem";
  std::ofstream{bundle} << "certificates";
  options.around.ca_bundle = bundle;
  options.around.npm_registry = "https://npm.example.org/";
  options.around.pip_index_url = "https://pip.example.org/simple";
  options.around.goproxy = "https://go.example.org";
  options.around.cargo_registry = "https://crates.example.org/";
  options.around.maven_mirror = "https://maven.example.org";
  write();
  EXPECT_NE(text("npmrc").find("registry=https://npm.example.org/"), std::string::npos);
  EXPECT_NE(text("npmrc").find("cafile="), std::string::npos);
  EXPECT_NE(text("pip.conf").find("index-url = https://pip.example.org/simple"), std::string::npos);
  EXPECT_NE(text("go.env").find("GOPROXY=https://go.example.org"), std::string::npos);
  EXPECT_NE(text("cargo.toml").find("sparse+https://crates.example.org/"), std::string::npos);
  EXPECT_NE(text("maven.xml").find("https://maven.example.org"), std::string::npos);
  EXPECT_EQ(text("ca.crt"), "certificates");
  for (const auto* target :
       {"/usr/local/etc/npmrc", "/etc/pip.conf", "/root/.config/go/env", "/.cargo/config.toml",
        "/root/.m2/settings.xml", "/etc/ssl/certs/ca-certificates.crt"})
    EXPECT_TRUE(is_mounted_at(target)) << target;
}

TEST_F(BuildSettingsTest, WhatIsNotSetIsNotMounted) {
  write();
  EXPECT_FALSE(is_mounted_at("/root/.config/go/env"));
  EXPECT_FALSE(is_mounted_at("/etc/ssl/certs/ca-certificates.crt"));
}

TEST_F(BuildSettingsTest, UnreadableBundleIsNamed) {
  options.around.ca_bundle = "/nowhere/bundle.pem";
  const auto made = buildah::write_settings(folder.path(), options);
  ASSERT_EQ(test::error_of(made), ec::unavailable);
  EXPECT_NE(render(made.error()).find("/nowhere/bundle.pem"), std::string::npos);
}

} // namespace
