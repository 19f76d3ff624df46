#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace backendim;
using test::canned;
using test::CliTest;
namespace fs = std::filesystem;

namespace {

const std::string good_report
  = R"({"type":"report","streams":2,"events":7,"position":7,"damages":0})"
    "\n";

class CliAdminTest : public CliTest {
protected:
  void SetUp() override { log_in(); }
};

TEST_F(CliAdminTest, AnIntactJournalPasses) {
  platform.on("POST /v1/journal/verify", {200, "\n\n" + good_report});
  const auto ran = run({"admin", "journal", "verify"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
}

TEST_F(CliAdminTest, DamageIsNamedAndFails) {
  platform.on(
    "POST /v1/journal/verify",
    {200, R"({"type":"damage","stream":"app/main/shop","version":3,"position":12,"how":"changed"})"
          "\n"
          R"({"type":"damage","stream":"","version":0,"position":14,"how":"lost"})"
          "\n"
          R"({"type":"report","streams":2,"events":7,"position":7,"damages":2})"
          "\n"});
  const auto ran = run({"admin", "journal", "verify"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.out.find("app/main/shop version 3 position 12"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("position 14"), std::string::npos) << ran.out;
  const auto lines = run({"admin:journal", "verify", "--json"});
  EXPECT_EQ(lines.code, 1);
  EXPECT_NE(lines.out.find(R"("damages":2)"), std::string::npos) << lines.out;
}

TEST_F(CliAdminTest, ALookThatIsCutOffIsNoGoodNews) {
  platform.on("POST /v1/journal/verify", {200, "\n", canned::stream_breaks});
  platform.on("POST /v1/journal/verify", {200, "\n"});
  EXPECT_EQ(run({"admin", "journal", "verify"}).code, 5);
  EXPECT_EQ(run({"admin", "journal", "verify"}).code, 1) << "an end without a report";
}

TEST_F(CliAdminTest, ExportPrintsTheEventsAndNothingElse) {
  const std::string event = R"({"stream":"s","version":1,"position":5,"event":{"body":"{}"}})";
  platform.on("GET /v1/journal/events?from=5", {200, event + "\n\n" + event + "\n"});
  const auto ran = run({"admin", "journal", "export", "--from", "5"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, event + "\n" + event + "\n");
}

TEST_F(CliAdminTest, AnExportThatMeetsDamageFails) {
  platform.on("GET /v1/journal/events?from=1",
              {200, R"({"type":"error","code":"internal","detail":"stream s version 2: lost"})"
                    "\n"});
  const auto ran = run({"admin", "journal", "export"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("stream s version 2"), std::string::npos) << ran.err;
}

TEST_F(CliAdminTest, ABackupIsOneSecretFile) {
  platform.on("GET /v1/backup", {200, "all of it"});
  const auto ran = run({"admin", "backup", "b.tar.zst"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(read("b.tar.zst"), "all of it");
  EXPECT_EQ(fs::status(folder / "b.tar.zst").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(run({"admin", "backup", "b.tar.zst"}).code, 2) << "it is there";
  platform.on("GET /v1/backup", {200, "the next"});
  EXPECT_EQ(run({"admin", "backup", "b.tar.zst", "--force"}).code, 0);
  EXPECT_EQ(run({"admin", "backup"}).code, 2);
}

TEST_F(CliAdminTest, ABackupThatIsCutOffLeavesNoFile) {
  platform.on("GET /v1/backup", {200, "half of", canned::stream_breaks});
  platform.on("GET /v1/backup", {403, R"({"code":"forbidden"})"});
  EXPECT_EQ(run({"admin", "backup", "b.tar.zst"}).code, 1);
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_EQ(run({"admin", "backup", "b.tar.zst"}).code, 3);
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(CliAdminTest, RestoreIsTheDaemonsBusiness) {
  const auto program = folder / "backendimd";
  variables["PATH"] = folder.string() + ":/usr/bin:/bin";
  EXPECT_EQ(run({"admin", "restore", "b"}).code, 1) << "there is none";
  write("backendimd",
        "#!/bin/sh\necho \"$@\" >" + (folder / "asked").string() + "\necho restored 7 events\n");
  fs::permissions(program, fs::perms::owner_all);
  write("config.json", "{}");
  const auto ran = run({"admin", "restore", "b.tar.zst", "--replace", "--config", "config.json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(read("asked"), "--restore " + (folder / "b.tar.zst").string() + " --config "
                             + (folder / "config.json").string() + " --replace\n");
  write("backendimd", "#!/bin/sh\necho it is damaged >&2\nexit 1\n");
  const auto failed = run({"admin", "restore", "b.tar.zst"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_NE(failed.err.find("it is damaged"), std::string::npos);
}

TEST_F(CliAdminTest, DoctorShowsWhatTheDaemonFound) {
  const auto program = folder / "backendimd";
  variables["PATH"] = folder.string() + ":/usr/bin:/bin";
  const std::string well = R"({"check":"disk","is":"ok","text":"75 GiB free","next":""})";
  const std::string ill
    = R"({"check":"docker","is":"fail","text":"does not answer","next":"deploy/quickstart"})";
  write("backendimd", "#!/bin/sh\necho '{\"items\":[" + well + "]}'\n");
  fs::permissions(program, fs::perms::owner_all);
  auto ran = run({"doctor"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "ok  disk  75 GiB free\n");
  write("backendimd", "#!/bin/sh\necho \"$@\" >" + (folder / "asked").string()
                        + "\necho '{\"items\":[" + well + "," + ill + "]}'\n");
  ran = run({"doctor", "--config", "x.json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(read("asked"), "--doctor --config " + (folder / "x.json").string() + "\n");
  EXPECT_NE(ran.out.find("try: deploy/quickstart"), std::string::npos) << ran.out;
  ran = run({"doctor", "--json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "{\"items\":[" + well + "," + ill + "]}\n");
  write("backendimd", "#!/bin/sh\necho --doctor is no flag >&2\nexit 2\n");
  EXPECT_EQ(run({"doctor"}).code, 1) << "an old one";
}

TEST_F(CliAdminTest, VerbsOfThreeWordsAreSuggested) {
  EXPECT_EQ(run({"admin"}).code, 2);
  EXPECT_EQ(run({"admin", "journal"}).code, 2);
  auto ran = run({"admin", "journal", "verfy"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("admin journal verify"), std::string::npos) << ran.err;
  ran = run({"admin", "bakcup", "x"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("admin backup"), std::string::npos) << ran.err;
}

const std::string collected
  = R"({"why":"request","dry_run":false,"began":"2026-01-01T00:00:00Z",)"
    R"("ended":"2026-01-01T00:00:05Z","error":"","kinds":[{"what":"images","found":20,)"
    R"("found_bytes":5000000,"removed":3,"freed_bytes":2000000,"error":""},{"what":"registry",)"
    R"("found":9,"found_bytes":0,"removed":0,"freed_bytes":0,"error":"unavailable: away"}]})";
const std::string under_way
  = R"({"why":"request","dry_run":false,"began":"2026-01-01T00:00:00Z","error":"","kinds":[]})";

std::string disk_of(const std::string& more) {
  return R"({"node":"n1","disks":[{"space":{"folder":"/state","free_bytes":3000000000,)"
         R"("total_bytes":9000000000,"free_files":1,"total_files":2},)"
         R"("collect_below_bytes":1800000000,"floor_bytes":1000000000,"floor_in":36000000}],)"
         R"("next":"2026-01-01T06:00:00Z","freed_bytes":7)"
         + more + "}";
}

TEST_F(CliAdminTest, ACollectionShowsWhatItFreedAndWhatItCouldNot) {
  platform.on("POST /v1/disk/collect", {200, collected});
  const auto ran = run({"admin", "collect"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("2.0 MB"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("registry: unavailable: away"), std::string::npos) << ran.out;
  EXPECT_NE(platform.seen("POST /v1/disk/collect").at(0).body.find("false"), std::string::npos);
}

TEST_F(CliAdminTest, ALongCollectionIsWaitedFor) {
  platform.on("POST /v1/disk/collect", {200, under_way});
  platform.on("GET /v1/disk", {200, disk_of(",\"running\":" + under_way)});
  platform.on("GET /v1/disk", {200, disk_of(",\"last\":" + collected)});
  const auto ran = run({"admin", "collect"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("2.0 MB"), std::string::npos) << ran.out;
}

TEST_F(CliAdminTest, ACollectionThatWasCutOffFails) {
  platform.on("POST /v1/disk/collect", {200, under_way});
  platform.on("GET /v1/disk", {200, disk_of("")});
  auto refused = collected;
  refused.replace(refused.find(R"("error":"")"), 10, R"("error":"app/main/shop is silent")");
  platform.on("POST /v1/disk/collect", {200, refused});
  EXPECT_EQ(run({"admin", "collect"}).code, 1);
  const auto ran = run({"admin", "collect", "--dry-run"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.out.find("app/main/shop is silent"), std::string::npos) << ran.out;
}

TEST_F(CliAdminTest, DisksShowWhatIsLeftAndWhereItGoes) {
  platform.on("GET /v1/disk", {200, disk_of(",\"last\":" + collected)});
  platform.on("GET /v1/disk", {200, disk_of("")});
  const auto ran = run({"admin", "disk"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("3.0 GB"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("10 h"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("Last collection (request"), std::string::npos) << ran.out;
  EXPECT_NE(run({"admin", "disk", "--json"}).out.find("floor_in"), std::string::npos);
}

} // namespace
