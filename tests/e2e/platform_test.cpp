#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

using namespace backendim;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

e2e::run_result deploy(const std::string& app, const fs::path& source) {
  return e2e::cli({"deploy", "--app", app}, source);
}

boost::json::value state_of(const std::string& deployment) {
  return boost::json::parse(e2e::api("/v1/deployments/" + deployment).body);
}

/// Whether a deployment has come as far as to that step.
bool has_begun(const std::string& deployment, const std::string& step) {
  return std::ranges::any_of(state_of(deployment).at("steps").as_array(),
                             [&](const auto& x) { return x.at("step") == step.c_str(); });
}

TEST(OrderTest, TwoAppsDeployAtOnce) {
  auto one = std::async(std::launch::async, deploy, "left", e2e::samples() / "express");
  auto two = std::async(std::launch::async, deploy, "right", e2e::samples() / "fastify");
  EXPECT_EQ(one.get().exit_code, 0);
  EXPECT_EQ(two.get().exit_code, 0);
  EXPECT_EQ(e2e::get(e2e::url_of("left") + "/").body, "Hello from express");
  EXPECT_EQ(e2e::get(e2e::url_of("right") + "/").body, "Hello from fastify");
}

TEST(OrderTest, OfSeveralDeploysOfOneAppTheLastWins) {
  ASSERT_EQ(deploy("contested", e2e::samples() / "express").exit_code, 0);
  std::vector<std::string> ids;
  for (const auto* sample : {"express", "fastify", "procfile"}) {
    const auto started
      = e2e::cli({"deploy", "--app", "contested", "--detach"}, e2e::samples() / sample);
    ASSERT_EQ(started.exit_code, 0) << started.err;
    ids.push_back(started.out.substr(0, started.out.find('\n')));
  }
  for (const auto& id : ids) // the stream ends with the deployment
    (void)e2e::api("/v1/deployments/" + id + "/events");
  EXPECT_EQ(state_of(ids[1]).at("state"), "superseded");
  EXPECT_EQ(state_of(ids[2]).at("state"), "succeeded");
  EXPECT_EQ(e2e::get(e2e::url_of("contested") + "/").body, "Hello from procfile");
}

TEST(ZeroDowntimeTest, NoRequestIsLostToADeploy) {
  const auto source = e2e::samples() / "express";
  ASSERT_EQ(deploy("busy", source).exit_code, 0);
  std::atomic<bool> done{false};
  std::atomic<int> good{0}, bad{0};
  std::thread client{[&] {
    while (!done)
      ++(e2e::get(e2e::url_of("busy") + "/").body == "Hello from express" ? good : bad);
  }};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(deploy("busy", source).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return good > 10 || bad > 0; }));
  done = true;
  client.join();
  EXPECT_EQ(bad, 0);
}

TEST(RestartTest, AppsAnswerAgainAfterTheDaemonWasKilled) {
  auto& daemon = e2e::daemon_process::instance();
  ASSERT_EQ(deploy("survivor", e2e::samples() / "express").exit_code, 0);
  daemon.kill();
  daemon.start();
  EXPECT_TRUE(
    test::eventually([] { return e2e::get(e2e::url_of("survivor") + "/").status == 200; }));
}

TEST(RestartTest, DeploymentUnderWayIsCarriedOn) {
  auto& daemon = e2e::daemon_process::instance();
  const auto started
    = e2e::cli({"deploy", "--app", "carried", "--detach"}, e2e::samples() / "express");
  ASSERT_EQ(started.exit_code, 0) << started.err;
  const auto id = started.out.substr(0, started.out.find('\n'));
  EXPECT_TRUE(test::eventually([&] { return has_begun(id, "building"); }));
  daemon.kill();
  daemon.start();
  (void)e2e::api("/v1/deployments/" + id + "/events");
  EXPECT_EQ(state_of(id).at("state"), "succeeded");
  EXPECT_EQ(e2e::get(e2e::url_of("carried") + "/").body, "Hello from express");
}

