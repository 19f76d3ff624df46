#pragma once

#include "adapters/exec_session.hpp"
#include "protocol/error.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace backendim::test {

/// Commands in memory: {"cat"} gives its input back; {"fail"} writes "good" to stdout, "bad" to
/// stderr and ends with 3; {"size"} writes its terminal's rows and columns; {"env"} writes the
/// values of the variables V0 to V5, a zero behind each; {"sleep"} never ends.
class fake_exec : public exec_session {
public:
  fake_exec(exec_request what, std::shared_ptr<std::atomic<int>> living,
            std::map<std::string, std::string> env)
    : what_{std::move(what)}, living_{std::move(living)}, env_{std::move(env)} {}

  caf::expected<int> run(const exec_sink& on_output, std::stop_token stop) override {
    std::stop_callback wake{stop, [this] {
                              std::lock_guard lock{mutex_};
                              changed_.notify_all();
                            }};
    ++*living_;
    auto result = play(on_output, stop);
    --*living_;
    std::unique_lock lock{mutex_};
    over_ = true;
    auto rest = std::exchange(input_, {});
    lock.unlock();
    for (auto& [bytes, taken] : rest)
      taken();
    return result;
  }

  void write(std::string bytes, std::function<void()> taken) override {
    {
      std::lock_guard lock{mutex_};
      if (!over_) {
        input_.emplace_back(std::move(bytes), std::move(taken));
        taken = nullptr;
        changed_.notify_all();
      }
    }
    if (taken)
      taken();
  }

  void end_input() override {
    std::lock_guard lock{mutex_};
    input_ended_ = true;
    changed_.notify_all();
  }

  void resize(terminal_size x) override {
    std::lock_guard lock{mutex_};
    what_.size = x;
  }

private:
  caf::expected<int> play(const exec_sink& on_output, const std::stop_token& stop) {
    const auto ended = caf::make_error(ec::unavailable, "the command was ended");
    const auto& name = what_.command.at(0);
    std::unique_lock lock{mutex_};
    if (name == "fail") {
      lock.unlock();
      on_output(output_stream::out, "good\n");
      on_output(output_stream::err, "bad\n");
      return 3;
    }
    if (name == "env") {
      lock.unlock();
      for (const char digit : std::string{"012345"})
        on_output(output_stream::out, env_[std::string{"V"} + digit] + '\0');
      return 0;
    }
    if (name == "size") {
      const auto text
        = std::to_string(what_.size.rows) + " " + std::to_string(what_.size.columns) + "\r\n";
      lock.unlock();
      on_output(output_stream::out, text);
      return 0;
    }
    for (;;) {
      changed_.wait(lock, [&] {
        return stop.stop_requested() || (name == "cat" && (!input_.empty() || input_ended_));
      });
      if (stop.stop_requested())
        return ended;
      if (input_.empty())
        return 0;
      auto [bytes, taken] = std::move(input_.front());
      input_.pop_front();
      lock.unlock();
      taken();
      on_output(output_stream::out, bytes);
      lock.lock();
    }
  }

  exec_request what_;
  std::shared_ptr<std::atomic<int>> living_;
  std::map<std::string, std::string> env_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, std::function<void()>>> input_;
  bool input_ended_ = false;
  bool over_ = false;
};

} // namespace backendim::test
