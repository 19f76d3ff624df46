#include "adapters/source/fetcher.hpp"

#include "adapters/source/entry_rules.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"
#include "protocol/plain_text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace backendim::source {

namespace fs = std::filesystem;

namespace {

caf::error rejected(std::string message, std::string next, std::vector<std::string> evidence = {}) {
  return make_failure(ec::invalid_request, {cause::source_rejected, std::move(message),
                                            std::move(evidence), std::move(next)});
}

caf::error too_much(const source_limits& limits) {
  return make_failure(ec::too_large,
                      {cause::source_rejected,
                       "The source has more than " + std::to_string(limits.max_files) + " files or "
                         + std::to_string(limits.max_bytes) + " bytes.",
                       {},
                       "Leave out what the build makes itself: name it in .gitignore."});
}

caf::error stopped() {
  return caf::make_error(ec::timed_out, "stopped while fetching the source");
}

caf::error cannot_write(const fs::path& path, std::errc why) {
  auto text = "cannot write " + path.string() + ": " + std::make_error_code(why).message();
  if (why == std::errc::no_space_on_device || why == std::errc{EDQUOT})
    return disk_full(std::move(text));
  return caf::make_error(ec::unavailable, std::move(text));
}

/// Removes the folder unless told that all went well.
class unfinished_folder {
public:
  explicit unfinished_folder(fs::path path) : path_{std::move(path)} {}
  ~unfinished_folder() {
    std::error_code ignored;
    if (!path_.empty())
      fs::remove_all(path_, ignored);
  }
  void keep() { path_.clear(); }

private:
  fs::path path_;
};

/// libarchive's view of a blob.
struct blob_feed {
  blob_reader& blob;
  std::array<std::byte, 64 << 10> piece{};
  caf::error failed{};

  static la_ssize_t read(archive* a, void* self, const void** bytes) {
    auto& feed = *static_cast<blob_feed*>(self);
    auto got = feed.blob.read(feed.piece);
    if (!got) {
      feed.failed = std::move(got.error());
      archive_set_error(a, EIO, "the blob cannot be read");
      return -1;
    }
    *bytes = feed.piece.data();
    return static_cast<la_ssize_t>(*got);
  }
};

using reading = std::unique_ptr<archive, decltype(&archive_read_free)>;
using writing = std::unique_ptr<archive, decltype(&archive_write_free)>;

class unpacking {
public:
  unpacking(blob_reader& blob, const fs::path& into, const source_limits& limits,
            std::stop_token stop)
    : feed_{blob}, into_{into}, limits_{limits}, stop_{std::move(stop)} {}

  caf::expected<unpacked_source> run() {
    archive_read_support_filter_zstd(in_.get());
    archive_read_support_filter_gzip(in_.get());
    archive_read_support_format_tar(in_.get());
    archive_write_disk_set_options(out_.get(), ARCHIVE_EXTRACT_SECURE_SYMLINKS
                                                 | ARCHIVE_EXTRACT_SECURE_NODOTDOT
                                                 | ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_PERM);
    if (archive_read_open2(in_.get(), &feed_, nullptr, &blob_feed::read, nullptr, nullptr)
        != ARCHIVE_OK)
      return unreadable();
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(in_.get(), &entry);
      if (status == ARCHIVE_EOF)
        break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return unreadable();
      if (stop_.stop_requested())
        return stopped();
      if (auto why = take(entry))
        return why;
    }
    // What follows the archive's end is read too: the blob's digest is checked at its own end.
    while (true) {
      auto rest = feed_.blob.read(feed_.piece);
      if (!rest)
        return std::move(rest.error());
      if (*rest == 0)
        break;
    }
    return total_;
  }

private:
  caf::error unreadable() {
    if (feed_.failed)
      return feed_.failed;
    const auto* text = archive_error_string(in_.get());
    return rejected("The source archive cannot be read.",
                    "Send a tar archive, plain or compressed with zstd or gzip.",
                    {text ? text : "no reason given"});
  }

