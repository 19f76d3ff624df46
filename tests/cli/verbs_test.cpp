#include "protocol/types.hpp"
#include "tests/cli/fake_platform.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <fstream>

using namespace backendim;
using test::canned;
using test::CliTest;
namespace json = boost::json;

namespace {

const std::string session
  = R"({"token":"jwt","expires":"2030-01-01T00:00:00Z","user":"anna","tenant":"acme",)"
    R"("may":"deploy"})";
const std::string shop
  = R"({"tenant":"acme","app":"shop","url":"http://shop-acme.localhost:8080","live":{"number":3,)"
    R"("image":"r/shop@sha256:1","deployment":"01JABCDEFGHJKMNPQRSTVWXYZ0","config":{},)"
    R"("port":3000,)"
    R"("who":"anna","at":"2026-01-01T00:00:00Z","secrets":[]},"latest":"01JABCDEFGHJKMNPQRSTVWXYZ0",)"
    R"("created":"2026-01-01T00:00:00Z"})";

class CliVerbsTest : public CliTest {};

TEST_F(CliVerbsTest, LoginKeepsTheSessionAndTheOthersUseIt) {
  platform.on("POST /v1/auth/login", {200, session});
  platform.on("GET /v1/whoami",
              {200, R"({"user":"anna","tenant":"acme","may":"deploy","role":"developer"})"});
  const auto in = run({"auth", "login", "--token", " bim_secret\n"});
  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(in.out, "");
  EXPECT_EQ((in.out + in.err).find("secret"), std::string::npos);
  EXPECT_EQ(platform.seen()[0].body, R"({"token":"bim_secret"})");
  variables.erase("BACKEND_IM_URL"); // the one logged in to
  const auto who = run({"auth", "status"});
  EXPECT_EQ(who.code, 0) << who.err;
  EXPECT_EQ(who.out, "anna, developer of acme, may deploy at " + platform.url() + "\n");
  EXPECT_EQ(platform.seen()[1].authorization, "Bearer jwt");
  EXPECT_EQ(run({"auth", "logout"}).code, 0);
  EXPECT_EQ(run({"auth", "status"}).code, 3);
}

TEST_F(CliVerbsTest, LoginTakesTheTokenFromAFileTheEnvironmentOrThePerson) {
  platform.on("POST /v1/auth/login", {200, session});
  EXPECT_EQ(run({"auth", "login"}).code, 2); // nobody to ask
  write("token", "bim_file\n");
  EXPECT_EQ(run({"auth", "login", "--token-file", "token"}).code, 0);
  terminal = true;
  answers = {"bim_typed"};
  EXPECT_EQ(run({"auth", "login"}).code, 0);
  variables["BACKEND_IM_TOKEN"] = "bim_variable";
  EXPECT_EQ(run({"auth", "login"}).code, 0);
  const auto seen = platform.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].body, R"({"token":"bim_file"})");
  EXPECT_EQ(seen[1].body, R"({"token":"bim_typed"})");
  EXPECT_EQ(seen[2].body, R"({"token":"bim_variable"})");
}

TEST_F(CliVerbsTest, ALoginReplacesADamagedFile) {
  log_in();
  std::ofstream{home.path() / "config/backend-im/credentials.json"} << "{";
  EXPECT_EQ(run({"apps"}).code, 1);
  platform.on("POST /v1/auth/login", {200, session});
  platform.on("GET /v1/apps", {200, R"({"items":[]})"});
  EXPECT_EQ(run({"auth", "login", "--token", "bim_x"}).code, 0);
  EXPECT_EQ(run({"apps"}).code, 0);
}

