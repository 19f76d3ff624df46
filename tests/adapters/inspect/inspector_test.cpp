#include "adapters/inspect/inspector.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

using namespace backendim;

namespace {

class InspectorTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  std::shared_ptr<source_inspector> inspector = inspection::make_inspector();

  void write(const std::string& name, const std::string& text) {
    const auto path = folder.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }

  /// The plan; its framework is "-" and the reason in `why` when there is none.
  build_plan plan(const app_config& config = {}) {
    auto result = inspector->plan(folder.path(), config);
    if (result)
      return *result;
    build_plan none;
    none.framework = "-";
    none.why.push_back(failure_of(result.error()).message);
    return none;
  }

  failure config_failure(const std::string& yaml) {
    write("backend-im.yml", yaml);
    auto result = inspector->read_config(folder.path());
    return result ? failure{} : failure_of(result.error());
  }

  static bool says(const failure& x, const std::string& text) {
    for (const auto& line : x.evidence)
      if (line.find(text) != std::string::npos)
        return true;
    return x.message.find(text) != std::string::npos || x.next.find(text) != std::string::npos;
  }
};

TEST_F(InspectorTest, ReadsTheConfiguration) {
  write("backend-im.yml", "name: shop\nport: 3000\nenv:\n  DEBUG: true\n  LEVEL: 3\n"
                          "build:\n  command: npm run build\nscaling:\n  min: 2\n");
  auto config = inspector->read_config(folder.path());
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(config->name, std::string{"shop"});
  EXPECT_EQ(config->port, uint16_t{3000});
  EXPECT_EQ(config->env->at("DEBUG"), "true");
  EXPECT_EQ(config->env->at("LEVEL"), "3");
  EXPECT_EQ(config->scaling->min, 2u);
}

TEST_F(InspectorTest, NoConfigurationIsAnEmptyOne) {
  auto config = inspector->read_config(folder.path());
  ASSERT_TRUE(config);
  EXPECT_EQ(*config, app_config{});
}

TEST_F(InspectorTest, UnknownKeyNamesItsPlaceAndTheClosestOne) {
  const auto x = config_failure("name: shop\nprot: 3000\n");
  EXPECT_EQ(x.code, cause::config_invalid);
  EXPECT_TRUE(says(x, "backend-im.yml:2:1")) << to_json_text(x);
  EXPECT_TRUE(says(x, "\"port\"")) << to_json_text(x);
}

TEST_F(InspectorTest, BadConfigurationsAreRefusedWithTheirLine) {
  const std::pair<const char*, const char*> cases[] = {
    {"port: many\n", ":1:"},
    {"port: 70000\n", ":1:"},
    {"name: Shop!\n", ":1:"},
    {"name: a\nname: b\n", ":2:"},
    {"health_check: health\n", ":1:"},
    {"env:\n  2X: a\n", ":2:"},
    {"scaling:\n  min: 3\n  max: 2\n", ":"},
    {"runtime: cobol@85\n", ":1:"},
    {"- a\n- b\n", ":1:"},
    {"name: [\n", ":"},
    {"a: &x 1\n---\nb: 2\n", ":"},
  };
  for (const auto& [yaml, line] : cases) {
    const auto x = config_failure(yaml);
    EXPECT_EQ(x.code, cause::config_invalid) << yaml;
    EXPECT_TRUE(says(x, std::string{"backend-im.yml"} + line)) << yaml << to_json_text(x);
  }
}

TEST_F(InspectorTest, RecognisesNodeFrameworks) {
  write("server.js", "");
  write("package.json", R"({"dependencies":{"express":"4"},"scripts":{"start":"node server.js"},
                            "engines":{"node":">=18"}})");
  EXPECT_EQ(plan().framework, "express");
  EXPECT_TRUE(plan().base_image.starts_with("node:")) << plan().base_image;
  write("package.json", R"({"dependencies":{"fastify":"4"},"scripts":{"start":"node server.js"}})");
  EXPECT_EQ(plan().framework, "fastify");
  write("package.json", R"({"dependencies":{"next":"14","react":"18"},
                            "scripts":{"build":"next build","start":"next start"}})");
  EXPECT_EQ(plan().framework, "nextjs");
}

TEST_F(InspectorTest, RecognisesPythonFrameworks) {
  write("app.py", "from flask import Flask\napp = Flask(__name__)\n");
  write("requirements.txt", "flask==3.0.0\n");
  EXPECT_EQ(plan().framework, "flask");
  write("app.py", "from fastapi import FastAPI\napp = FastAPI()\n");
  write("requirements.txt", "fastapi\nuvicorn\n");
  EXPECT_EQ(plan().framework, "fastapi");
}

TEST_F(InspectorTest, RecognisesGoAndStatic) {
  write("index.html", "<h1>hi</h1>");
  EXPECT_EQ(plan().framework, "static");
  write("go.mod", "module example.org/x\n\ngo 1.22\n");
  write("main.go", "package main\nfunc main() {}\n");
  EXPECT_EQ(plan().framework, "go");
}

TEST_F(InspectorTest, DockerfileWinsOverAll) {
  write("package.json", R"({"dependencies":{"express":"4"}})");
  write("Dockerfile", "FROM debian:12\nEXPOSE 9000\nCMD [\"/app\"]\n");
  const auto x = plan();
  EXPECT_EQ(x.framework, "dockerfile");
  EXPECT_EQ(x.port, 9000);
  EXPECT_EQ(x.containerfile, std::string{"Dockerfile"});
}

TEST_F(InspectorTest, UnavailableVersionNamesTheNearest) {
  write("server.js", "");
  write("package.json", R"({"dependencies":{"express":"4"},"engines":{"node":"99"},
                            "scripts":{"start":"node server.js"}})");
  auto result = inspector->plan(folder.path(), {});
  ASSERT_FALSE(result);
  const auto x = failure_of(result.error());
  EXPECT_EQ(x.code, cause::runtime_unavailable);
  EXPECT_TRUE(says(x, "24")) << to_json_text(x);
}

TEST_F(InspectorTest, NothingKnownSaysWhatToDo) {
  write("notes.txt", "hello");
  auto result = inspector->plan(folder.path(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(failure_of(result.error()).code, cause::framework_unknown);
  EXPECT_FALSE(failure_of(result.error()).next.empty());
}

TEST_F(InspectorTest, ContainerfileInstallsBeforeItCopiesTheSource) {
  write("server.js", "");
  write("package.json", R"({"dependencies":{"express":"4"},"scripts":{"start":"node server.js"}})");
  const auto text = inspector->containerfile(plan());
  EXPECT_TRUE(text.starts_with("FROM ")) << text;
  EXPECT_LT(text.find("npm"), text.rfind("COPY")) << text;
  EXPECT_NE(text.find("USER 1000"), std::string::npos) << text;
}

} // namespace
