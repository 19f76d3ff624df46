#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

using namespace backendim;

namespace {

/// Changes a word in what is kept of an app.
void change_events(const std::string& app, const std::string& from, const std::string& to) {
  const auto where = " WHERE stream = 'app/main/" + app + "'";
  const auto ran
    = e2e::run({"sqlite3", e2e::daemon_process::instance().state() / "journal.db",
                "DELETE FROM snapshots" + where + "; UPDATE events SET body = replace(body, '"
                  + from + "', '" + to + "')" + where});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
}

boost::json::object incident_of(const std::string& path) {
  const auto all = boost::json::parse(e2e::api("/v1/incidents").body);
  for (const auto& x : all.at("items").as_array())
    if (x.at("path").as_string() == std::string_view{path})
      return x.as_object();
  return {};
}

TEST(SupervisionTest, DamagedStreamIsAnIncidentAndEveryoneElseIsServed) {
  auto& daemon = e2e::daemon_process::instance();
  for (const auto* app : {"whole", "torn"})
    ASSERT_EQ(e2e::cli({"deploy", "--app", app}, e2e::samples() / "express").exit_code, 0);
  daemon.stop();
  change_events("torn", "torn-main", "worn-main");
  daemon.start();
  const std::string torn = "app/main/torn";
  ASSERT_TRUE(test::eventually([&] { return !incident_of(torn).empty(); }))
    << e2e::api("/v1/incidents").body;
  EXPECT_EQ(incident_of(torn).at("what"), "stream_damaged");
  EXPECT_FALSE(incident_of(torn).at("next").as_string().empty());
  const auto shown = e2e::cli({"admin", "incidents"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find(torn), std::string::npos) << shown.out;
  const auto metrics = e2e::api("/metrics").body;
  EXPECT_NE(metrics.find("\nbackendim_incidents_open "), std::string::npos);
  EXPECT_EQ(metrics.find("\nbackendim_incidents_open 0"), std::string::npos);
  ASSERT_TRUE(test::eventually(
    [] { return e2e::get(e2e::url_of("whole") + "/").body == "Hello from express"; }));
  EXPECT_EQ(e2e::cli({"deploy", "--app", "whole"}, e2e::samples() / "express").exit_code, 0);
  EXPECT_GE(e2e::api("/v1/apps/torn").status, 500);

  daemon.stop();
  change_events("torn", "worn-main", "torn-main");
  daemon.start();
  EXPECT_FALSE(incident_of(torn).contains("resolved")) << "known from before, and not yet over";
  ASSERT_TRUE(test::eventually([&] { return incident_of(torn).contains("resolved"); },
                               std::chrono::minutes{5})) // it is tried again with growing pauses
    << e2e::api("/v1/incidents").body;
  EXPECT_EQ(e2e::api("/v1/apps/torn").status, 200);
}

} // namespace
