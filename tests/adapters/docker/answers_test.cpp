#include "adapters/docker/fields.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/task.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::docker;
namespace json = boost::json;

namespace {

service_spec shop() {
  service_spec result;
  result.name = "acme-shop-v12";
  result.tenant = "acme";
  result.app = "shop";
  result.release = 12;
  result.image = "registry/acme/shop@sha256:1";
  result.env = {{"PORT", "8080"}, {"A", "x=y"}};
  result.replicas = 3;
  result.cpus = 0.25;
  result.memory_bytes = 64u << 20;
  result.pids = 50;
  result.stop_grace = std::chrono::seconds{7};
  return result;
}

json::value encoded(const service_spec& spec, api_version version = {1, 41}) {
  return encode_service(spec, "p-1", "net", version, {}, 20'000);
}

TEST(DockerServiceTest, IsHardenedAndBounded) {
  const auto x = encoded(shop());
  const auto& container = *find(x, "/TaskTemplate/ContainerSpec");
  EXPECT_TRUE(flag(container, "/ReadOnly"));
  EXPECT_TRUE(flag(container, "/Init"));
  EXPECT_EQ(list(container, "/CapabilityDrop"), (json::array{"ALL"}));
  EXPECT_EQ(list(container, "/Healthcheck/Test"), (json::array{"NONE"}));
  EXPECT_EQ(number(container, "/Mounts/0/TmpfsOptions/Mode"), 1023);
  EXPECT_GE(number(container, "/Mounts/0/TmpfsOptions/SizeBytes"), 64 << 20);
  EXPECT_EQ(number(container, "/StopGracePeriod"), 7'000'000'000);
  EXPECT_EQ(text(container, "/Ulimits/0/Name"), "core");
  EXPECT_EQ(number(container, "/Ulimits/0/Hard"), 0);
  EXPECT_EQ(text(container, "/Ulimits/1/Name"), "nofile");
  EXPECT_EQ(number(container, "/Ulimits/1/Hard"), 20'000) << "no more than dockerd has itself";
  const auto& limits = *find(x, "/TaskTemplate/Resources/Limits");
  EXPECT_EQ(number(limits, "/NanoCPUs"), 250'000'000);
  EXPECT_EQ(number(limits, "/MemoryBytes"), 64 << 20);
  EXPECT_EQ(number(limits, "/Pids"), 50);
  EXPECT_EQ(text(x, "/TaskTemplate/RestartPolicy/Condition"), "any");
  EXPECT_EQ(number(x, "/TaskTemplate/RestartPolicy/Delay"), 1'000'000'000);
  EXPECT_EQ(find(x, "/TaskTemplate/RestartPolicy/MaxAttempts"), nullptr);
  EXPECT_EQ(text(x, "/TaskTemplate/LogDriver/Name"), "json-file");
}

TEST(DockerServiceTest, WritableFoldersAreInMemoryAndBounded) {
  auto spec = shop();
  spec.writable = {"/data/cache"};
  const auto x = encoded(spec);
  const auto& container = *find(x, "/TaskTemplate/ContainerSpec");
  EXPECT_TRUE(flag(container, "/ReadOnly")) << "the rest stays so";
  ASSERT_EQ(list(container, "/Mounts").size(), 2u);
  EXPECT_EQ(text(container, "/Mounts/1/Type"), "tmpfs");
  EXPECT_EQ(text(container, "/Mounts/1/Target"), "/data/cache");
  EXPECT_EQ(number(container, "/Mounts/1/TmpfsOptions/SizeBytes"), 64 << 20);
  EXPECT_EQ(number(container, "/Mounts/1/TmpfsOptions/Mode"), 01777);
}

TEST(DockerServiceTest, FilesAreBoundedByWhatTheEngineHas) {
  const auto limits = [](uint64_t of_engine) {
    const json::value x = encode_service(shop(), "p-1", "net", {1, 41}, {}, of_engine);
    return list(x, "/TaskTemplate/ContainerSpec/Ulimits");
  };
  EXPECT_EQ(limits(0).size(), 1u) << "not known: Docker's own default";
  EXPECT_EQ(number(limits(1'048'576).at(1), "/Hard"), 65'536);
}

TEST(DockerServiceTest, PublishesNothing) {
  const auto x = encoded(shop());
  EXPECT_EQ(x.at("EndpointSpec"), (json::object{{"Mode", "dnsrr"}}));
  EXPECT_EQ(text(x, "/TaskTemplate/Networks/0/Target"), "net");
}

TEST(DockerServiceTest, LabelsServiceAndContainer) {
  const auto x = encoded(shop());
  for (const auto* place : {"/Labels", "/TaskTemplate/ContainerSpec/Labels"}) {
    const auto& labels = members(x, place);
    EXPECT_EQ(member(labels, label::platform), "p-1") << place;
    EXPECT_EQ(member(labels, label::tenant), "acme") << place;
    EXPECT_EQ(member(labels, label::app), "shop") << place;
    EXPECT_EQ(member(labels, label::release), "12") << place;
  }
}

TEST(DockerServiceTest, TellsALabelBasedTraefikWhereTheAppAnswers) {
  auto spec = shop();
  spec.host = "shop-acme.example.com";
  const auto x = encoded(spec);
  const auto& labels = members(x, "/Labels");
  EXPECT_EQ(member(labels, "traefik.enable"), "true");
  EXPECT_EQ(member(labels, "traefik.http.routers.acme-shop.rule"), "Host(`shop-acme.example.com`)");
  EXPECT_EQ(member(labels, "traefik.http.services.acme-shop.loadbalancer.server.port"), "8080");
  EXPECT_EQ(member(labels, "traefik.swarm.network"), "net");
  EXPECT_EQ(member(members(x, "/TaskTemplate/ContainerSpec/Labels"), "traefik.enable"), "");
  spec.host.clear();
  EXPECT_EQ(member(members(encoded(spec), "/Labels"), "traefik.enable"), "");
}

TEST(DockerServiceTest, EnvironmentIsSortedAndTheCommandTheImagesUnlessGiven) {
  auto spec = shop();
  EXPECT_EQ(list(encoded(spec), "/TaskTemplate/ContainerSpec/Env"),
            (json::array{"A=x=y", "PORT=8080"}));
  EXPECT_EQ(find(encoded(spec), "/TaskTemplate/ContainerSpec/Command"), nullptr);
  spec.command = {"node", "a b.js"};
  EXPECT_EQ(list(encoded(spec), "/TaskTemplate/ContainerSpec/Command"),
            (json::array{"node", "a b.js"}));
}

TEST(DockerServiceTest, WhatSwarmWouldTakeForATemplateSaysItself) {
  auto spec = shop();
  spec.env = {{"A", "{{.Service.Name}} {{{ }}"}, {"B", "{ { }}"}};
  EXPECT_EQ(list(encoded(spec), "/TaskTemplate/ContainerSpec/Env"),
            (json::array{R"(A={{"{{"}}.Service.Name}} {{"{{"}}{ }})", "B={ { }}"}));
}

TEST(DockerServiceTest, SecretsAreFilesOfOneUserAndTheStarterIsSeen) {
  secret_use use;
  use.files = {{"id-1", "bim-1", "/run/secrets/TOKEN"}};
  use.uid = use.gid = "1000";
  use.command = {starter_path, "/run/backend-im/env", "node"};
  use.starter = "/state/start";
  const json::value x = encode_service(shop(), "p-1", "net", {1, 41}, use, 0);
  const auto& container = *find(x, "/TaskTemplate/ContainerSpec");
  EXPECT_EQ(text(container, "/Secrets/0/SecretID"), "id-1");
  EXPECT_EQ(text(container, "/Secrets/0/File/Name"), "/run/secrets/TOKEN");
  EXPECT_EQ(text(container, "/Secrets/0/File/UID"), "1000");
  EXPECT_EQ(number(container, "/Secrets/0/File/Mode"), 0400);
  EXPECT_EQ(text(container, "/Command/0"), starter_path);
  EXPECT_EQ(text(container, "/Mounts/1/Source"), "/state/start");
  EXPECT_TRUE(flag(container, "/Mounts/1/ReadOnly"));
  EXPECT_EQ(find(encoded(shop()), "/TaskTemplate/ContainerSpec/Secrets"), nullptr);
}

TEST(DockerServiceTest, NoNewPrivilegesWhereTheEngineKnowsThem) {
  EXPECT_EQ(find(encoded(shop(), {1, 43}), "/TaskTemplate/ContainerSpec/Privileges"), nullptr);
  EXPECT_TRUE(
    flag(encoded(shop(), {1, 44}), "/TaskTemplate/ContainerSpec/Privileges/NoNewPrivileges"));
}

TEST(DockerServiceTest, IsReadBack) {
  const auto x = decode_service(json::object{{"ID", "1"}, {"Spec", encoded(shop())}});
  EXPECT_EQ(x.name, "acme-shop-v12");
  EXPECT_EQ(x.tenant, "acme");
  EXPECT_EQ(x.app, "shop");
  EXPECT_EQ(x.release, 12u);
  EXPECT_EQ(x.replicas, 3u);
  EXPECT_EQ(x.image, "registry/acme/shop@sha256:1");
}

/// One task as GET /tasks lists it.
json::object task(const char* id, const char* state, const char* desired, const char* created) {
  return {
    {"ID", id},
    {"CreatedAt", created},
    {"DesiredState", desired},
    {"Spec", {{"ContainerSpec", {{"Labels", {{label::platform, "p-1"}}}}}}},
    {"Status", {{"State", state}, {"ContainerStatus", {{"ContainerID", ""}, {"ExitCode", 0}}}}}};
}

constexpr auto day = "2026-11-23T16:49:42.5Z";

task_info merged(const char* state, const char* desired, const local_container& local) {
  const auto result = merge_tasks(json::array{task("t", state, desired, day)}, "s", "p-1",
                                  {{"t", local}}, {{"c", "172.18.0.3"}});
  return result.at(0);
}

TEST(DockerTaskTest, NewestComeFirst) {
  const auto found
    = merge_tasks(json::array{task("b", "running", "running", "2026-11-23T16:49:42.12Z"),
                              task("d", "running", "running", "2026-11-23T16:49:43Z"),
                              task("a", "running", "running", "2026-11-23T16:49:42.119999999Z"),
                              task("c", "running", "running", "2026-11-23T16:49:42.2Z")},
                  "s", "p-1", {}, {});
  std::string order;
  for (const auto& x : found)
    order += x.id;
  EXPECT_EQ(order, "dcba");
}

TEST(DockerTaskTest, ThoseOfOthersDoNotCount) {
  auto foreign = task("x", "running", "running", day);
  foreign.erase("Spec");
  EXPECT_TRUE(merge_tasks(json::array{foreign}, "s", "p-1", {}, {}).empty());
  EXPECT_TRUE(
    merge_tasks(json::array{task("x", "running", "running", day)}, "s", "p-2", {}, {}).empty());
}

TEST(DockerTaskTest, SwarmsStatesInOurWords) {
  const auto state = [](const char* swarm) {
    return merge_tasks(json::array{task("t", swarm, "running", day)}, "s", "p-1", {}, {})
      .at(0)
      .state;
  };
  for (const auto* x : {"new", "allocated", "pending", "assigned", "accepted", "unheard of"})
    EXPECT_EQ(state(x), task_state::pending) << x;
  for (const auto* x : {"preparing", "ready", "starting"})
    EXPECT_EQ(state(x), task_state::starting) << x;
  EXPECT_EQ(state("running"), task_state::running);
  for (const auto* x : {"failed", "rejected", "complete"})
    EXPECT_EQ(state(x), task_state::failed) << x;
  for (const auto* x : {"shutdown", "remove", "orphaned"})
    EXPECT_EQ(state(x), task_state::stopped) << x;
}

TEST(DockerTaskTest, WantedIsWhatSwarmDoesNotEnd) {
  EXPECT_TRUE(merged("running", "running", {}).wanted);
  EXPECT_TRUE(merged("ready", "ready", {}).wanted) << "waits for the pause before a restart";
  EXPECT_FALSE(merged("running", "shutdown", {}).wanted);
  EXPECT_FALSE(merged("running", "remove", {}).wanted);
}

TEST(DockerTaskTest, ThisNodeKnowsFirstThatATaskRuns) {
  local_container local;
  local.id = "c";
  local.running = true;
  const auto x = merged("starting", "running", local);
  EXPECT_EQ(x.state, task_state::running);
  EXPECT_EQ(x.container_id, "c");
  EXPECT_EQ(x.address, "172.18.0.3");
}

TEST(DockerTaskTest, ThisNodeKnowsFirstThatATaskDied) {
  local_container local;
  local.id = "c";
  local.ended = true;
  local.exit_code = 137;
  local.out_of_memory = true;
  const auto died = merged("running", "running", local);
  EXPECT_EQ(died.state, task_state::failed);
  EXPECT_EQ(died.exit_code, 137);
  EXPECT_TRUE(died.out_of_memory);
  EXPECT_EQ(died.address, "");
  EXPECT_EQ(merged("running", "shutdown", local).state, task_state::stopped) << "it was told to";
  local.exit_code = 0;
  EXPECT_EQ(merged("running", "running", local).state, task_state::failed)
    << "it ended by itself, with 0";
}

TEST(DockerTaskTest, SaysWhatIsWrong) {
  auto x = task("t", "rejected", "shutdown", day);
  x["Status"].as_object()["Err"] = "No such image: a";
  EXPECT_EQ(merge_tasks(json::array{x}, "s", "p-1", {}, {}).at(0).message, "No such image: a");
  local_container local;
  add_details(
    local,
    json::object{{"State", {{"ExitCode", 127}, {"OOMKilled", false}, {"Error", "no such file"}}}});
  EXPECT_EQ(merged("running", "running", local).message, "no such file");
}

TEST(DockerTaskTest, ReadsContainersAndAddresses) {
  const auto containers = decode_containers(json::parse(R"([
    {"Id": "c1", "State": "running", "Labels": {"com.docker.swarm.task.id": "t1"}},
    {"Id": "c2", "State": "exited", "Labels": {"com.docker.swarm.task.id": "t2"}},
    {"Id": "c3", "State": "created", "Labels": {"com.docker.swarm.task.id": "t3"}}])"));
  ASSERT_EQ(containers.size(), 3u);
  EXPECT_EQ(containers.at("t1").id, "c1");
  EXPECT_TRUE(containers.at("t1").running);
  EXPECT_TRUE(containers.at("t2").ended);
  EXPECT_FALSE(containers.at("t3").running || containers.at("t3").ended);
  const auto addresses = decode_addresses(json::parse(R"({"Containers": {
    "c1": {"Name": "gateway_032620333ba0", "IPv4Address": "172.18.0.3/16"},
    "ingress-sbox": {"Name": "gateway_ingress-sbox", "IPv4Address": "172.18.0.2/16"}}})"));
  EXPECT_EQ(addresses.at("c1"), "172.18.0.3");
}

TEST(DockerEventTest, ReadsWhatConcernsUs) {
  const auto x = decode_event(json::parse(R"({"Type": "container", "Action": "die",
    "Actor": {"ID": "c1", "Attributes": {"com.docker.swarm.service.name": "acme-shop-v1",
      "com.docker.swarm.task.id": "t1", "exitCode": "143"}}})"));
  ASSERT_TRUE(x);
  EXPECT_EQ(x->what, engine_event::kind::died);
  EXPECT_EQ(x->service, "acme-shop-v1");
  EXPECT_EQ(x->task_id, "t1");
  EXPECT_EQ(x->container_id, "c1");
  EXPECT_EQ(x->exit_code, 143);
}

TEST(DockerEventTest, PassesOverTheRest) {
  for (const auto* line : {R"({"Type": "container", "Action": "exec_start: sh"})",
                           R"({"Type": "network", "Action": "create"})", R"([])", R"(7)"})
    EXPECT_FALSE(decode_event(json::parse(line))) << line;
}

} // namespace
