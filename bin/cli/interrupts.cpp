#include "bin/cli/interrupts.hpp"

#include <cstdlib>
#include <system_error>
#include <utility>

namespace backendim::cli {

namespace fs = std::filesystem;

void interrupts::raise() {
  std::unique_lock guard{lock_};
  if (std::exchange(catching_, false)) {
    auto source = caught_;
    guard.unlock();
    source.request_stop();
    return;
  }
  std::error_code ignored;
  for (const auto& path : doomed_)
    fs::remove_all(path, ignored);
  doomed_.clear();
  guard.unlock();
  quit_();
}

std::stop_token interrupts::catch_next() {
  const std::lock_guard guard{lock_};
  caught_ = std::stop_source{};
  catching_ = true;
  return caught_.get_token();
}

void interrupts::catch_none() {
  const std::lock_guard guard{lock_};
  catching_ = false;
}

void interrupts::remove_at_end(const fs::path& path) {
  const std::lock_guard guard{lock_};
  doomed_.insert(path);
}

void interrupts::keep(const fs::path& path) {
  const std::lock_guard guard{lock_};
  doomed_.erase(path);
}

scratch_folder::scratch_folder(interrupts& signals) : signals_{signals} {
  std::error_code failed;
  auto name = (fs::temp_directory_path(failed) / "backend-im-XXXXXX").string();
  if (failed || !::mkdtemp(name.data()))
    return;
  path_ = name;
  signals_.remove_at_end(path_);
}

scratch_folder::~scratch_folder() {
  if (path_.empty())
    return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  signals_.keep(path_);
}

} // namespace backendim::cli
