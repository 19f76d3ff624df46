#include "bin/cli/platform.hpp"

#include "bin/cli/problem.hpp"
#include "bin/cli/random_key.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <random>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// The platform sends something every 30 s at least.
constexpr auto stream_silence = 60s;
constexpr auto answer_silence = 60s;
constexpr auto longest_pause = 5'000ms;
constexpr size_t shown_of_strange_answer = 200;

http::client_config settings(const std::string& url) {
  http::client_config result;
  result.url = url;
  result.idle_timeout = answer_silence;
  return result;
}

} // namespace

bool pause_for(std::chrono::milliseconds x, const std::stop_token& stop) {
  std::mutex lock;
  std::condition_variable_any never;
  std::unique_lock guard{lock};
  never.wait_for(guard, stop, x, [] { return false; });
  return !stop.stop_requested();
}

platform::platform(std::string url, std::string token, patience wait)
  : url_{std::move(url)}, token_{std::move(token)}, wait_{wait}, client_{settings(url_)} {}

caf::expected<json::value> platform::call(http::request what, std::stop_token stop) {
  sign(what);
  auto answer = client_.send(what, std::move(stop));
  if (!answer)
    return unreachable(answer.error());
  if (answer->status < 200 || answer->status > 299)
    return refusal(*answer);
  json::error_code failed;
  auto value = json::parse(answer->body, failed);
  if (failed)
    return local_problem("strange_answer", url_ + " does not answer like Backend.im",
                         "Check the address: --url or BACKEND_IM_URL.");
  return value;
}

caf::expected<json::value> platform::get(const std::string& target) {
  http::request what;
  what.target = target;
  return call(std::move(what));
}

caf::expected<json::value> platform::post(const std::string& target, const json::value& body,
                                          const std::string& idempotency_key) {
  http::request what;
  what.method = "POST";
  what.target = target;
  what.headers = {{"Content-Type", "application/json"}};
  if (!idempotency_key.empty())
    what.headers.push_back({"Idempotency-Key", idempotency_key});
  what.body = json::serialize(body);
  return call(std::move(what));
}

caf::expected<json::value> platform::command(const std::string& method, const std::string& target,
                                             const json::value& body) {
  http::request what;
  what.method = method;
  what.target = target;
  what.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", random_key()}};
  what.body = json::serialize(body);
  return patiently([&] { return call(what); });
}

caf::expected<json::value> platform::upload(const fs::path& file,
                                            const std::function<void(uint64_t)>& on_sent) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  std::ifstream in{file, std::ios::binary};
  if (failed || !in)
    return local_problem("unreadable", "cannot read " + file.string());
  http::request what;
  what.method = "POST";
  what.target = "/v1/blobs";
  what.headers = {{"Content-Type", "application/octet-stream"}};
  what.length = size;
  uint64_t sent = 0;
  what.producer = [&](std::span<char> into) -> caf::expected<size_t> {
    in.read(into.data(), static_cast<std::streamsize>(into.size()));
    const auto n = static_cast<size_t>(in.gcount());
    on_sent(sent += n);
    return n;
  };
  return call(std::move(what));
}

caf::expected<caf::unit_t> platform::fetch(http::request what,
                                           const std::function<bool(std::string_view)>& on_bytes) {
  sign(what);
  what.idle_timeout = stream_silence;
  bool enough = false;
  const auto answer = client_.stream(what, [&](std::string_view bytes) {
    enough = !on_bytes(bytes);
    return !enough;
  });
  if (!answer)
    return unreachable(answer.error());
  if (answer->status < 200 || answer->status > 299)
    return refusal(*answer);
  if (!answer->complete && !enough)
    return unreachable(caf::make_error(ec::unavailable, url_ + " cut its answer off"));
  return caf::unit;
}

caf::expected<std::shared_ptr<http::web_socket_client>>
platform::open_socket(boost::asio::io_context& io, const std::string& target) const {
  http::request what;
  sign(what);
  http::response refused;
  auto link = http::web_socket_client::connect(io, settings(url_), target, what.headers, refused);
  if (!link && refused.status != 0)
    return refusal(refused);
  if (!link)
    return unreachable(link.error());
  return link;
}

