#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>

namespace backendim::cli {

/// What Ctrl-C does: it ends the program, unless somebody wants to hear of it first.
/// Its members may be called from any thread.
class interrupts {
public:
  /// *quit* ends the program; it is called after what is to be removed is gone.
  explicit interrupts(std::function<void()> quit) : quit_{std::move(quit)} {}

  /// One came.
  void raise();

  /// The next one requests a stop here; those behind it end the program.
  std::stop_token catch_next();
  /// The next one ends the program again.
  void catch_none();

  /// Has *path* removed if the program is ended.
  void remove_at_end(const std::filesystem::path& path);
  void keep(const std::filesystem::path& path);

private:
  std::mutex lock_;
  std::function<void()> quit_;
  std::stop_source caught_{std::nostopstate};
  bool catching_ = false;
  std::set<std::filesystem::path> doomed_;
};

/// A folder of our own for as long as this lives, also when the program is interrupted.
class scratch_folder {
public:
  explicit scratch_folder(interrupts& signals);
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  /// Empty: it could not be made.
  const std::filesystem::path& path() const { return path_; }

private:
  interrupts& signals_;
  std::filesystem::path path_;
};

} // namespace backendim::cli
