#include "adapters/directory/log_store.hpp"

#include "adapters/directory/files.hpp"
#include "protocol/error.hpp"
#include "protocol/plain_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace backendim::directory {

namespace fs = std::filesystem;

namespace {

constexpr size_t max_line = 16 << 10;
constexpr uint64_t max_log = 16u << 20;
constexpr size_t max_open = 64; // files kept open for the next line
constexpr std::string_view full = "(the log is full: what follows is not kept)\n";

bool is_name(const std::string& x) {
  return !x.empty() && x.size() <= 128
         && x.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
              == x.npos;
}

/// The beginning of *text* that has at most max_line bytes, and no part of a character at its end.
std::string_view beginning(std::string_view text) {
  if (text.size() <= max_line)
    return text;
  size_t end = max_line;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

/// Plain text, which may be longer than *line* was, with its end.
std::string clean(std::string_view line) {
  const auto begun = beginning(line);
  const auto plain = plain_text(begun);
  const auto shown = beginning(plain);
  const bool cut = begun.size() < line.size() || shown.size() < plain.size();
  return std::string{shown} + (cut ? "…\n" : "\n");
}

class store : public log_store {
public:
  explicit store(fs::path root) : root_{std::move(root)} {}

  caf::expected<caf::unit_t> append(const std::string& name, std::string_view line) override {
    if (!is_name(name))
      return bad_name();
    const std::lock_guard guard{mutex_};
    auto* log = writable(name);
    if (!log)
      return disk_error("open", root_ / name);
    if (log->size >= max_log)
      return caf::unit;
    auto text = clean(line);
    const bool last = log->size + text.size() > max_log - full.size();
    if (last)
      text = full;
    if (!write_all(log->out.fd(), std::as_bytes(std::span{text})))
      return disk_error("write", root_ / name);
    log->size += last ? max_log : text.size();
    tell(name, log->size);
    return caf::unit;
  }

  caf::expected<page> read(const std::string& name, uint64_t offset, size_t max_bytes) override {
    if (!is_name(name))
      return bad_name();
    page result;
    result.next = offset;
    if (offset > max_log)
      return result; // also what pread() would take for negative
    const file in{::open((root_ / (name + ".log")).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!in)
      return errno == ENOENT ? caf::expected<page>{result} : disk_error("open", root_ / name);
    std::string text(std::max(max_bytes, max_line + 8), '\0');
    const auto got = ::pread(in.fd(), text.data(), text.size(), static_cast<off_t>(offset));
    if (got < 0)
      return disk_error("read", root_ / name);
    std::string_view rest{text.data(), static_cast<size_t>(got)};
    for (size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      if (!result.lines.empty() && result.next + end + 1 - offset > max_bytes)
        break;
      result.lines.push_back(valid_utf8(rest.substr(0, end))); // as it was kept, or before
      result.next += end + 1;
    }
    return result;
  }

  uint64_t when_longer(const std::string& name, uint64_t offset,
                       std::function<void()> changed) override {
    const std::lock_guard guard{mutex_};
    const auto ticket = ++last_ticket_; // also when nobody waits: cancel() must not meet another's
    struct stat info {};
    if (::stat((root_ / (name + ".log")).c_str(), &info) == 0
        && static_cast<uint64_t>(info.st_size) > offset)
      changed();
    else
      waiting_[ticket] = {name, offset, std::move(changed)};
    return ticket;
  }

  void cancel(uint64_t ticket) override {
    const std::lock_guard guard{mutex_};
    waiting_.erase(ticket);
  }

  caf::expected<caf::unit_t> remove(const std::string& name) override {
    if (!is_name(name))
      return bad_name();
    const std::lock_guard guard{mutex_};
    open_.erase(name);
    if (::unlink((root_ / (name + ".log")).c_str()) != 0 && errno != ENOENT)
      return disk_error("remove", root_ / name);
    return caf::unit;
  }

  caf::expected<std::vector<kept_log>> list() override {
    std::vector<kept_log> result;
    std::error_code failed;
    for (fs::directory_iterator i{root_, failed}, end; !failed && i != end; i.increment(failed)) {
      std::error_code gone; // meanwhile
      const auto size = i->path().extension() == ".log" ? i->file_size(gone) : 0;
      const auto name = i->path().stem().string();
      if (i->path().extension() == ".log" && !gone && is_name(name))
        result.push_back({name, size});
    }
    if (failed)
      return caf::make_error(ec::unavailable,
                             "cannot list " + root_.string() + ": " + failed.message());
    return result;
  }

private:
  struct open_log {
    file out;
    uint64_t size = 0; ///< max_log or more: nothing more is taken.
  };
  struct waiter {
    std::string name;
    uint64_t offset = 0;
    std::function<void()> changed;
  };

  static caf::error bad_name() {
    return caf::make_error(ec::invalid_request, "a log's name is [A-Za-z0-9_-]+");
  }

  static bool ends_with_full(int fd, uint64_t size) {
    std::string end(full.size(), '\0');
    const auto at = static_cast<off_t>(size - std::min<uint64_t>(size, full.size()));
    return ::pread(fd, end.data(), end.size(), at) == static_cast<ssize_t>(end.size())
           && end == full;
  }

  open_log* writable(const std::string& name) {
    if (const auto found = open_.find(name); found != open_.end())
      return &found->second;
    if (open_.size() >= max_open)
      open_.clear();
    open_log x;
    x.out = file{
      ::open((root_ / (name + ".log")).c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)};
    struct stat info {};
    if (!x.out || ::fstat(x.out.fd(), &info) != 0)
      return nullptr;
    x.size = static_cast<uint64_t>(info.st_size);
    if (x.size + max_line + 8 + full.size() > max_log && ends_with_full(x.out.fd(), x.size))
      x.size = max_log;
    return &open_.emplace(name, std::move(x)).first->second;
  }

  void tell(const std::string& name, uint64_t size) {
    for (auto i = waiting_.begin(); i != waiting_.end();) {
      if (i->second.name != name || i->second.offset >= size) {
        ++i;
        continue;
      }
      i->second.changed(); // under the lock, so that cancel() can promise
      i = waiting_.erase(i);
    }
  }

  fs::path root_;
  std::mutex mutex_;
  std::map<std::string, open_log> open_;
  std::map<uint64_t, waiter> waiting_; ///< By ticket.
  uint64_t last_ticket_ = 0;
};

} // namespace

caf::expected<std::shared_ptr<log_store>> open_log_store(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot make " + folder.string() + ": " + failed.message());
  return std::shared_ptr<log_store>{std::make_shared<store>(folder)};
}

} // namespace backendim::directory
