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

TEST_F(InspectorTest, ReadsWhatTheFrontDoorAsks) {
  write("backend-im.yml", "edge:\n"
                          "  rate_limit: {requests: 50, seconds: 1, burst: 100}\n"
                          "  basic_auth: {staging: \"${SECRET:STAGING}\"}\n"
                          "  allow: [10.0.0.0/8, \"2001:db8::/32\"]\n"
                          "  redirects: [{from: /old, to: /new, status: 301}]\n"
                          "  max_body: 1048576\n");
  auto config = inspector->read_config(folder.path());
  ASSERT_TRUE(config) << render(config.error()) << to_json_text(failure_of(config.error()));
  ASSERT_TRUE(config->edge);
  EXPECT_EQ(config->edge->rate_limit->burst, 100u);
  EXPECT_EQ(config->edge->basic_auth->at("staging"), "${SECRET:STAGING}");
  EXPECT_EQ(config->edge->allow->at(1), "2001:db8::/32");
  EXPECT_EQ(config->edge->redirects->at(0).status, uint16_t{301});
  EXPECT_EQ(config->edge->max_body, std::string{"1048576"}) << "a number of bytes, too";
}

TEST_F(InspectorTest, WhatTheFrontDoorCannotAskNamesItsPlaceAndWhatIsClose) {
  const auto clear = config_failure("name: shop\nedge:\n  basic_auth:\n    staging: hunter2\n");
  EXPECT_TRUE(says(clear, "backend-im.yml:4:")) << to_json_text(clear);
  EXPECT_TRUE(says(clear, "${SECRET:STAGING_PASSWORD}")) << to_json_text(clear);
  EXPECT_FALSE(says(clear, "hunter2")) << to_json_text(clear);
  const auto network = config_failure("edge:\n  allow:\n    - 10.1.2.3/8\n");
  EXPECT_TRUE(says(network, "backend-im.yml:3:")) << to_json_text(network);
  EXPECT_TRUE(says(network, "10.0.0.0/8")) << to_json_text(network);
  const auto unknown = config_failure("edge:\n  rate_limits: {requests: 5}\n");
  EXPECT_TRUE(says(unknown, "backend-im.yml:2:")) << to_json_text(unknown);
  EXPECT_TRUE(says(unknown, "\"rate_limit\"")) << to_json_text(unknown);
}

TEST_F(InspectorTest, ReadsACanarysTermsAsPeopleWriteThem) {
  write("backend-im.yml", "deploy:\n"
                          "  strategy: canary\n"
                          "  canary: {weight: 10%, duration: 90, max_error_rate: 2.5, "
                          "min_requests: 50, auto_promote: false, promote_deadline: 2h}\n");
  const auto config = inspector->read_config(folder.path());
  ASSERT_TRUE(config) << render(config.error()) << to_json_text(failure_of(config.error()));
  EXPECT_EQ(config->deploy->strategy, deploy_strategy::canary);
  EXPECT_EQ(config->deploy->canary->weight, std::string{"10%"});
  EXPECT_EQ(config->deploy->canary->duration, std::string{"90"});
  EXPECT_EQ(config->deploy->canary->max_error_rate, std::string{"2.5"});
}

TEST_F(InspectorTest, WhatACanaryCannotBeNamesItsPlaceAndWhatIsClose) {
  const auto far = config_failure("deploy:\n  strategy: canry\n");
  EXPECT_TRUE(says(far, "backend-im.yml:2:13:")) << to_json_text(far);
  EXPECT_TRUE(says(far, "did you mean \"canary\"?")) << to_json_text(far);
  const auto key = config_failure("deploy:\n  strategy: canary\n  canary:\n    wieght: 10%\n");
  EXPECT_TRUE(says(key, "backend-im.yml:4:5:")) << to_json_text(key);
  EXPECT_TRUE(says(key, "\"weight\"")) << to_json_text(key);
  const auto share = config_failure("deploy:\n  strategy: canary\n  canary:\n    weight: 150%\n");
  EXPECT_TRUE(says(share, "backend-im.yml:4:13: deploy.canary.weight: expected a percentage"))
    << to_json_text(share);
  const auto time
    = config_failure("deploy:\n  strategy: canary\n  canary: {duration: 10 minutes}\n");
  EXPECT_TRUE(says(time, "did you mean \"10m\"?")) << to_json_text(time);
  const auto alone = config_failure("deploy:\n  canary: {weight: 5%}\n");
  EXPECT_TRUE(says(alone, "backend-im.yml:2:")) << to_json_text(alone);
  EXPECT_TRUE(says(alone, "strategy: canary")) << to_json_text(alone);
}

TEST_F(InspectorTest, WritableFoldersAreInThePlan) {
  write("server.js", "");
  write("package.json", R"({"dependencies":{"express":"4"},"scripts":{"start":"node server.js"}})");
  write("backend-im.yml", "writable: [/data/cache, /app/uploads]\n");
  const auto config = inspector->read_config(folder.path());
  ASSERT_TRUE(config) << render(config.error());
  const auto found = plan(*config);
  EXPECT_EQ(found.writable, (std::vector<std::string>{"/data/cache", "/app/uploads"}));
  EXPECT_NE(to_json_text(found.why).find("/app/uploads: in memory, at most 64 MiB"),
            std::string::npos);
  app_config hidden;
  hidden.writable = std::vector<std::string>{"/app"};
  EXPECT_EQ(plan(hidden).framework, "-");
  EXPECT_NE(plan(hidden).why.at(0).find("would hide the app itself"), std::string::npos);
}

