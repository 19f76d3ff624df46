#pragma once

#include "tests/support/engine_contract.hpp"

#include <chrono>
#include <future>
#include <map>
#include <string>
#include <thread>

namespace backendim::test {

// What every engine must do with commands beside a container's own process.

/// Runs *what* in the running task of the test, with *input* on its stdin.
struct exec_outcome {
  caf::expected<int> code{caf::make_error(ec::internal, "it did not run")};
  std::map<output_stream, std::string> output;
};

inline exec_outcome run_to_end(const std::shared_ptr<exec_session>& session,
                               const std::string& input = "") {
  exec_outcome result;
  if (!input.empty())
    session->write(input, [] {});
  session->end_input();
  result.code = session->run(
    [&](output_stream from, std::string_view bytes) { result.output[from] += bytes; }, {});
  return result;
}

TEST_P(EngineContract, ACommandInATaskHasInputOutputAndAnExitCode) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  const auto container = running().at(0).container_id;
  const auto echo = engine->exec({container, world->command("cat"), false, {}});
  ASSERT_TRUE(echo) << render(error_of(echo));
  const std::string bytes = std::string("a\0b\n", 4) + std::string(300'000, 'x');
  const auto same = run_to_end(*echo, bytes);
  ASSERT_TRUE(same.code) << render(same.code.error());
  EXPECT_EQ(*same.code, 0);
  EXPECT_TRUE(same.output.at(output_stream::out) == bytes) << "byte by byte";
  const auto failing = engine->exec({container, world->command("fail"), false, {}});
  ASSERT_TRUE(failing);
  const auto failed = run_to_end(*failing);
  ASSERT_TRUE(failed.code) << render(failed.code.error());
  EXPECT_EQ(*failed.code, 3);
  EXPECT_EQ(failed.output.at(output_stream::out), "good\n");
  EXPECT_EQ(failed.output.at(output_stream::err), "bad\n");
}

/// Swarm would take some of these for templates.
TEST_P(EngineContract, TheEnvironmentIsWhatWasAskedForByteForByte) {
  auto spec = spec_of(app_conduct::serve);
  spec.env = {{"V0", "{{.Service.Name}}"},
              {"V1", "{{ greeting }} {{{{- \"a\" -}}}} {{/* c */}} }}{{"},
              {"V2", "{{{ }}} { {"},
              {"V3", "two\nlines, a=b, quote\"'`$HOME\\ \u00e4\u20ac\U0001F600"},
              {"V4", ""},
              {"V5", " x {"}};
  ASSERT_TRUE(engine->ensure_network(tenant));
  const auto made = engine->ensure_service(spec);
  ASSERT_TRUE(made) << render(made.error());
  ASSERT_TRUE(wait_for_running(1)) << what_there_is();
  const auto shown = engine->exec({running().at(0).container_id, world->command("env"), false, {}});
  ASSERT_TRUE(shown) << render(error_of(shown));
  const auto ended = run_to_end(*shown);
  ASSERT_TRUE(ended.code) << render(ended.code.error());
  std::string expected;
  for (const auto& [key, value] : spec.env)
    expected += value + '\0';
  EXPECT_EQ(ended.output.at(output_stream::out), expected);
}

TEST_P(EngineContract, ACommandInATaskHasATerminalOfTheSizeAskedFor) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  const auto made
    = engine->exec({running().at(0).container_id, world->command("size"), true, {33, 111}});
  ASSERT_TRUE(made) << render(error_of(made));
  const auto ended = run_to_end(*made);
  ASSERT_TRUE(ended.code) << render(ended.code.error());
  EXPECT_NE(ended.output.at(output_stream::out).find("33 111\r\n"), std::string::npos)
    << ended.output.at(output_stream::out);
}

/// Whose client is gone must not live on; nor must what it started.
TEST_P(EngineContract, ACommandThatIsStoppedIsGone) {
  start(app_conduct::serve);
  ASSERT_TRUE(wait_for_running(1));
  const auto container = running().at(0).container_id;
  for (const bool terminal : {false, true}) {
    const auto made = engine->exec({container, world->command("sleep"), terminal, {}});
    ASSERT_TRUE(made) << render(error_of(made));
    std::stop_source stop;
    auto ended = std::async(std::launch::async, [&] {
      return (*made)->run([](output_stream, std::string_view) {}, stop.get_token());
    });
    EXPECT_TRUE(events->wait([&] { return world->sleepers(container) > 0; }));
    stop.request_stop();
    EXPECT_EQ(error_of(ended.get()), ec::unavailable);
    EXPECT_EQ(world->sleepers(container), 0);
    bool taken = false;
    (*made)->write("late", [&] { taken = true; });
    EXPECT_TRUE(taken) << "nobody waits for what nobody will read";
  }
  EXPECT_EQ(running().size(), 1u) << "the app lives on";
}

TEST_P(EngineContract, ACommandNeedsAContainerThatRunsHere) {
  EXPECT_EQ(error_of(engine->exec({"nobody", world->command("fail"), false, {}})), ec::not_found);
}

} // namespace backendim::test
