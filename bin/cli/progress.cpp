#include "bin/cli/progress.hpp"

#include "bin/cli/terminal.hpp"

#include <algorithm>

namespace backendim::cli {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto live_interval = 100ms;
constexpr auto repeat_interval = 15s;
constexpr size_t name_width = 12;
constexpr std::string_view clear_line = "\r\x1b[K";

std::chrono::milliseconds since(clock::time_point x) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - x);
}

} // namespace

progress::progress(session& s)
  : session_{s}, live_{s.around().err_is_terminal && s.around().variable("TERM") != "dumb"} {
  if (s.talks())
    ticker_ = std::jthread{[this](const std::stop_token& stop) { tick(stop); }};
}

progress::~progress() {
  ticker_.request_stop();
  if (ticker_.joinable())
    ticker_.join();
  if (live_ && !step_.empty())
    session_.say_raw(clear_line);
}

void progress::begin(const std::string& step) {
  const std::lock_guard guard{lock_};
  end_locked({});
  step_ = step;
  detail_.clear();
  began_ = shown_ = clock::now();
  if (live_)
    session_.say_raw(std::string{clear_line} + line(0ms));
}

void progress::detail(const std::string& text) {
  const std::lock_guard guard{lock_};
  detail_ = text;
}

void progress::end(std::optional<std::chrono::milliseconds> took) {
  const std::lock_guard guard{lock_};
  end_locked(took);
}

void progress::note(std::string_view text) {
  const std::lock_guard guard{lock_};
  session_.say_raw((live_ ? std::string{clear_line} : std::string{}) + printable(text) + "\n");
  if (live_ && !step_.empty())
    session_.say_raw(line(since(began_)));
}

void progress::end_locked(std::optional<std::chrono::milliseconds> took) {
  if (step_.empty())
    return;
  session_.say_raw((live_ ? std::string{clear_line} : std::string{})
                   + line(took.value_or(since(began_))) + "\n");
  step_.clear();
}

std::string progress::line(std::chrono::milliseconds took) const {
  const auto time = elapsed_text(took);
  auto result = "  " + printable(step_);
  result.append(name_width - std::min(name_width - 1, step_.size()), ' ');
  result.append(8 - std::min<size_t>(8, time.size()), ' ').append(time);
  if (!detail_.empty())
    result += "  " + printable(detail_);
  return result;
}

void progress::tick(const std::stop_token& stop) {
  std::unique_lock guard{lock_};
  while (!wake_.wait_for(guard, stop, live_interval, [&] { return stop.stop_requested(); })) {
    if (step_.empty())
      continue;
    if (live_) {
      session_.say_raw(std::string{clear_line} + line(since(began_)));
    } else if (since(shown_) >= repeat_interval) {
      shown_ = clock::now();
      session_.say_raw(line(since(began_)) + " ...\n");
    }
  }
}

} // namespace backendim::cli