TEST_F(InspectorTest, FoldersThatCannotBeWritableNameTheirPlaceAndWhatIsClose) {
  const auto relative = config_failure("writable:\n  - /data\n  - data/cache\n");
  EXPECT_TRUE(says(relative, "backend-im.yml:3:5:")) << to_json_text(relative);
  EXPECT_TRUE(says(relative, "did you mean \"/data/cache\"?")) << to_json_text(relative);
  const auto system = config_failure("writable: [/proc/self]\n");
  EXPECT_TRUE(says(system, "backend-im.yml:1:")) << to_json_text(system);
  EXPECT_TRUE(says(system, "outside of /proc")) << to_json_text(system);
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

TEST_F(InspectorTest, ProcfileStartsWhatNoFrameworkDoes) {
  write("hello.py", "");
  write("requirements.txt", "gunicorn==23.0.0\n");
  write("Procfile", "release: true\nweb: gunicorn --bind 0.0.0.0:$PORT hello:application\n");
  EXPECT_EQ(plan().framework, "procfile") << plan().why.at(0);
  EXPECT_EQ(plan().start, "gunicorn --bind 0.0.0.0:$PORT hello:application");
}

TEST_F(InspectorTest, RecognisesDjangoAndRust) {
  write("manage.py",
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n");
  write("requirements.txt", "django==5.0\ngunicorn==23.0.0\n");
  write("site/wsgi.py", "");
  write("site/settings.py", "");
  EXPECT_EQ(plan().framework, "django") << plan().why.at(0);
  std::filesystem::remove(folder.path() / "manage.py");
  std::filesystem::remove(folder.path() / "requirements.txt");
  write("Cargo.toml", "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
  write("src/main.rs", "fn main() {}\n");
  EXPECT_EQ(plan().framework, "rust") << plan().why.at(0);
}

TEST_F(InspectorTest, VersionFilesSayTheVersion) {
  write("server.js", "");
  write("package.json", R"({"scripts":{"start":"node server.js"}})");
  write(".nvmrc",
        "# the version of production, and a long comment so that it is on the heap\nv22\n");
  EXPECT_EQ(plan().base_image, "node:22");
  std::filesystem::remove(folder.path() / "package.json");
  write("app.py", "from flask import Flask\napp = Flask(__name__)\n");
  write("requirements.txt", "flask==3.0.0\n");
  write(".python-version", "3.4\n# and a long comment so that it is on the heap for certain\n");
  EXPECT_NE(plan().why.at(0).find("3.4"), std::string::npos) << plan().why.at(0);
}

/// As a deployment may ask for it in the place of the file.
TEST_F(InspectorTest, ARuntimeMayBeAskedForWithAColon) {
  write("server.js", "");
  write("package.json", R"({"scripts":{"start":"node server.js"},"engines":{"node":"20"}})");
  write("requirements.txt", "flask==3.0.0\n");
  app_config config;
  config.runtime = "node:22";
  EXPECT_EQ(plan(config).base_image, "node:22") << to_json_text(plan(config).why);
}

TEST_F(InspectorTest, SettingsThatContradictEachOtherMakeNoPlan) {
  write("index.html", "<h1>hi</h1>");
  write("backend-im.yml", "port: 3000\n");
  auto file = inspector->read_config(folder.path());
  ASSERT_TRUE(file);
  app_config over;
  over.env = std::map<std::string, std::string>{{"PORT", "4000"}};
  const auto result = inspector->plan(folder.path(), merged(*file, over));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), ec::invalid_request);
  const auto why = failure_of(result.error());
  EXPECT_EQ(why.code, cause::config_invalid);
  EXPECT_TRUE(says(why, "/env/PORT")) << to_json_text(why);
}

/// Its lines are views into the text, which has to be longer than what a string holds in itself.
TEST_F(InspectorTest, LongProcfilesAreRead) {
  write("hello.py", "");
  write("requirements.txt", "gunicorn==23.0.0\n");
  const std::string command = "gunicorn --bind 0.0.0.0:$PORT hello:application --workers 1";
  write("Procfile", std::string(500, '#') + "\nweb: " + command + "\n");
  EXPECT_EQ(plan().start, command);
}

TEST_F(InspectorTest, LongListsOfDependenciesAreRead) {
  std::string packages;
  for (int i = 0; i < 200; ++i)
    packages += "a-package-with-a-name-that-is-not-short-" + std::to_string(i) + "==1.0.0\n";
  write("app.py", packages + "from flask import Flask\napp = Flask(__name__)\n");
  write("requirements.txt", packages + "-r requirements/with-a-long-name-of-its-own.txt\n");
  write("requirements/with-a-long-name-of-its-own.txt", packages + "flask==3.0.0\n");
  const auto found = plan();
  EXPECT_EQ(found.framework, "flask") << to_json_text(found.why);
  EXPECT_EQ(
    found.manifests,
    (std::vector<std::string>{"requirements.txt", "requirements/with-a-long-name-of-its-own.txt"}));
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
