#include "adapters/directory/blob_store.hpp"

#include "adapters/crypto/digest.hpp"
#include "adapters/directory/files.hpp"
#include "protocol/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace backendim::directory {

namespace fs = std::filesystem;

namespace {

/// Blobs spread over 256 folders by the first two digits.
fs::path place_of(const fs::path& root, const std::string& digest) {
  const auto hex = crypto::hex_of_blob_name(digest);
  return root / "sha256" / hex.substr(0, 2) / hex;
}

bool sync_folder(const fs::path& folder) {
  const file opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened && ::fsync(opened.fd()) == 0;
}

using time_point = std::chrono::system_clock::time_point;

time_point changed_at(const struct stat& x) {
  return time_point{std::chrono::duration_cast<time_point::duration>(
    std::chrono::seconds{x.st_mtim.tv_sec} + std::chrono::nanoseconds{x.st_mtim.tv_nsec})};
}

/// What the writers of one store have in common with it.
struct shared_place {
  fs::path root;
  std::mutex mutex;           ///< Held while a blob appears or goes because of its age.
  uint64_t next = 0;          ///< Name of the next upload's file.
  std::set<uint64_t> writing; ///< Those whose writer lives.

  fs::path incoming(uint64_t number) const { return root / "incoming" / std::to_string(number); }
};

class writer : public blob_writer {
public:
  writer(std::shared_ptr<shared_place> place, uint64_t number, file out, uint64_t limit)
    : place_{std::move(place)}, number_{number},
      temporary_{place_->incoming(number)}, out_{std::move(out)}, limit_{limit} {}

  ~writer() override {
    if (!temporary_.empty())
      ::unlink(temporary_.c_str());
    const std::lock_guard guard{place_->mutex};
    place_->writing.erase(number_);
  }

  caf::expected<caf::unit_t> write(std::span<const std::byte> bytes) override {
    if (bytes.size() > limit_ - size_)
      return caf::make_error(ec::too_large, "more than " + std::to_string(limit_) + " bytes");
    if (!write_all(out_.fd(), bytes))
      return disk_error("write", temporary_);
    hash_.add(bytes);
    size_ += bytes.size();
    return caf::unit;
  }

  caf::expected<blob_info> finish() override {
    blob_info result{crypto::blob_name(hash_.finish()), size_};
    const auto place = place_of(place_->root, result.digest);
    std::error_code failed;
    fs::create_directories(place.parent_path(), failed);
    if (failed || ::fsync(out_.fd()) != 0)
      return disk_error("keep", temporary_);
    {
      const std::lock_guard guard{place_->mutex};
      if (::futimens(out_.fd(), nullptr) != 0 // kept now, however long ago its last byte came
          || ::rename(temporary_.c_str(), place.c_str()) != 0)
        return disk_error("make", place);
    }
    temporary_.clear();
    if (!sync_folder(place.parent_path()) || !sync_folder(place.parent_path().parent_path()))
      return disk_error("sync", place.parent_path());
    return result;
  }

private:
  std::shared_ptr<shared_place> place_;
  uint64_t number_;
  fs::path temporary_; ///< Empty once it has its name.
  file out_;
  crypto::sha256 hash_;
  uint64_t limit_;
  uint64_t size_ = 0;
};

class reader : public blob_reader {
public:
  reader(std::string digest, file in) : digest_{std::move(digest)}, in_{std::move(in)} {}

  caf::expected<size_t> read(std::span<std::byte> into) override {
    ssize_t got = 0;
    do
      got = ::read(in_.fd(), into.data(), into.size());
    while (got < 0 && errno == EINTR);
    if (got < 0)
      return disk_error("read", digest_);
    hash_.add(into.first(static_cast<size_t>(got)));
    if (got == 0 && !into.empty() && !std::exchange(checked_, true)
        && crypto::blob_name(hash_.finish()) != digest_)
      return caf::make_error(ec::internal, "the stored " + digest_ + " is damaged");
    return static_cast<size_t>(got);
  }

private:
  std::string digest_;
  file in_;
  crypto::sha256 hash_;
  bool checked_ = false;
};

class store : public blob_store {
public:
  explicit store(const fs::path& root) { place_->root = root; }

  caf::expected<std::unique_ptr<blob_writer>> begin(uint64_t max_bytes) override {
    uint64_t number = 0;
    {
      const std::lock_guard guard{place_->mutex};
      number = place_->next++;
      place_->writing.insert(number);
    }
    const auto temporary = place_->incoming(number);
    file out{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!out) {
      auto why = disk_error("make", temporary);
      const std::lock_guard guard{place_->mutex};
      place_->writing.erase(number);
      return why;
    }
    return std::unique_ptr<blob_writer>{
      std::make_unique<writer>(place_, number, std::move(out), max_bytes)};
  }

