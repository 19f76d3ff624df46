#pragma once

#include "adapters/http/server.hpp"
#include "bin/cli/program.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace backendim::test {

/// An answer of the fake platform.
struct canned {
  enum ending { whole, stream_ends, stream_breaks, stream_stays };
  unsigned status = 200;
  std::string body;
  ending how = whole;
};

struct seen_request {
  std::string what; ///< "GET /v1/apps".
  std::string authorization;
  std::string key; ///< Idempotency-Key.
  std::string last_event_id;
  std::string body;
};

/// A platform that answers what it was told to, in order; the last answer to a request stays.
class fake_platform {
public:
  fake_platform();
  ~fake_platform();

  void on(const std::string& what, canned answer);
  std::vector<seen_request> seen() const;
  std::vector<seen_request> seen(const std::string& what) const;
  /// Waits until the request has come.
  void wait_for(const std::string& what);
  std::string url() const;

private:
  boost::asio::awaitable<void> answer(http::exchange& x);

  boost::asio::io_context io_;
  http::server server_;
  mutable std::mutex lock_;
  std::condition_variable came_;
  std::map<std::string, std::deque<canned>> answers_;
  std::vector<seen_request> seen_;
  std::thread thread_;
};

struct cli_outcome {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs the command line with a home of its own against a fake platform.
class CliTest : public ::testing::Test {
protected:
  CliTest();

  cli_outcome run(const std::vector<std::string>& words);
  /// As if auth login had been there.
  void log_in();
  /// A file of the current folder.
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

  temp_folder home;
  std::filesystem::path folder = home.path() / "shop"; ///< The current one.
  std::map<std::string, std::string> variables;
  std::vector<std::string> answers; ///< Of the person at the terminal; none: there is no terminal.
  std::vector<std::string> questions;
  std::optional<std::string> input; ///< On stdin, when there is no terminal.
  bool terminal = false;
  int quits = 0;
  cli::interrupts signals{[this] { ++quits; }};
  cli::patience wait{std::chrono::milliseconds{1'000}, std::chrono::milliseconds{2}};
  fake_platform platform;
};

/// One event of a stream.
std::string sse(const std::string& id, const std::string& event, const std::string& data);

} // namespace backendim::test
