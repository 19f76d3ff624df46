#include "actors/diagnosis.hpp"
#include "protocol/types.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

task exited(int code) {
  task x;
  x.phase = task_phase::failed;
  x.container = "c1";
  x.exit_code = code;
  return x;
}

await_release wanted() {
  return {"acme-shop-v1", 3000, "/health", 1, {}, {}};
}

TEST(DiagnosisTest, CrashShowsExitCodeAndOutput) {
  auto x = diagnose_exit(exited(1), {{}, {"SyntaxError: Unexpected token"}});
  EXPECT_EQ(x.code, cause::app_crashed);
  EXPECT_EQ(x.evidence, (std::vector<std::string>{"SyntaxError: Unexpected token", "exit code 1"}));
  EXPECT_FALSE(x.next.empty());
}

TEST(DiagnosisTest, NamesTheMissingVariable) {
  const std::pair<const char*, const char*> cases[] = {
    {"KeyError: 'DATABASE_URL'", "DATABASE_URL"},
    {"Error: DATABASE_URL is not set", "DATABASE_URL"},
    {"Missing required environment variable: API_KEY", "API_KEY"},
    {"panic: environment variable \"TOKEN\" not found", "TOKEN"},
    {"fatal: missing STRIPE_KEY", "STRIPE_KEY"},
    {"SECRET_KEY environment variable is required", "SECRET_KEY"},
    {"config: REDIS_URL must be set", "REDIS_URL"},
    {"Please set API_TOKEN before the start", "API_TOKEN"},
    {"missing environment variables: `FIRST_ONE`, SECOND", "FIRST_ONE"},
    {"A KeyError: 'x' KeyError: 'HOME_PAGE'", "HOME_PAGE"},
    {"__9PORT_2 was not defined", "PORT_2"},
  };
  for (const auto& [line, name] : cases) {
    auto x = diagnose_exit(exited(1), {{}, {"starting", line}});
    EXPECT_EQ(x.code, cause::missing_environment) << line;
    EXPECT_NE(x.next.find(name), std::string::npos) << x.next;
  }
}

TEST(DiagnosisTest, NamesNothingThatIsNotComplainedOf) {
  std::string hostile;
  while (hostile.size() < 1'000'000)
    hostile += "no environment variable A KeyError: 'A missing ";
  for (const std::string& line :
       {std::string{}, std::string{"KeyError: 'lower'"}, std::string{"KeyError: 'OPEN"},
        std::string{"API is down"}, std::string{"environment variable is missing"},
        std::string{"missing x"}, std::string{"DB is set aside"}, std::string{"A_B is notset"},
        std::string{"environment variable"}, std::string{"caf\xe9 missing"}, hostile})
    EXPECT_EQ(diagnose_exit(exited(1), {{}, {line}}).code, cause::app_crashed)
      << line.substr(0, 60);
}

TEST(DiagnosisTest, MemoryAndMissingProgramAreToldApart) {
  auto killed = exited(137);
  killed.out_of_memory = true;
  EXPECT_EQ(diagnose_exit(killed, {}).code, cause::app_out_of_memory);
  EXPECT_EQ(diagnose_exit(exited(127), {}).code, cause::missing_binary);
}

TEST(DiagnosisTest, LoopbackAndWrongPortNeedASocketAndSomeTime) {
  const evidence loopback{{{"127.0.0.1", 3000}}, {}};
  EXPECT_FALSE(diagnose_silence(wanted(), loopback, 500ms));
  EXPECT_EQ(diagnose_silence(wanted(), loopback, 3s)->code, cause::listens_on_loopback);
  const evidence other{{{"0.0.0.0", 4000}}, {}};
  auto x = diagnose_silence(wanted(), other, 3s);
  EXPECT_EQ(x->code, cause::wrong_port);
  EXPECT_NE(x->next.find("4000"), std::string::npos);
  EXPECT_FALSE(diagnose_silence(wanted(), {}, 10s)) << "a slow start is not a failure";
  EXPECT_EQ(diagnose_silence(wanted(), {}, 61s)->code, cause::not_listening);
}

TEST(DiagnosisTest, PlacementSpeaksOfImagesAndRoom) {
  task x;
  x.message = "No such image: reg/acme/shop@sha256:1";
  EXPECT_EQ(diagnose_placement(x)->code, cause::image_missing);
  x.message = "no suitable node (insufficient resources on 1 node)";
  EXPECT_EQ(diagnose_placement(x)->code, cause::unschedulable);
  x.message = "";
  EXPECT_FALSE(diagnose_placement(x));
}

} // namespace