TEST(CancelTest, CancelledBuildEndsAndLeavesNothing) {
  const auto source = e2e::copy_of("dockerfile", "slow");
  std::ofstream{source / "Dockerfile"} << "FROM debian:12\nRUN sleep 3000\n";
  const auto started = e2e::cli({"deploy", "--app", "slow", "--detach"}, source);
  ASSERT_EQ(started.exit_code, 0) << started.err;
  const auto id = started.out.substr(0, started.out.find('\n'));
  ASSERT_TRUE(test::eventually(
    [] {
      return e2e::run({"pgrep", "-f", "sleep 3000"}).exit_code == 0;
    },
    10min)) // the base image may be new
    << e2e::api("/v1/deployments/" + id).body;
  EXPECT_EQ(e2e::cli({"deployments", "cancel", id}).exit_code, 0);
  (void)e2e::api("/v1/deployments/" + id + "/events");
  EXPECT_EQ(state_of(id).at("state"), "cancelled");
  EXPECT_TRUE(test::eventually([&] {
    return e2e::run({"pgrep", "-f", "sleep 3000"}).exit_code != 0
           && !fs::exists(e2e::daemon_process::instance().state() / "builds" / ("main_" + id))
           && e2e::run({"ip", "netns"}).out.find(id) == std::string::npos;
  }))
    << "the build goes on";
}

/// The events of a stream that ends by itself, each from "id:" to its data.
std::vector<std::string> events_of(const std::string& path, const std::string& last_id = "") {
  std::vector<std::string> more;
  if (!last_id.empty())
    more = {"-H", "Last-Event-ID: " + last_id};
  const auto body = e2e::api(path, more).body;
  std::vector<std::string> result;
  for (size_t at = 0, end = 0; (end = body.find("\n\n", at)) != body.npos; at = end + 2)
    if (const auto text = body.substr(at, end - at); text.starts_with("id:"))
      result.push_back(text);
  return result;
}

TEST(StreamTest, ResumesBehindAnyEventWithNothingMissedAndNothingTwice) {
  const auto started
    = e2e::cli({"deploy", "--app", "streamed", "--detach"}, e2e::samples() / "express");
  ASSERT_EQ(started.exit_code, 0) << started.err;
  const auto id = started.out.substr(0, started.out.find('\n'));
  for (const std::string what : {"/events", "/logs?follow=1"}) {
    const auto path = "/v1/deployments/" + id + what;
    const auto all = events_of(path);
    ASSERT_GT(all.size(), 5u) << what;
    for (size_t i = 0; i < all.size(); i += 1 + all.size() / 10) {
      const auto last = all[i].substr(4, all[i].find('\n') - 4);
      EXPECT_EQ(events_of(path, last),
                std::vector<std::string>(all.begin() + static_cast<long>(i) + 1, all.end()))
        << what << " behind " << last;
    }
  }
}

TEST(UploadTest, HalfAGigabyteStreamsThrough) {
  const auto folder = e2e::copy_of("static", "big");
  const auto file = folder / "big.bin";
  ASSERT_EQ(
    e2e::run({"dd", "if=/dev/urandom", "of=" + file.string(), "bs=1M", "count=500"}).exit_code, 0);
  auto& daemon = e2e::daemon_process::instance();
  const auto before = daemon.resident_kb();
  auto sent = std::async(std::launch::async, [&] {
    return e2e::api("/v1/blobs",
                    {"-H", "Expect:", "--data-binary", "@" + file.string(), "-m", "600"});
  });
  size_t most = before;
  while (sent.wait_for(20ms) != std::future_status::ready)
    most = std::max(most, daemon.resident_kb());
  EXPECT_EQ(sent.get().status, 201);
  EXPECT_LT(most - before, 20u << 10) << "KiB more than before";
  fs::remove_all(folder);
}

TEST(UploadTest, BrokenUploadLeavesNothing) {
  const auto incoming = e2e::daemon_process::instance().state() / "blobs" / "incoming";
  const auto broken = e2e::run(
    {"sh", "-c",
     "{ printf 'POST /v1/blobs HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer %s\\r\\n"
     "Content-Length: 9000000\\r\\n\\r\\n' \"$(cat "
       + (e2e::daemon_process::instance().state() / "admin.token").string()
       + ")\"; head -c 3000000 /dev/zero; } | timeout 2 bash -c 'cat >/dev/tcp/127.0.0.1/7780'"});
  (void)broken;
  EXPECT_TRUE(test::eventually([&] { return fs::is_empty(incoming); }));
}