  caf::error take(archive_entry* entry) {
    const auto* raw = archive_entry_pathname(entry);
    const std::string name = raw ? raw : "";
    const auto refuse = [&](const std::string& trouble) {
      return rejected("The archive's entry " + shortened(name, 200) + " " + trouble + ".",
                      "Pack the project's folder with plain files and links inside of it.");
    };
    if (const auto trouble = name_trouble(name); !trouble.empty())
      return refuse(trouble);
    if (++total_.files > limits_.max_files)
      return too_much(limits_);
    if (archive_entry_filetype(entry) != AE_IFDIR
        && fs::path{name}.lexically_normal().filename() == ".")
      return refuse("is the source folder itself, but no folder");
    const bool executable = (archive_entry_perm(entry) & 0111) != 0;
    const auto* hard_link = archive_entry_hardlink(entry);
    std::string link_place; // libarchive keeps a copy
    if (hard_link) {
      if (const auto trouble = name_trouble(hard_link); !trouble.empty())
        return refuse("is a hard link that leaves the source folder");
      link_place = (into_ / hard_link).string();
      std::error_code
        ignored; // a second name of a symbolic link would read its ".." from elsewhere
      if (fs::is_symlink(fs::symlink_status(link_place, ignored)))
        return refuse("is a hard link to a symbolic link");
      archive_entry_set_hardlink(entry, link_place.c_str());
    }
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR: archive_entry_set_perm(entry, 0755); break;
      case AE_IFREG: archive_entry_set_perm(entry, executable ? 0755 : 0644); break;
      case AE_IFLNK: {
        const auto* target = archive_entry_symlink(entry);
        if (const auto trouble = link_trouble(name, target ? target : ""); !trouble.empty())
          return refuse(trouble);
        break;
      }
      default:
        if (!hard_link)
          return refuse("is a device, a pipe or a socket");
    }
    // The size of a sparse file has its holes in it: they are what a bomb of zeros is made of.
    const auto before = total_.bytes;
    if (archive_entry_filetype(entry) == AE_IFREG && !hard_link)
      total_.bytes += static_cast<uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
    if (total_.bytes > limits_.max_bytes)
      return too_much(limits_);
    archive_entry_set_pathname(entry, (into_ / name).c_str());
    if (archive_write_header(out_.get(), entry) < ARCHIVE_WARN)
      return write_error(name);
    return archive_entry_filetype(entry) == AE_IFREG ? copy_data(name, before) : finish(name);
  }

  caf::error copy_data(const std::string& name, uint64_t before) {
    for (;;) {
      const void* bytes = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(in_.get(), &bytes, &size, &offset);
      if (status == ARCHIVE_EOF)
        return finish(name);
      if (status != ARCHIVE_OK)
        return unreadable();
      // An entry may hold more than it said.
      total_.bytes = std::max(total_.bytes, before + static_cast<uint64_t>(offset) + size);
      if (total_.bytes > limits_.max_bytes)
        return too_much(limits_);
      if (stop_.stop_requested())
        return stopped();
      if (archive_write_data_block(out_.get(), bytes, size, offset) < ARCHIVE_WARN)
        return write_error(name);
    }
  }

  caf::error finish(const std::string& name) {
    return archive_write_finish_entry(out_.get()) < ARCHIVE_WARN ? write_error(name) : caf::error{};
  }

  caf::error write_error(const std::string& name) {
    const auto* text = archive_error_string(out_.get());
    const int number = archive_errno(out_.get());
    // Anything but a full or broken disk is the archive's fault: a file where a folder should be.
    if (number == ENOSPC || number == EDQUOT || number == EIO || number == EROFS
        || number == EACCES)
      return cannot_write(into_ / name, std::errc{number});
    return rejected("The archive's entry " + shortened(name, 200) + " cannot be unpacked.",
                    "Pack the project's folder anew.", {text ? text : "no reason given"});
  }

  blob_feed feed_;
  const fs::path& into_;
  const source_limits& limits_;
  std::stop_token stop_;
  unpacked_source total_;
  reading in_{archive_read_new(), &archive_read_free};
  writing out_{archive_write_disk_new(), &archive_write_free};
};

bool allowed_url(const std::string& url, bool local) {
  if (url.empty() || url.front() == '-' || url.find_first_of("\n\r\t ") != url.npos)
    return false;
  for (const auto* scheme : {"https://", "http://", "ssh://"})
    if (url.starts_with(scheme))
      return true;
  if (url.starts_with("file://"))
    return local;
  const auto at = url.find('@'), colon = url.find(':');
  return at != url.npos && colon != url.npos && at < colon && url.find("://") == url.npos
         && url.find('/') > colon;
}

class fetcher : public source_fetcher {
public:
  explicit fetcher(fetcher_options options) : options_{options} {}

