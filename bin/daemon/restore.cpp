#include "bin/daemon/restore.hpp"

#include "adapters/backup/reader.hpp"
#include "bin/daemon/blobs.hpp"
#include "bin/daemon/durable_files.hpp"
#include "bin/daemon/state_folder.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>
#include <utility>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

constexpr auto prepared = "restoring";       // the folder of what is to come
constexpr auto point_of_no_return = "ready"; // a file in it; it holds the mark of what was there
constexpr size_t appends_at_once = 500;

/// "20260131t120000": goes into names of files and of schemas.
std::string mark_of_now() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::string result(32, '\0');
  result.resize(std::strftime(result.data(), result.size(), "%Y%m%dt%H%M%S", &parts));
  return result;
}

/// What is read is only looked at.
backup::backup_sink only_looking() {
  return {[](const auto&) { return caf::error{}; },
          [](const auto&, const auto&) { return caf::error{}; },
          [](const auto&, const auto&) { return caf::error{}; }};
}

/// Appends what it is given, in the same order, to an empty journal: so each event has the place
/// that it had.
class journal_filler {
public:
  explicit journal_filler(std::shared_ptr<journal> to) : to_{std::move(to)} {}

  caf::error add(std::vector<recorded_event> events) {
    for (auto& x : events) {
      const bool goes_on = !batch_.empty() && batch_.back().stream == x.stream;
      if (!goes_on && batch_.size() == appends_at_once)
        if (auto why = flush())
          return why;
      if (!goes_on || batch_.empty())
        batch_.push_back({x.stream, x.version - 1, {}});
      batch_.back().events.push_back(std::move(x.event));
    }
    return {};
  }

  caf::error flush() {
    for (const auto& x : to_->append_batch(std::exchange(batch_, {})))
      if (!x)
        return x.error();
    return {};
  }

private:
  std::shared_ptr<journal> to_;
  std::vector<append_events> batch_;
};

/// Puts blobs into a store.
class blob_filler {
public:
  explicit blob_filler(std::shared_ptr<blob_store> to) : to_{std::move(to)} {}

  caf::error add(const std::string& digest, std::string_view piece) {
    if (!writer_) {
      auto begun = to_->begin(UINT64_MAX);
      if (!begun)
        return std::move(begun.error());
      writer_ = std::move(*begun);
    }
    if (!piece.empty()) {
      const auto written = writer_->write(std::as_bytes(std::span{piece}));
      return written ? caf::error{} : written.error();
    }
    const auto kept = std::exchange(writer_, nullptr)->finish();
    if (!kept)
      return kept.error();
    if (kept->digest != digest) // it was damaged when the backup was made
      (void)to_->remove(kept->digest);
    return {};
  }

private:
  std::shared_ptr<blob_store> to_;
  std::unique_ptr<blob_writer> writer_; ///< Of the blob under way.
};

/// Fails unless what is there may go.
caf::error may_replace(const journal_store& store, bool replace) {
  if (replace || !store.is_there())
    return {};
  const auto old = store.open();
  if (!old && old.error() != ec::internal)
    return old.error();
  const auto head = old ? (*old)->head() : caf::expected<journal_head>{old.error()};
  if (head && head->position == 0)
    return {};
  return caf::make_error(ec::conflict, "there is a journal already; --replace keeps it aside and "
                                       "puts the backup in its place");
}

/// Does all that can be done without changing anything that counts.
caf::error prepare(const config& settings, const fs::path& state, const journal_store& store,
                   const fs::path& file) {
  auto blobs = open_blobs(settings.blobs, state / "blobs");
  if (!blobs)
    return std::move(blobs.error());
  auto fresh = store.open_fresh();
  if (!fresh)
    return std::move(fresh.error());
  journal_filler events{*fresh};
  blob_filler bytes{*blobs};
  const auto folder = state / prepared;
  const backup::backup_sink all{
    [&](auto more) { return events.add(std::move(more)); },
    [&](const auto& name, const auto& content) { return write_file(folder / name, content); },
    [&](const auto& digest, const auto& piece) { return bytes.add(digest, piece); }};
  const auto manifest = backup::read_backup(file, all);
  if (!manifest)
    return manifest.error();
  if (auto why = events.flush())
    return why;
  const auto head = (*fresh)->head();
  if (!head)
    return head.error();
  if (*head != journal_head{manifest->position, manifest->streams})
    return caf::make_error(ec::internal, "the restored journal is not that of the backup");
  return {};
}

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

caf::expected<caf::unit_t> finish_restore(const config& settings, const fs::path& state) {
  const auto folder = state / prepared;
  std::error_code failed;
  if (!fs::exists(folder, failed))
    return caf::unit;
  const journal_store store{settings, state, folder};
  const auto ready = folder / point_of_no_return;
  if (!fs::exists(ready, failed)) {
    if (auto removed = store.remove_fresh(); !removed)
      return removed;
  } else {
    const auto mark = text_of(ready);
    if (auto replaced = store.replace(mark); !replaced)
      return replaced;
    for (const auto name : backup::secrets) {
      if (!fs::exists(folder / name, failed))
        continue; // it has its place already
      if (text_of(folder / name) != text_of(state / name))
        if (auto why = move_file(state / name, state / (std::string{name} + "." + mark)))
          return why;
      if (auto why = move_file(folder / name, state / name))
        return why;
    }
    if (auto why = remove_file(ready))
      return why;
  }
  fs::remove_all(folder, failed);
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot remove " + folder.string() + ": " + failed.message());
  return caf::unit;
}

caf::expected<restored> restore(const config& settings, const fs::path& file, bool replace) {
  const auto lock = state_folder::open(settings.state);
  if (!lock)
    return lock.error();
  const auto& state = lock->path();
  if (auto finished = finish_restore(settings, state); !finished)
    return std::move(finished.error());
  auto manifest = backup::read_backup(file, only_looking());
  if (!manifest)
    return std::move(manifest.error());
  const auto folder = state / prepared;
  const journal_store store{settings, state, folder};
  if (auto why = may_replace(store, replace))
    return why;
  std::error_code failed;
  fs::create_directory(folder, failed);
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot make " + folder.string() + ": " + failed.message());
  const auto mark = mark_of_now();
  auto why = prepare(settings, state, store, file);
  if (!why && !store.fresh_is_whole())
    why = caf::make_error(ec::unavailable, "the restored journal could not be closed");
  if (!why)
    why = write_file(folder / point_of_no_return, mark);
  // Behind a failure it removes what was prepared.
  auto finished = finish_restore(settings, state);
  if (why)
    return why;
  if (!finished)
    return std::move(finished.error());
  return restored{std::move(*manifest), replace ? mark : ""};
}

} // namespace backendim::daemon