TEST_F(CliVerbsTest, ARefusedLoginKeepsNothing) {
  platform.on("POST /v1/auth/login",
              {401, R"({"code":"unauthenticated","detail":"no such token","request_id":"r-9"})"});
  const auto in = run({"auth", "login", "--token", "bim_wrong"});
  EXPECT_EQ(in.code, 3);
  EXPECT_NE(in.err.find("error: no such token"), std::string::npos);
  EXPECT_NE(in.err.find("request r-9"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(home.path() / "config/backend-im/credentials.json"));
}

TEST_F(CliVerbsTest, ATokenGoesToItsOwnPlatformOnly) {
  log_in();
  platform.on("GET /v1/apps", {200, R"({"items":[],"next_cursor":null})"});
  test::fake_platform other;
  EXPECT_EQ(run({"apps", "--url", other.url()}).code, 3);
  EXPECT_TRUE(other.seen().empty());
  EXPECT_EQ(run({"apps", "--url", platform.url() + "/"}).code, 0);
}

TEST_F(CliVerbsTest, ListsTheApps) {
  log_in();
  platform.on("GET /v1/apps", {200, R"({"items":[)" + shop + R"(],"next_cursor":null})"});
  const auto text = run({"apps"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, "APP   RELEASE  STATE  URL\n"
                      "shop  v3       live   http://shop-acme.localhost:8080\n");
  const auto document = json::parse(run({"apps", "--json"}).out);
  EXPECT_EQ(document.at("items").at(0).at("app"), "shop");
}

TEST_F(CliVerbsTest, StatusIsOfTheFoldersAppByDefault) {
  log_in();
  platform.on("GET /status/shop", {200, shop});
  platform.on("GET /status/store", {200, shop});
  EXPECT_NE(run({"status"}).out.find("release  v3 by anna"), std::string::npos);
  write("backend-im.yml", "name: store\n");
  EXPECT_EQ(run({"status"}).code, 0);
  EXPECT_EQ(platform.seen("GET /status/store").size(), 1u);
  EXPECT_EQ(run({"status", "ghost"}).code, 4);
}

TEST_F(CliVerbsTest, StatusOfADeploymentShowsItsStepsAndWhyItFailed) {
  log_in();
  platform.on(
    "GET /status/01JABCDEFGHJKMNPQRSTVWXYZ0",
    {200, R"({"id":"01JABCDEFGHJKMNPQRSTVWXYZ0","app":"shop","state":"failed","steps":[)"
          R"({"step":"fetching","began":"2026-01-01T00:00:00Z","ended":"2026-01-01T00:00:01.5Z"}],)"
          R"("error":{"code":"build_failed","message":"npm\u001b[2J failed",)"
          R"("evidence":["e"],"next":"n"}})"});
  const auto text = run({"status", "01JABCDEFGHJKMNPQRSTVWXYZ0"}).out;
  EXPECT_NE(text.find("fetching                    1.5s"), std::string::npos) << text;
  EXPECT_NE(text.find("error: npm failed\n  | e\n  next: n\n"), std::string::npos) << text;
}

TEST_F(CliVerbsTest, StatusShowsWhatADeploymentWaitsForAndWhatTookItsPlace) {
  log_in();
  const std::string waiting = R"({"id":"d1","app":"shop","state":"building","steps":[)"
                              R"({"step":"building","began":"2026-01-01T00:00:00Z"}],)"
                              R"("waiting":{"position":2,"estimated_wait":180000,"why":"slots",)"
                              R"("detail":""}})";
  platform.on("GET /status/d1", {200, waiting});
  EXPECT_NE(run({"status", "d1"}).out.find("waiting for a build slot, 2nd, about 3 min"),
            std::string::npos);
  platform.on("GET /v1/deployments/d1", {200, waiting});
  platform.on("GET /status/shop", {200, R"({"app":"shop","url":"u","deploying":"d1"})"});
  EXPECT_NE(run({"status", "shop"}).out.find("d1  building, waiting for a build slot, 2nd"),
            std::string::npos);
  platform.on("GET /status/d2",
              {200, R"({"id":"d2","app":"shop","state":"superseded","superseded_by":"d3",)"
                    R"("steps":[]})"});
  EXPECT_NE(run({"status", "d2"}).out.find("d3"), std::string::npos);
}

TEST_F(CliVerbsTest, StatusShowsHowACanaryDoes) {
  log_in();
  const std::string canary
    = R"({"id":"d1","app":"shop","state":"verifying","steps":[],"canary":{"weight":"10%",)"
      R"("stable_release":1,"observed":23000,"canary":{"requests":120,"failed":3},)"
      R"("stable":{"requests":1080,"failed":0}}})";
  platform.on("GET /status/d1", {200, canary});
  EXPECT_NE(run({"status", "d1"})
              .out.find("canary  10% for 23.0s: 3 of 120 requests failed, of the others 0 of 1080"),
            std::string::npos)
    << run({"status", "d1"}).out;
  platform.on("GET /v1/deployments/d1", {200, canary});
  platform.on("GET /status/shop", {200, R"({"app":"shop","url":"u","deploying":"d1"})"});
  EXPECT_NE(run({"status", "shop"}).out.find("d1  verifying, a canary with 10% for 23.0s"),
            std::string::npos);
}

TEST_F(CliVerbsTest, AdminQueueShowsWhoRunsAndWhoseTurnIsNext) {
  log_in();
  platform.on("GET /v1/build-queue",
              {200, R"({"slots":2,"light_slots":4,"waiting":1,"waiting_limit":500,)"
                    R"("tenant_limit":50,"usual_build":34000,"held":"The disk is full.","jobs":[)"
                    R"({"id":"d1","tenant":"acme","step":"building","running":true,)"
                    R"("since":"2026-01-01T00:00:00Z"},)"
                    R"({"id":"d2","tenant":"other","step":"building","running":false,)"
                    R"("since":"2026-01-01T00:00:00Z","waits":{"position":1,)"
                    R"("estimated_wait":20000,"why":"slots","detail":""}}]})"});
  const auto text = run({"admin", "queue"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const std::string part : {"1 of 2 build slots", "about 34s", "The disk is full.", "runs  d1",
                                 "1     d2", "about 20s"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << "\n" << text.out;
}

TEST_F(CliVerbsTest, AdminIncidentsSaysWhatToDo) {
  log_in();
  platform.on("GET /v1/incidents",
              {200, R"({"items":[{"what":"stream_damaged","path":"app/acme/shop",)"
                    R"("since":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:09Z",)"
                    R"("count":3,"reason":"a record is lost","next":"Restore the journal."},)"
                    R"({"what":"disk_low","path":"build_queue","since":"2026-01-01T00:00:00Z",)"
                    R"("last_seen":"2026-01-01T00:00:00Z","count":1,"reason":"full","next":"",)"
                    R"("resolved":"2026-01-01T00:01:00Z"}]})"});
  platform.on("GET /v1/incidents", {200, R"({"items":[]})"});
  const auto text = run({"admin", "incidents"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const std::string part : {"stream_damaged  app/acme/shop", "3 times", "a record is lost",
                                 "next: Restore", "resolved 2026-01-01T00:01:00Z"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << "\n" << text.out;
  EXPECT_EQ(run({"admin", "incidents"}).out, "");
}

TEST_F(CliVerbsTest, ProblemsAreShownAndPrinted) {
  log_in();
  platform.on("GET /status/shop",
              {400, R"({"type":"urn:x","detail":"at /a: expected b","code":"invalid_request",)"
                    R"("pointer":"/a","suggestion":"b","request_id":"r-1"})"});
  const auto text = run({"status"});
  EXPECT_EQ(text.code, 1);
  EXPECT_EQ(text.out, "");
  EXPECT_EQ(text.err, "error: at /a: expected b\n  did you mean \"b\"?\n"
                      "  code invalid_request, pointer /a, request r-1\n");
  const auto machine = run({"status", "--json"});
  EXPECT_EQ(machine.err, "");
  const auto line = json::parse(machine.out);
  EXPECT_EQ(line.at("type"), "error");
  EXPECT_EQ(line.at("problem"), "urn:x");
  EXPECT_EQ(line.at("suggestion"), "b");
}

TEST_F(CliVerbsTest, AnUnreachablePlatformIsFive) {
  variables["BACKEND_IM_TOKEN"] = "bim_x";
  variables["BACKEND_IM_URL"] = "http://127.0.0.1:1";
  const auto text = run({"apps"});
  EXPECT_EQ(text.code, 5);
  EXPECT_NE(text.err.find("Is backendimd running there?"), std::string::npos);
  EXPECT_EQ(run({"apps", "--url", "ftp://nowhere"}).code, 2);
  platform.on("GET /v1/apps", {503, R"({"detail":"starting","code":"unavailable"})"});
  EXPECT_EQ(run({"apps", "--url", platform.url()}).code, 5);
}

TEST_F(CliVerbsTest, SomethingElseAtTheAddressIsSaidSo) {
  variables["BACKEND_IM_TOKEN"] = "bim_x";
  platform.on("GET /v1/apps", {200, "<html>"});
  EXPECT_EQ(run({"apps"}).code, 1);
  platform.on("GET /v1/whoami", {418, "<html>"});
  EXPECT_NE(run({"auth", "status"}).err.find("HTTP status 418"), std::string::npos);
}

TEST_F(CliVerbsTest, DestroyNeedsTheName) {
  log_in();
  platform.on("DELETE /v1/apps/shop", {200, R"({"tenant":"acme","app":"shop"})"});
  EXPECT_EQ(run({"destroy", "shop"}).code, 2);
  EXPECT_EQ(run({"destroy", "shop", "--confirm", "store"}).code, 2);
  terminal = true;
  answers = {"no"};
  EXPECT_EQ(run({"destroy", "shop"}).code, 2);
  EXPECT_TRUE(platform.seen().empty());
  answers = {"shop"};
  EXPECT_EQ(run({"destroy", "shop"}).code, 0);
  EXPECT_EQ(run({"destroy", "--confirm", "shop"}).code, 0);
  const auto seen = platform.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_FALSE(seen[0].key.empty());
  EXPECT_NE(seen[0].key, seen[1].key);
}

TEST_F(CliVerbsTest, CancelsADeployment) {
  log_in();
  platform.on("POST /v1/deployments/d1/cancel", {200, R"({"id":"d1","state":"cancelled"})"});
  EXPECT_EQ(run({"deployments", "cancel", "d1"}).err, "Deployment d1 is cancelled.\n");
}

TEST_F(CliVerbsTest, ListsActorsPageByPageAndTalksToThem) {
  log_in();
  platform.on(
    "GET /v1/actors?limit=1000&prefix=app%2F&after=",
    {200,
     R"({"items":[{"path":"app/acme/a","kind":"app","parent":""}],"next_cursor":"app/acme/a"})"});
  platform.on(
    "GET /v1/actors?limit=1000&prefix=app%2F&after=app%2Facme%2Fa",
    {200, R"({"items":[{"path":"app/acme/b","kind":"app","parent":""}],"next_cursor":null})"});
  platform.on("GET /v1/actors/app/acme/a",
              {200, R"({"path":"app/acme/a","kind":"app","parent":"","state":{"x":[1]},)"
                    R"("messages":[{"type":"get_app","needs":"read","summary":"Asks."}]})"});
  platform.on("POST /v1/actors/app/acme/a/messages", {200, R"({"app":"a"})"});
  EXPECT_EQ(run({"actors", "--prefix", "app/"}).out,
            "PATH        KIND  PARENT\napp/acme/a  app\napp/acme/b  app\n");
  EXPECT_EQ(run({"actors", "app/acme/a"}).out, "app/acme/a  app\n"
                                               "{\n  \"x\": [\n    1\n  ]\n}\n"
                                               "\n"
                                               "MESSAGE  NEEDS\nget_app  read   Asks.\n");
  EXPECT_EQ(run({"actors", "send", "app/acme/a", "get_app", R"({"y":2})", "--json"}).out,
            "{\"app\":\"a\"}\n");
  EXPECT_EQ(platform.seen("POST /v1/actors/app/acme/a/messages")[0].body,
            R"({"type":"get_app","message":{"y":2}})");
  EXPECT_EQ(run({"actors", "send", "app/acme/a", "get_app", "{"}).code, 2);
}

} // namespace