TEST(BadInputTest, EveryKindGetsAProblemWithItsPlace) {
  const auto problem = [](const e2e::http_answer& x) {
    return x.status >= 400 && x.status < 500 ? boost::json::parse(x.body).as_object()
                                             : boost::json::object{};
  };
  const std::string json = "Content-Type: application/json";
  auto x = problem(e2e::api("/v1/apps/shop/deployments", {"-H", json, "-d", R"({"sorce":{}})"}));
  EXPECT_EQ(x["pointer"], "/sorce") << boost::json::serialize(x);
  EXPECT_EQ(x["suggestion"], "source");
  x = problem(e2e::api("/deploy", {"-H", json, "-d", "{"}));
  EXPECT_EQ(x["code"], "invalid_request");
  x = problem(e2e::api("/deploy", {"-H", json, "-d", R"({"app":"No Name","source":{}})"}));
  EXPECT_EQ(x["pointer"], "/app");
  x = problem(e2e::api("/v1/nothing"));
  EXPECT_EQ(x["code"], "not_found");
  x = problem(e2e::api("/v1/apps", {"-X", "PATCH"}));
  EXPECT_EQ(x["status"], 405);
  x = problem(e2e::get("http://127.0.0.1:7780/v1/apps"));
  EXPECT_EQ(x["code"], "unauthenticated");
  EXPECT_TRUE(x.contains("request_id"));
}

TEST(BadInputTest, ArchiveOfRubbishFailsTheDeployment) {
  const auto sent = e2e::api("/v1/blobs", {"--data-binary", "this is no archive"});
  const auto digest = boost::json::parse(sent.body).at("digest").as_string();
  const auto started = e2e::api("/v1/apps/rubbish/deployments",
                                {"-H", "Content-Type: application/json", "-d",
                                 "{\"source\":{\"blob\":\"" + std::string{digest} + "\"}}"});
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string id{boost::json::parse(started.body).at("id").as_string()};
  (void)e2e::api("/v1/deployments/" + id + "/events");
  EXPECT_EQ(state_of(id).at("error").at("code"), "source_rejected");
}

/// Whoever wrote a client by docs/rest.md knows ids and apps, and no paths.
TEST(RestTest, ADeployByTheDocumentedCallsAlone) {
  const auto archive = (e2e::daemon_process::instance().state() / "by-hand.tar.zst").string();
  const auto packed = e2e::run({"tar", "--zstd", "-cf", archive, "."}, e2e::samples() / "static");
  ASSERT_EQ(packed.exit_code, 0) << packed.err;
  const auto sent = e2e::api("/v1/blobs", {"--data-binary", "@" + archive});
  ASSERT_EQ(sent.status, 201) << sent.body;
  const std::string digest{boost::json::parse(sent.body).at("digest").as_string()};
  const auto started = e2e::api(
    "/deploy", {"-H", "Content-Type: application/json", "-d",
                R"({"app":"byhand","source":{"blob":")" + digest + R"("},"config":{}})"});
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string id{boost::json::parse(started.body).at("id").as_string()};
  (void)e2e::api("/v1/deployments/" + id + "/events", {"-m", "600"});
  const auto status = e2e::api("/status/" + id);
  EXPECT_EQ(boost::json::parse(status.body).at("state"), "succeeded") << status.body;
  EXPECT_EQ(e2e::api("/v1/deployments/" + id).body, status.body);
  EXPECT_EQ(e2e::get(e2e::url_of("byhand") + "/").status, 200);
  EXPECT_EQ(boost::json::parse(e2e::api("/status/byhand").body).at("app"), "byhand");
  EXPECT_EQ(e2e::api("/app/byhand", {"-X", "DELETE"}).status, 200);
  EXPECT_EQ(e2e::api("/status/byhand").status, 404);
  EXPECT_EQ(e2e::get(e2e::url_of("byhand") + "/").status, 404);
}

TEST(EdgeTest, UnknownHostIsToldSo) {
  EXPECT_EQ(e2e::get("http://nobody-main.localhost:8080/").status, 404);
}

TEST(EdgeTest, AppWithoutALiveReleaseSaysWhy) {
  EXPECT_EQ(deploy("stillborn", e2e::broken() / "failing-install").exit_code, 1);
  const auto page = e2e::get(e2e::url_of("stillborn") + "/");
  EXPECT_EQ(page.status, 503);
  EXPECT_NE(page.body.find("could not be deployed"), std::string::npos) << page.body;
}

TEST(ActorsTest, RestRouteAndMessageEndInTheSameHandler) {
  ASSERT_EQ(deploy("twodoors", e2e::samples() / "express").exit_code, 0);
  const auto route = e2e::api("/v1/apps/twodoors");
  const auto message
    = e2e::api("/v1/actors/app/main/twodoors/messages",
               {"-H", "Content-Type: application/json", "-d", R"({"type":"get_app"})"});
  EXPECT_EQ(route.status, 200);
  EXPECT_EQ(route.body, message.body);
  EXPECT_NE(e2e::api("/v1/actors").body.find("app/main/twodoors"), std::string::npos);
}

} // namespace
