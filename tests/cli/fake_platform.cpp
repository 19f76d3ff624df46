#include "tests/cli/fake_platform.hpp"

#include "bin/cli/credentials.hpp"
#include "protocol/error.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio.hpp>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace backendim::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

http::server_config settings() {
  http::server_config result;
  result.refuse = [](const caf::error& why, const std::string&) {
    http::response answer;
    answer.status = 500;
    answer.body = render(why);
    return answer;
  };
  return result;
}

} // namespace

fake_platform::fake_platform()
  : server_{io_, settings(), [this](http::exchange& x) { return answer(x); }} {
  if (!server_.listen())
    throw std::runtime_error{"the fake platform cannot listen"};
  thread_ = std::thread{[this] { io_.run(); }};
}

fake_platform::~fake_platform() {
  asio::post(io_, [this] {
    asio::co_spawn(
      io_, [](http::server& x) -> asio::awaitable<void> { co_await x.stop(0ms); }(server_),
      [this](std::exception_ptr) { io_.stop(); });
  });
  thread_.join();
}

void fake_platform::on(const std::string& what, canned answer) {
  const std::lock_guard guard{lock_};
  answers_[what].push_back(std::move(answer));
}

std::vector<seen_request> fake_platform::seen() const {
  const std::lock_guard guard{lock_};
  return seen_;
}

std::vector<seen_request> fake_platform::seen(const std::string& what) const {
  auto result = seen();
  std::erase_if(result, [&](const seen_request& x) { return x.what != what; });
  return result;
}

void fake_platform::wait_for(const std::string& what) {
  std::unique_lock guard{lock_};
  came_.wait_for(guard, patience, [&] {
    return std::ranges::any_of(seen_, [&](const seen_request& x) { return x.what == what; });
  });
}

std::string fake_platform::url() const {
  return "http://127.0.0.1:" + std::to_string(server_.port());
}

asio::awaitable<void> fake_platform::answer(http::exchange& x) {
  auto body = co_await x.read_body(16 << 20);
  seen_request request;
  request.what.append(x.method()).append(" ").append(x.target());
  request.authorization = x.field("Authorization");
  request.key = x.field("Idempotency-Key");
  request.last_event_id = x.field("Last-Event-ID");
  request.body = body ? *body : "";
  canned what{404, R"({"code":"not_found","detail":"the fake platform has no such route"})"};
  {
    const std::lock_guard guard{lock_};
    if (const auto known = answers_.find(request.what); known != answers_.end()) {
      what = known->second.front();
      if (known->second.size() > 1)
        known->second.pop_front();
    }
    seen_.push_back(std::move(request));
    came_.notify_all();
  }
  http::response head;
  head.status = what.status;
  if (what.how == canned::whole) {
    head.body = what.body;
    co_await x.respond(std::move(head));
    co_return;
  }
  const bool begun = co_await x.begin_stream(std::move(head));
  if (!begun)
    co_return;
  const bool written = co_await x.write(what.body);
  if (!written)
    co_return;
  if (what.how == canned::stream_ends) {
    co_await x.end_stream();
    co_return;
  }
  asio::steady_timer pause{io_};
  while (what.how == canned::stream_stays) {
    pause.expires_after(5ms);
    co_await pause.async_wait(asio::use_awaitable);
    const bool heard = co_await x.write(": still here\n\n");
    if (!heard)
      co_return;
  }
}

CliTest::CliTest() {
  std::filesystem::create_directory(folder);
  variables["XDG_CONFIG_HOME"] = (home.path() / "config").string();
  variables["BACKEND_IM_URL"] = platform.url();
}

cli_outcome CliTest::run(const std::vector<std::string>& words) {
  std::ostringstream out, err;
  cli::surroundings around{out, err, signals, false, false, {}, {}, folder, wait, {}};
  around.variable = [this](const std::string& name) { return variables[name]; };
  if (terminal)
    around.ask = [this](const std::string& question, bool) -> std::optional<std::string> {
      questions.push_back(question);
      if (answers.empty())
        return std::nullopt;
      auto next = answers.front();
      answers.erase(answers.begin());
      return next;
    };
  if (input)
    around.input = [this] { return *input; };
  cli_outcome result;
  result.code = cli::run_program(words, around);
  result.out = out.str();
  result.err = err.str();
  return result;
}

void CliTest::log_in() {
  const cli::credentials_file file{home.path() / "config/backend-im/credentials.json"};
  ASSERT_TRUE(file.store({platform.url(), "jwt", "anna", "acme", "2030-01-01T00:00:00Z"}));
}

void CliTest::write(const std::string& name, const std::string& text) const {
  std::ofstream{folder / name, std::ios::binary} << text;
}

std::string CliTest::read(const std::string& name) const {
  std::ifstream in{folder / name, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string sse(const std::string& id, const std::string& event, const std::string& data) {
  return (id.empty() ? "" : "id: " + id + "\n") + "event: " + event + "\ndata: " + data + "\n\n";
}

} // namespace backendim::test
