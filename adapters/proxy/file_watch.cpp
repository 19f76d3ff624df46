#include "adapters/proxy/file_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

namespace backendim::proxy {

namespace fs = std::filesystem;

namespace {

using steady = std::chrono::steady_clock;

constexpr int most_links = 40; // as the kernel has it
constexpr int most_looks = 5;
constexpr auto most_patience = std::chrono::seconds{5};
constexpr uint32_t changes = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                             | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// Each name on the way to *path*, with the folder that it is in; those of links, too.
void add_way(std::set<std::pair<fs::path, std::string>>& to, const fs::path& path) {
  std::vector<fs::path> rest; // the next one last
  const auto push = [&](const fs::path& x) {
    std::vector<fs::path> parts{x.begin(), x.end()};
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  fs::path at = "/";
  push(path.relative_path());
  for (int links = 0; !rest.empty() && links <= most_links;) {
    const auto name = std::exchange(rest.back(), {}).string();
    rest.pop_back();
    if (name.empty() || name == ".")
      continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    to.emplace(at, name);
    std::error_code no_link;
    const auto target = fs::read_symlink(at / name, no_link);
    if (no_link) {
      at /= name;
      continue;
    }
    ++links;
    if (target.is_absolute())
      at = "/";
    push(target.relative_path());
  }
}

/// An event that *stop* raises.
class stop_event {
public:
  explicit stop_event(const std::stop_token& stop)
    : descriptor_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)}, raise_{stop, [this] {
                                                                      const uint64_t one = 1;
                                                                      (void)!::write(descriptor_,
                                                                                     &one,
                                                                                     sizeof one);
                                                                    }} {}
  ~stop_event() { ::close(descriptor_); }
  int descriptor() const { return descriptor_; }

private:
  int descriptor_;
  std::stop_callback<std::function<void()>> raise_;
};

} // namespace

file_watch::~file_watch() {
  if (inotify_ >= 0)
    ::close(inotify_);
}

int file_watch::follow(const fs::path& folder, const std::set<std::string>& extensions) {
  extensions_ = extensions;
  std::set<entry> known;
  int failed = 0;
  // A link that was moved before its watch began is seen by looking once more.
  for (int i = 0; i != most_looks; ++i) {
    std::set<entry> names;
    add_way(names, folder);
    std::error_code ignored;
    for (fs::directory_iterator x{folder, ignored}, end; !ignored && x != end; x.increment(ignored))
      if (extensions.contains(x->path().extension().string()))
        add_way(names, x->path());
    if (names == known)
      break;
    known = std::move(names);
    failed = listen_to(known, folder);
  }
  return failed;
}

int file_watch::listen_to(const std::set<entry>& names, const fs::path& folder) {
  const int fresh = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fresh < 0)
    return errno;
  int failed = 0;
  const auto watch = [&](const fs::path& x) {
    const int result = ::inotify_add_watch(fresh, x.c_str(), changes);
    if (result < 0 && errno != ENOENT && errno != ENOTDIR)
      failed = errno;
    return result;
  };
  names_.clear();
  for (const auto& [at, name] : names)
    if (const int x = watch(at); x >= 0)
      names_[x].insert(name);
  folder_ = watch(folder);
  if (inotify_ >= 0)
    ::close(inotify_); // what it would have told is looked at now
  inotify_ = fresh;
  return failed;
}

bool file_watch::changed() {
  alignas(inotify_event) char some[16 * 1024];
  bool result = false;
  for (;;) {
    const auto size = ::read(inotify_, some, sizeof some);
    if (size <= 0)
      return result;
    for (const char* at = some; at < some + size;) {
      inotify_event x{};
      std::memcpy(&x, at, sizeof x);
      const std::string name = x.len != 0 ? at + sizeof x : "";
      at += sizeof x + x.len;
      const auto minded = names_.find(x.wd);
      result |= (x.mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)) != 0
                || (minded != names_.end() && minded->second.contains(name))
                || (x.wd == folder_ && extensions_.contains(fs::path{name}.extension().string()));
    }
  }
}

bool file_watch::wait(const std::stop_token& stop, std::chrono::milliseconds quiet) {
  const stop_event stopped{stop};
  pollfd wanted[]{{stopped.descriptor(), POLLIN, 0}, {inotify_, POLLIN, 0}};
  steady::time_point until{}; // none: nothing has changed yet
  steady::time_point last{};
  for (;;) {
    int left = -1;
    if (until != steady::time_point{}) {
      const auto now = steady::now();
      if (now >= until)
        return true;
      left = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count());
    }
    ::poll(wanted, 2, left);
    if (stop.stop_requested())
      return false;
    if (!changed())
      continue;
    const auto now = steady::now();
    if (last == steady::time_point{})
      last = now + most_patience;
    until = std::min(now + quiet, last);
  }
}

} // namespace backendim::proxy