  caf::expected<unpacked_source> unpack(blob_reader& blob, const fs::path& into,
                                        const source_limits& limits,
                                        std::stop_token stop) override {
    unfinished_folder folder{into};
    std::error_code failed;
    fs::create_directories(into, failed);
    if (failed)
      return cannot_write(into, std::errc{failed.value()});
    // Links are refused anywhere on the way to an entry, so the way to the folder has none.
    const auto real = fs::canonical(into, failed);
    unpacking work{blob, real, limits, std::move(stop)};
    auto result = work.run();
    if (result)
      folder.keep();
    return result;
  }

  caf::expected<unpacked_source> clone(const std::string& url, const std::string& ref,
                                       const fs::path& into, const source_limits& limits,
                                       const line_sink& on_line, std::stop_token stop) override {
    if (!allowed_url(url, options_.local_repositories))
      return rejected("The repository " + shortened(url, 200)
                        + " is not at an address that may be "
                          "cloned from.",
                      "Use https, ssh or git@host:path.");
    if (!ref.empty()
        && (ref.front() == '-' || ref.find_first_of(" \t:^~?*[\\") != ref.npos
            || plain_text(ref) != ref))
      return rejected(in_quotes(ref) + " is no branch, tag or commit.",
                      "Name one that the repository has.");
    unfinished_folder folder{into};
    std::error_code failed;
    fs::create_directories(into, failed);
    if (failed)
      return cannot_write(into, std::errc{failed.value()});
    const auto wanted = ref.empty() ? std::string{"HEAD"} : ref;
    const std::vector<std::vector<std::string>> steps{
      {"git", "init", "-q", "."},
      {"git", "fetch", "--progress", "--depth", "1", "--no-tags", "--no-recurse-submodules", url,
       wanted},
      {"git", "-c", "advice.detachedHead=false", "checkout", "-q", "FETCH_HEAD"}};
    for (const auto& step : steps)
      if (auto why = git(step, url, wanted, into, limits, on_line, stop))
        return why;
    fs::remove_all(into / ".git", failed);
    auto counted = count(into, limits);
    if (counted)
      folder.keep();
    return counted;
  }

private:
  caf::error git(const std::vector<std::string>& step, const std::string& url,
                 const std::string& ref, const fs::path& into, const source_limits& limits,
                 const line_sink& on_line, const std::stop_token& stop) const {
    subprocess::command x;
    x.argv = step;
    x.folder = into;
    x.max_file_bytes = limits.max_bytes;
    x.limit = std::chrono::minutes{10};
    // The operator's own settings reach git: proxy, CA, keys. Nothing may ask a question.
    for (const auto* name : {"PATH", "HOME", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY",
                             "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "GIT_SSL_CAINFO"})
      if (const auto* value = std::getenv(name))
        x.env[name] = value;
    x.env["GIT_TERMINAL_PROMPT"] = "0";
    x.env["GIT_ALLOW_PROTOCOL"]
      = options_.local_repositories ? "https:http:ssh:file" : "https:http:ssh";
    x.env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new";
    x.env["LC_ALL"] = "C";
    auto ran = subprocess::run(x, on_line, stop);
    if (!ran)
      return std::move(ran.error());
    if (ran->stopped)
      return stopped();
    if (ran->good())
      return {};
    return rejected("git cannot fetch " + ref + " of " + shortened(url, 200) + ".",
                    "Check the address, that the branch, tag or commit exists, and that this "
                    "machine may read it.",
                    {ran->tail.begin(), ran->tail.end()});
  }

  static caf::expected<unpacked_source> count(const fs::path& into, const source_limits& limits) {
    unpacked_source result;
    std::error_code failed;
    for (fs::recursive_directory_iterator i{into, failed}, end; !failed && i != end;
         i.increment(failed)) {
      if (i->is_symlink()) {
        const auto name = fs::relative(i->path().parent_path(), into) / i->path().filename();
        if (const auto trouble = link_trouble(name, fs::read_symlink(i->path()).string());
            !trouble.empty())
          return rejected("The repository's file " + name.string() + " " + trouble + ".",
                          "Links have to stay inside of the repository.");
      } else if (i->is_regular_file()) {
        result.bytes += i->file_size();
      }
      if (++result.files > limits.max_files || result.bytes > limits.max_bytes)
        return too_much(limits);
    }
    if (failed)
      return cannot_write(into, std::errc{failed.value()});
    return result;
  }

  fetcher_options options_;
};

} // namespace

std::shared_ptr<source_fetcher> make_fetcher(fetcher_options options) {
  return std::make_shared<fetcher>(options);
}

} // namespace backendim::source
