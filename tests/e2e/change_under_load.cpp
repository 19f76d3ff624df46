#include "tests/e2e/change_under_load.hpp"

#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/steady_load.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace backendim::e2e {

namespace {

bool thorough() {
  const auto* value = std::getenv("BACKENDIM_LOAD");
  return value && std::string{value} == "long";
}

void scale_to(const std::string& app, size_t tasks) {
  ASSERT_EQ(cli({"scale", std::to_string(tasks), "--app", app}).exit_code, 0);
  ASSERT_TRUE(test::eventually([&] {
    const auto all = boost::json::parse(api("/v1/apps/" + app + "/tasks").body);
    return all.at("ready").as_array().size() == tasks;
  }));
}

} // namespace

void change_under_load(const std::string& app, uint16_t port) {
  const int deploys = thorough() ? 10 : 2, rollbacks = thorough() ? 5 : 1;
  const int scales = thorough() ? 5 : 2;
  const auto source = copy_of("express", app);
  const std::string greeting = "Hello from express";
  std::ifstream in{source / "index.js"};
  const std::string original{std::istreambuf_iterator<char>{in}, {}};
  ASSERT_NE(original.find(greeting), original.npos);
  const auto host = app + "-main.localhost";
  const auto answer = [&] { return get("http://" + host + ":" + std::to_string(port) + "/").body; };
  int version = 0;
  const auto deploy = [&] {
    const auto text = "version " + std::to_string(++version);
    auto program = original;
    program.replace(program.find(greeting), greeting.size(), text);
    std::ofstream{source / "index.js"} << program;
    const auto done = cli({"deploy", "--app", app}, source);
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(answer(), text) << "success, and the release before it answers";
  };
  deploy();
  steady_load load{host, port, thorough() ? 400u : 200u, 200'000};
  for (int i = 0; i < deploys; ++i)
    deploy();
  for (int i = 0; i < rollbacks; ++i) {
    const auto before = answer();
    EXPECT_EQ(cli({"rollback", "--app", app}).exit_code, 0);
    EXPECT_NE(answer(), before);
  }
  for (int i = 0; i < scales; ++i)
    scale_to(app, i % 2 == 0 ? 3 : 1);
  daemon_process::instance().restart_in_place();
  deploy();
  EXPECT_EQ(leftovers(), "") << "the last one before has drained";
  const auto enough = thorough() ? 10'000u : 500u;
  EXPECT_TRUE(test::eventually([&] { return load.good() >= enough || load.bad() > 0; }));
  load.stop();
  EXPECT_EQ(load.bad(), 0u) << load.first_failures();
  std::cout << load.good() << " requests answered, " << load.bad() << " failed, "
            << load.asked_again() << " asked again on a new connection, slowest "
            << load.slowest().count() << " ms\n";
  EXPECT_EQ(cli({"destroy", app, "--confirm", app}).exit_code, 0);
}

} // namespace backendim::e2e
