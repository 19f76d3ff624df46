#include "adapters/backup/writer.hpp"
#include "bin/daemon/on_pool.hpp"
#include "bin/daemon/problem.hpp"
#include "bin/daemon/rest.hpp"
#include "bin/daemon/sse.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <caf/all.hpp>

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <utility>

namespace backendim::daemon::rest {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t event_page = 500;
constexpr int max_long_looks = 2;   // of the pool's threads
constexpr size_t max_lines = 1'000; // in memory; whoever finds more waits

/// Counts one for as long as it lives.
class long_look {
public:
  explicit long_look(int& count) : count_{count} { ++count_; }
  ~long_look() { --count_; }
  long_look(const long_look&) = delete;
  long_look& operator=(const long_look&) = delete;

private:
  int& count_;
};

caf::error begin_long_look(const call& x) {
  return x.parts.long_looks < max_long_looks
           ? caf::error{}
           : caf::make_error(ec::over_quota, "the journal is being looked at already; try again");
}

std::string line_of(std::string_view type, const json::value& x) {
  json::object line{{"type", type}};
  for (const auto& member : x.as_object())
    line.insert_or_assign(member.key() == "type" ? "problem" : member.key(), member.value());
  return json::serialize(line) + "\n";
}

/// Whoever may operate is told all of an error.
std::string error_line(const caf::error& why, const std::string& request_id) {
  auto document = json::parse(problem(why, request_id).body).as_object();
  document["detail"] = render(why);
  return line_of("error", document);
}

/// What a thread finds, on its way to the client.
class findings {
public:
  explicit findings(asio::io_context& io) : news_{std::make_shared<wakeup>(io)} {}

  /// From the thread. Waits while the client is slower.
  void add(std::string line) {
    std::unique_lock guard{mutex_};
    room_.wait(guard, stop_.get_token(), [&] { return lines_.size() < max_lines; });
    lines_.push_back(std::move(line));
    news_->wake();
  }
  void end() {
    const std::lock_guard guard{mutex_};
    ended_ = true;
    news_->wake();
  }
  std::stop_token stop_token() { return stop_.get_token(); }

  /// From the client's side: all lines there are; *ended*: no more will come.
  std::string take(bool& ended) {
    const std::lock_guard guard{mutex_};
    std::string result;
    for (const auto& line : std::exchange(lines_, {}))
      result += line;
    room_.notify_all();
    ended = ended_;
    return result;
  }
  /// Nobody will take more.
  void stop() { stop_.request_stop(); }
  wakeup& news() { return *news_; }

private:
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::deque<std::string> lines_;
  bool ended_ = false;
  std::stop_source stop_;
  std::shared_ptr<wakeup> news_;
};

/// Stops the thread however the client's side ends.
class reader {
public:
  explicit reader(std::shared_ptr<findings> of) : of_{std::move(of)} {}
  ~reader() { of_->stop(); }
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  findings* operator->() const { return of_.get(); }

private:
  std::shared_ptr<findings> of_;
};

void look(const journal_store& store, findings& to) {
  auto events = store.open();
  if (!events) {
    to.add(error_line(events.error(), ""));
  } else {
    const auto report = (*events)->verify(
      [&](const journal_damage& x) { to.add(line_of("damage", to_json(x))); }, to.stop_token());
    to.add(report ? line_of("report", to_json(*report)) : error_line(report.error(), ""));
  }
  to.end();
}

asio::awaitable<bool> begin_lines(http::exchange& client, const char* type) {
  http::response head;
  head.status = 200;
  head.headers = {{"Content-Type", type}, {"Cache-Control", "no-store"}};
  return client.begin_stream(std::move(head));
}

} // namespace

answered journal_events(call& x) {
  const auto from = x.number("from", 1, UINT64_MAX);
  const auto follow = x.number("follow", 0, 1);
  if (!from || !follow)
    co_return from ? follow.error() : from.error();
  const bool begun = co_await begin_lines(x.client, "application/x-ndjson");
  if (!begun)
    co_return caf::none;
  auto& bridge = x.parts.actors.actors().bridge();
  const auto journal = caf::actor_cast<caf::strong_actor_ptr>(x.parts.journal);
  auto at = std::max<uint64_t>(*from, 1);
  for (bool more = true; more;) {
    const get_all_events there{at, event_page};
    const get_tail to_come{at, event_page};
    caf::expected<recorded_events> page{caf::error{}};
    if (*follow == 1)
      page = co_await bridge.ask_for<recorded_events>(journal, to_come, 30s);
    else
      page = co_await bridge.ask_for<recorded_events>(journal, there, 30s);
    std::string text;
    if (page) {
      for (const auto& event : page->events) {
        text += to_json_text(event) + "\n";
        at = event.position + 1;
      }
      more = *follow == 1 || page->events.size() == event_page;
      if (text.empty() && more)
        text = "\n"; // finds out who is gone
    } else {
      text = error_line(page.error(), x.client.request_id());
      more = false;
    }
    const bool heard = co_await x.client.write(text);
    if (!heard)
      co_return caf::none;
  }
  co_await x.client.end_stream();
  co_return caf::none;
}

answered verify_journal(call& x) {
  if (auto why = begin_long_look(x))
    co_return why;
  const long_look counted{x.parts.long_looks};
  const bool begun = co_await begin_lines(x.client, "application/x-ndjson");
  if (!begun)
    co_return caf::none;
  const auto shared = std::make_shared<findings>(x.parts.io);
  const reader found{shared};
  asio::post(x.parts.pool, [shared, store = x.parts.events] { look(store, *shared); });
  for (bool ended = false; !ended;) {
    (void)co_await found->news().wait(sse_heartbeat);
    auto text = found->take(ended);
    if (text.empty())
      text = "\n";
    const bool heard = co_await x.client.write(text);
    if (!heard)
      co_return caf::none;
  }
  co_await x.client.end_stream();
  co_return caf::none;
}

answered take_backup(call& x) {
  if (auto why = begin_long_look(x))
    co_return why;
  const long_look counted{x.parts.long_looks};
  auto events = co_await on_pool(x.parts.pool, [&] { return x.parts.events.open(); });
  if (!events)
    co_return std::move(events.error());
  backup::backup_writer making{{std::move(*events), x.parts.blobs, x.parts.state}};
  auto piece = co_await on_pool(x.parts.pool, [&] { return making.next(); });
  if (!piece)
    co_return std::move(piece.error());
  const bool begun = co_await begin_lines(x.client, "application/zstd");
  if (!begun)
    co_return caf::none;
  while (piece && !piece->empty()) {
    const bool heard = co_await x.client.write(*piece);
    if (!heard)
      co_return caf::none;
    piece = co_await on_pool(x.parts.pool, [&] { return making.next(); });
  }
  if (!piece) {
    spdlog::error("backup ended too early why=\"{}\"", render(piece.error()));
    co_return std::move(piece.error()); // the answer is cut off
  }
  co_await x.client.end_stream();
  co_return caf::none;
}

} // namespace backendim::daemon::rest
