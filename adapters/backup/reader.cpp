#include "adapters/backup/reader.hpp"

#include "adapters/chained/link.hpp"
#include "protocol/error.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace backendim::backup {

namespace {

constexpr size_t piece = 256 << 10;
constexpr uint64_t largest_text = 64 << 20; // a journal member ends soon after 4 MiB

class reading {
public:
  reading(const std::filesystem::path& file, const backup_sink& to) : file_{file}, to_{to} {}

  caf::expected<backup_manifest> run() {
    fd_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0)
      return caf::make_error(ec::unavailable, "cannot open " + file_.string());
    archive_read_support_format_tar(in_.get());
    archive_read_support_filter_zstd(in_.get());
    if (archive_read_open_fd(in_.get(), fd_, piece) != ARCHIVE_OK)
      return damaged("it is no archive");
    archive_entry* entry = nullptr;
    int status = ARCHIVE_OK;
    while ((status = archive_read_next_header(in_.get(), &entry)) == ARCHIVE_OK) {
      const auto* name = archive_entry_pathname(entry);
      if (!name || archive_entry_filetype(entry) != AE_IFREG || complete_)
        return damaged("it holds what no backup has");
      if (auto why = take(name, static_cast<uint64_t>(archive_entry_size(entry))))
        return why;
    }
    if (status != ARCHIVE_EOF)
      return damaged("it is cut off or changed");
    if (!complete_)
      return damaged("it is cut off");
    return std::move(manifest_);
  }

  ~reading() {
    in_.reset();
    if (fd_ >= 0)
      ::close(fd_);
  }
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;

private:
  caf::error damaged(const std::string& how) const {
    return caf::make_error(ec::invalid_request, file_.string() + " cannot be used: " + how);
  }

  caf::error take(const std::string& name, uint64_t size) {
    const auto rest = name.substr(std::min(name.find('/'), name.size() - 1) + 1);
    if (name == "digest")
      return take_digest(size);
    digest_.begin(name, size);
    if (name.starts_with("blobs/"))
      return take_blob("sha256:" + rest, size);
    std::string text;
    if (auto why = read_text(size, text))
      return why;
    digest_.add(text);
    if (name == "manifest.json")
      return take_manifest(text);
    if (name.starts_with("journal/"))
      return take_events(text);
    if (!name.starts_with("secrets/")
        || std::ranges::find(secrets, std::string_view{rest}) == std::end(secrets))
      return damaged("it holds " + name + ", which no backup has");
    return to_.on_secret(rest, text);
  }

  caf::error read_text(uint64_t size, std::string& to) {
    if (size > largest_text)
      return damaged("a part of it is too large");
    to.resize(size);
    for (size_t at = 0; at < size;) {
      const auto got = archive_read_data(in_.get(), to.data() + at, size - at);
      if (got <= 0)
        return damaged("it is cut off or changed");
      at += static_cast<size_t>(got);
    }
    return {};
  }

  /// Links the events anew: they have to lead where the manifest says.
  caf::error take_events(std::string_view text) {
    std::vector<recorded_event> events;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      auto x = from_json_text<recorded_event>(text.substr(0, end));
      if (!x)
        return damaged("an event behind position " + std::to_string(position_)
                       + " is not as it was written");
      text.remove_prefix(std::min(end + 1, text.size()));
      auto& head = heads_[x->stream];
      (void)chained::next_record(x->stream, head, ++position_, x->event);
      if (x->position != position_ || x->version != head.version)
        return damaged("stream " + x->stream + " version " + std::to_string(head.version)
                       + " is not where it belongs");
      events.push_back(std::move(*x));
    }
    return to_.on_events(std::move(events));
  }

  caf::error take_blob(const std::string& digest, uint64_t size) {
    if (!crypto::is_blob_name(digest))
      return damaged("a blob in it has no name");
    crypto::sha256 hash;
    std::string bytes(piece, '\0');
    for (uint64_t left = size; left > 0;) {
      const auto got
        = archive_read_data(in_.get(), bytes.data(), std::min<uint64_t>(bytes.size(), left));
      if (got <= 0)
        return damaged("it is cut off or changed");
      const std::string_view part{bytes.data(), static_cast<size_t>(got)};
      hash.add(part);
      digest_.add(part);
      left -= part.size();
      if (auto why = to_.on_blob(digest, part))
        return why;
    }
    ++blobs_;
    if (crypto::blob_name(hash.finish()) != digest)
      wrong_blobs_.insert(digest);
    return to_.on_blob(digest, "");
  }

  caf::error take_manifest(const std::string& text) {
    auto manifest = from_json_text<backup_manifest>(text);
    if (!manifest)
      return damaged("its manifest cannot be read");
    manifest_ = std::move(*manifest);
    if (manifest_.format > newest_format)
      return caf::make_error(ec::conflict, file_.string() + " has format "
                                             + std::to_string(manifest_.format)
                                             + ": a newer backendimd can read it");
    const std::set<std::string> known{manifest_.damaged_blobs.begin(),
                                      manifest_.damaged_blobs.end()};
    if (manifest_.position != position_ || manifest_.streams != heads_.size()
        || manifest_.heads != heads_hash(heads_) || manifest_.blobs != blobs_
        || !std::ranges::includes(known, wrong_blobs_))
      return damaged("it does not hold what its manifest says");
    return {};
  }

  caf::error take_digest(uint64_t size) {
    std::string text;
    if (auto why = read_text(size, text))
      return why;
    if (text != digest_.finish() || manifest_.heads.empty())
      return damaged("it was changed");
    complete_ = true;
    return {};
  }

  std::filesystem::path file_;
  const backup_sink& to_;
  int fd_ = -1;
  std::unique_ptr<archive, decltype(&archive_read_free)> in_{archive_read_new(),
                                                             &archive_read_free};
  file_digest digest_;
  backup_manifest manifest_;
  uint64_t position_ = 0;
  uint64_t blobs_ = 0;
  std::map<std::string, chained::stream_head> heads_;
  std::set<std::string> wrong_blobs_;
  bool complete_ = false;
};

} // namespace

caf::expected<backup_manifest> read_backup(const std::filesystem::path& file,
                                           const backup_sink& to) {
  return reading{file, to}.run();
}

} // namespace backendim::backup
