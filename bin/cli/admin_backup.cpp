#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;

namespace {

/// A file that gets its name only when it is complete.
class growing_file {
public:
  growing_file(fs::path name, interrupts& signals)
    : name_{std::move(name)}, part_{name_.string() + ".part"}, signals_{signals} {
    ::unlink(part_.c_str());
    signals_.remove_at_end(part_);
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0)
      failed_ = errno;
  }
  ~growing_file() {
    if (fd_ >= 0)
      ::close(fd_);
    ::unlink(part_.c_str());
    signals_.keep(part_);
  }
  growing_file(const growing_file&) = delete;
  growing_file& operator=(const growing_file&) = delete;

  bool add(std::string_view bytes) {
    while (failed_ == 0 && !bytes.empty()) {
      const auto n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno != EINTR)
        failed_ = errno;
      if (n > 0)
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return failed_ == 0;
  }
  bool complete() {
    if (failed_ == 0 && (::fsync(fd_) != 0 || ::rename(part_.c_str(), name_.c_str()) != 0))
      failed_ = errno;
    return failed_ == 0;
  }
  int failed() const { return failed_; }

private:
  fs::path name_;
  fs::path part_;
  interrupts& signals_;
  int fd_ = -1;
  int failed_ = 0; ///< An errno.
};

} // namespace

caf::expected<exit_code> admin_backup(session& s, const arguments& args) {
  const auto name = s.around().folder / args.operand(0);
  std::error_code ignored;
  if (fs::exists(name, ignored) && !args.has("force"))
    return usage_problem(name.string() + " is there already; --force replaces it");
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  growing_file file{name, s.around().signals};
  const auto cannot_write = [&] {
    return local_problem("unwritable", "cannot write " + name.string() + ": "
                                         + std::generic_category().message(file.failed()));
  };
  if (file.failed() != 0)
    return cannot_write();
  progress shown{s};
  shown.begin("backup");
  uint64_t size = 0;
  http::request what;
  what.target = "/v1/backup";
  const auto read = door->fetch(what, [&](std::string_view bytes) {
    shown.detail(size_text(size += bytes.size()));
    return file.add(bytes);
  });
  if (file.failed() != 0)
    return cannot_write();
  if (!read) {
    auto problem = problem_of(read.error());
    if (size > 0) { // it had begun
      problem["code"] = "incomplete";
      problem["detail"] = "the platform could not finish the backup";
      problem["next"] = "Is the journal damaged? backend-im admin journal verify";
      problem["exit"] = static_cast<int>(exit_code::failed);
    }
    return make_problem(std::move(problem));
  }
  if (!file.complete())
    return cannot_write();
  shown.end();
  if (s.json())
    s.print_json(boost::json::object{{"file", name.string()}, {"size", size}});
  else
    s.print(name.string());
  return exit_code::ok;
}

} // namespace backendim::cli