  caf::expected<std::unique_ptr<blob_reader>> open(const std::string& digest) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    file in{::open(place_of(place_->root, digest).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!in && errno == ENOENT)
      return caf::make_error(ec::not_found, "there is no blob " + digest);
    if (!in)
      return disk_error("open", digest);
    return std::unique_ptr<blob_reader>{std::make_unique<reader>(digest, std::move(in))};
  }

  caf::expected<caf::unit_t> remove(const std::string& digest) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    if (::unlink(place_of(place_->root, digest).c_str()) != 0 && errno != ENOENT)
      return disk_error("remove", digest);
    return caf::unit;
  }

  caf::expected<uint64_t> remove_older(const std::string& digest, time_point before) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    const std::lock_guard guard{place_->mutex};
    return unlink_older(place_of(place_->root, digest), before);
  }

  caf::expected<std::vector<kept_blob>> list(const std::string& after, size_t limit) override {
    if (!after.empty() && !crypto::is_blob_name(after))
      return bad_name();
    std::vector<kept_blob> result;
    const auto first = after.empty() ? "" : crypto::hex_of_blob_name(after).substr(0, 2);
    auto names = names_in(place_->root / "sha256");
    if (!names)
      return std::move(names.error());
    for (const auto& prefix : *names) {
      if (prefix < first)
        continue;
      auto inside = names_in(place_->root / "sha256" / prefix);
      if (!inside)
        return std::move(inside.error());
      for (const auto& hex : *inside) {
        if (result.size() == limit)
          return result;
        struct stat about {};
        auto digest = "sha256:" + hex;
        if (digest <= after || !crypto::is_blob_name(digest)
            || ::stat(place_of(place_->root, digest).c_str(), &about) != 0)
          continue; // not ours, or just removed
        result.push_back(
          {std::move(digest), static_cast<uint64_t>(about.st_size), changed_at(about)});
      }
    }
    return result;
  }

  caf::expected<uint64_t> sweep(std::chrono::seconds age) override {
    const auto before = std::chrono::system_clock::now() - age;
    auto names = names_in(place_->root / "incoming");
    if (!names)
      return std::move(names.error());
    uint64_t freed = 0;
    const std::lock_guard guard{place_->mutex};
    for (const auto& name : *names) {
      uint64_t number = 0;
      std::from_chars(name.data(), name.data() + name.size(), number);
      if (std::to_string(number) == name && place_->writing.contains(number))
        continue;
      auto gone = unlink_older(place_->root / "incoming" / name, before);
      if (!gone)
        return gone;
      freed += *gone;
    }
    return freed;
  }

private:
  static caf::error bad_name() {
    return caf::make_error(ec::invalid_request, "a blob's name is sha256: and 64 hex digits");
  }

  static caf::expected<uint64_t> unlink_older(const fs::path& path, time_point before) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0)
      return errno == ENOENT ? caf::expected<uint64_t>{0} : disk_error("look at", path);
    if (changed_at(about) >= before)
      return uint64_t{0};
    if (::unlink(path.c_str()) != 0)
      return errno == ENOENT ? caf::expected<uint64_t>{0} : disk_error("remove", path);
    return static_cast<uint64_t>(about.st_size);
  }

  /// In order.
  static caf::expected<std::vector<std::string>> names_in(const fs::path& folder) {
    std::vector<std::string> result;
    std::error_code failed;
    for (fs::directory_iterator x{folder, failed}, end; !failed && x != end; x.increment(failed))
      result.push_back(x->path().filename().string());
    if (failed && failed != std::errc::no_such_file_or_directory)
      return caf::make_error(ec::unavailable,
                             "cannot list " + folder.string() + ": " + failed.message());
    std::ranges::sort(result);
    return result;
  }

  std::shared_ptr<shared_place> place_ = std::make_shared<shared_place>();
};

} // namespace

caf::expected<std::shared_ptr<blob_store>> open_blob_store(const fs::path& folder) {
  std::error_code failed;
  fs::remove_all(folder / "incoming", failed);
  if (!failed)
    fs::create_directories(folder / "incoming", failed);
  if (!failed)
    fs::create_directories(folder / "sha256", failed);
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot make " + folder.string() + ": " + failed.message());
  return std::shared_ptr<blob_store>{std::make_shared<store>(folder)};
}

} // namespace backendim::directory
