#include "bin/cli/credentials.hpp"

#include "bin/cli/problem.hpp"
#include "protocol/error.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

caf::error file_problem(const std::string& what, const fs::path& path, const std::string& why) {
  return local_problem("credentials_file", "cannot " + what + " " + path.string() + ": " + why);
}

/// Writes all of *text* to a new file that only its owner may read.
caf::expected<caf::unit_t> write_private(const fs::path& path, const std::string& text) {
  const auto failed = [&] { return file_problem("write", path, std::strerror(errno)); };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return failed();
  size_t done = 0;
  while (done < text.size()) {
    const auto n = ::write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      auto why = failed();
      ::close(file);
      return why;
    }
    done += static_cast<size_t>(n);
  }
  const bool kept = ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  if (!kept || !closed)
    return failed();
  return caf::unit;
}

} // namespace

caf::expected<std::optional<credentials>> credentials_file::load() const {
  std::error_code failed;
  if (!fs::exists(path_, failed))
    return std::optional<credentials>{};
  std::ifstream in{path_, std::ios::binary};
  if (!in)
    return file_problem("read", path_, std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  json::error_code bad;
  const auto value = json::parse(text, bad);
  const auto* object = bad ? nullptr : value.if_object();
  if (!object || text_at(*object, "url").empty() || text_at(*object, "token").empty())
    return local_problem("credentials_file", path_.string() + " is damaged",
                         "Log in again: backend-im auth login");
  return std::optional{credentials{text_at(*object, "url"), text_at(*object, "token"),
                                   text_at(*object, "user"), text_at(*object, "tenant"),
                                   text_at(*object, "expires")}};
}

caf::expected<caf::unit_t> credentials_file::store(const credentials& x) const {
  const auto folder = path_.parent_path();
  std::error_code failed;
  fs::create_directories(folder.parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return file_problem("make", folder, std::strerror(errno));
  fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed)
    return file_problem("protect", folder, failed.message());
  const json::object document{{"url", x.url},
                              {"token", x.token},
                              {"user", x.user},
                              {"tenant", x.tenant},
                              {"expires", x.expires}};
  auto fresh = path_;
  fresh += "." + std::to_string(::getpid());
  ::unlink(fresh.c_str()); // of a process with our id that died here
  if (auto written = write_private(fresh, json::serialize(document) + "\n"); !written)
    return written;
  fs::rename(fresh, path_, failed);
  if (failed) {
    ::unlink(fresh.c_str());
    return file_problem("replace", path_, failed.message());
  }
  return caf::unit;
}

caf::expected<std::optional<credentials>> credentials_file::remove() const {
  auto before = load();
  std::error_code failed;
  fs::remove(path_, failed);
  if (failed)
    return file_problem("remove", path_, failed.message());
  if (!before) // damaged, and gone now
    return std::optional{credentials{}};
  return before;
}

} // namespace backendim::cli
