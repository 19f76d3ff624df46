#include "adapters/directory/route_memory.hpp"

#include "protocol/event_codec.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace backendim::directory {

namespace {

namespace fs = std::filesystem;

class file_memory final : public route_memory {
public:
  explicit file_memory(fs::path file)
    : file_{std::move(file)}, writer_{[this](const std::stop_token& stop) { write_all(stop); }} {}

  gateway_info last() override {
    {
      const std::lock_guard lock{mutex_};
      if (newest_)
        return *newest_;
    }
    std::ifstream in{file_, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    auto table = from_kept_text<gateway_info>(text);
    return table ? std::move(*table) : gateway_info{};
  }

  void keep(gateway_info table) override {
    {
      const std::lock_guard lock{mutex_};
      newest_ = std::make_shared<const gateway_info>(std::move(table));
    }
    changed_.notify_one();
  }

private:
  void write_all(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (changed_.wait(lock, stop, [this] { return newest_ && newest_ != tried_; })) {
      tried_ = newest_;
      lock.unlock();
      const bool written = write(*tried_);
      lock.lock();
      if (written && newest_ == tried_)
        newest_.reset(); // the file says it
      if (written)
        tried_.reset();
      changed_.wait_for(lock, stop, std::chrono::seconds{1}, [] { return false; });
    }
  }

  bool write(const gateway_info& table) {
    const auto fresh = file_.string() + ".new";
    std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
    out << to_kept_text(table);
    out.close();
    std::error_code failed;
    if (out)
      fs::rename(fresh, file_, failed);
    if (!out || failed)
      spdlog::warn("routes are not remembered file={}", file_.string());
    return out && !failed;
  }

  const fs::path file_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<const gateway_info> newest_; ///< Null: it is in the file.
  std::shared_ptr<const gateway_info> tried_;  ///< It could not be written; null: none.
  std::jthread writer_;                        ///< The last member: it uses the others.
};

} // namespace

std::shared_ptr<route_memory> open_route_memory(const fs::path& file) {
  return std::make_shared<file_memory>(file);
}

} // namespace backendim::directory