caf::expected<stream_end> platform::follow(subscription x) {
  auto heard = clock::now();
  auto next_pause = wait_.first_pause;
  bool enough = false;
  for (;;) {
    http::request what;
    what.target = x.target;
    what.headers = {{"Accept", "text/event-stream"}};
    if (!x.last_id.empty())
      what.headers.push_back({"Last-Event-ID", x.last_id});
    what.idle_timeout = stream_silence;
    if (x.until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*x.until - clock::now());
      if (left <= 0ms)
        return stream_end::late;
      what.total_timeout = left;
    }
    sign(what);
    http::sse_parser parser;
    const auto answer = client_.stream(
      what,
      [&](std::string_view bytes) {
        if (!bytes.empty()) {
          heard = clock::now();
          next_pause = wait_.first_pause;
        }
        return parser.feed(bytes, [&](http::sse_event& event) {
          if (!event.id.empty())
            x.last_id = event.id;
          enough = !x.on_event(event);
          return !enough;
        });
      },
      x.stop);
    if (enough)
      return stream_end::enough;
    if (x.stop.stop_requested())
      return stream_end::stopped;
    if (x.until && clock::now() >= *x.until)
      return stream_end::late;
    caf::error why = answer ? caf::error{} : unreachable(answer.error());
    if (answer && (answer->status < 200 || answer->status > 299))
      why = refusal(*answer);
    else if (answer) // it ended although there was more to say: the platform stops
      why = unreachable(caf::make_error(ec::unavailable, url_ + " ended the stream too early"));
    if (!worth_another(why) || clock::now() - heard + next_pause > wait_.limit)
      return why;
    if (!pause_for(next_pause, x.stop))
      return stream_end::stopped;
    next_pause = longer(next_pause);
    if (!x.target_again.empty())
      x.target = x.target_again;
    if (x.on_reconnect)
      x.on_reconnect();
  }
}

bool platform::worth_another(const caf::error& why) {
  const auto problem = problem_of(why);
  const auto* status = problem.if_contains("status");
  return exit_code_of(problem) == exit_code::unreachable && !(status && *status == 429);
}

std::optional<std::chrono::milliseconds> platform::asked_pause(const caf::error& why) {
  const auto problem = problem_of(why);
  const auto* seconds = problem.if_contains("retry_after");
  if (!seconds || !seconds->is_int64() || seconds->get_int64() < 0)
    return std::nullopt;
  const std::chrono::milliseconds pause = std::chrono::seconds{seconds->get_int64()};
  std::random_device chance;
  return pause + pause * (chance() % 256) / 1024;
}

json::object platform::refusal_of(const caf::error& why) {
  return problem_of(why);
}

std::chrono::milliseconds platform::longer(std::chrono::milliseconds pause) {
  return std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
}

void platform::sign(http::request& what) const {
  if (!token_.empty())
    what.headers.push_back({"Authorization", "Bearer " + token_});
  what.headers.push_back({"User-Agent", "backend-im"});
}

caf::error platform::unreachable(const caf::error& why) const {
  auto problem = problem_of(why);
  if (why != ec::unavailable && why != ec::timed_out) {
    if (why == ec::invalid_request) // the URL is none
      problem["exit"] = static_cast<int>(exit_code::usage);
    return make_problem(std::move(problem));
  }
  problem["code"] = "unreachable";
  problem["next"] = "Is backendimd running there? Another address: --url or BACKEND_IM_URL.";
  problem["exit"] = static_cast<int>(exit_code::unreachable);
  return make_problem(std::move(problem));
}

caf::error platform::refusal(const http::response& answer) {
  json::error_code failed;
  auto value = json::parse(answer.body, failed);
  json::object problem;
  if (!failed && value.is_object())
    problem = std::move(value.as_object());
  else
    problem["detail"] = "HTTP status " + std::to_string(answer.status) + ": "
                        + answer.body.substr(0, shown_of_strange_answer);
  problem.erase("exit"); // ours alone
  problem["status"] = answer.status;
  if (!problem.contains("request_id"))
    if (const auto id = answer.field("X-Request-Id"); !id.empty())
      problem["request_id"] = std::string{id};
  if (answer.status == 401)
    problem["next"] = "Log in: backend-im auth login";
  if (problem.contains("retry_after"))
    problem["next"] = "Try again later; an operator sees what is under way: backend-im admin queue";
  return make_problem(std::move(problem));
}

} // namespace backendim::cli
