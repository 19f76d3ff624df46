#include "adapters/backup/writer.hpp"

#include "adapters/backup/manifest.hpp"
#include "adapters/chained/link.hpp"
#include "protocol/error.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <utility>

namespace backendim::backup {

namespace {

constexpr uint32_t events_at_once = 500;
constexpr size_t journal_piece = 4 << 20; // a member of the archive, and what of it is in memory
constexpr size_t blob_piece = 256 << 10;
constexpr size_t blobs_at_once = 500;

using entry_ptr = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

la_ssize_t take_bytes(archive*, void* to, const void* bytes, size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

} // namespace

struct backup_writer::impl {
  enum class stage { fresh, events, secret_files, blob_files, end, done };

  explicit impl(backup_sources x) : from{std::move(x)} {}

  caf::error begin();
  caf::error work();
  caf::error add_journal();
  caf::error add_secrets();
  caf::error add_blob();
  caf::error continue_blob();
  caf::error add_end();
  caf::error begin_member(const std::string& name, uint64_t size);
  caf::error add_bytes(std::string_view bytes);
  caf::error add_member(const std::string& name, std::string_view content);
  caf::error archive_error();

  backup_sources from;
  stage now = stage::fresh;
  std::string made; ///< Bytes that nobody has taken yet.
  std::unique_ptr<archive, decltype(&archive_write_free)> out{archive_write_new(),
                                                              &archive_write_free};
  file_digest digest;
  backup_manifest manifest;
  uint64_t position = 0; ///< Of the last event that is in.
  std::map<std::string, chained::stream_head> heads;
  std::deque<kept_blob> blobs; ///< To come.
  std::string last_blob;
  bool more_blobs = true;
  std::unique_ptr<blob_reader> blob; ///< Under way.
  uint64_t blob_left = 0;
};

caf::error backup_writer::impl::archive_error() {
  const auto* text = archive_error_string(out.get());
  return caf::make_error(ec::unavailable, std::string{"cannot pack: "} + (text ? text : "?"));
}

caf::error backup_writer::impl::begin_member(const std::string& name, uint64_t size) {
  const entry_ptr entry{archive_entry_new(), &archive_entry_free};
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  if (archive_write_header(out.get(), entry.get()) != ARCHIVE_OK)
    return archive_error();
  digest.begin(name, size);
  return {};
}

caf::error backup_writer::impl::add_bytes(std::string_view bytes) {
  digest.add(bytes);
  return archive_write_data(out.get(), bytes.data(), bytes.size())
             == static_cast<la_ssize_t>(bytes.size())
           ? caf::error{}
           : archive_error();
}

caf::error backup_writer::impl::add_member(const std::string& name, std::string_view content) {
  if (auto why = begin_member(name, content.size()))
    return why;
  return add_bytes(content);
}

caf::error backup_writer::impl::begin() {
  const auto head = from.events->head();
  if (!head)
    return head.error();
  manifest.made = caf::make_timestamp();
  manifest.position = head->position;
  archive_write_set_format_pax_restricted(out.get());
  archive_write_add_filter_zstd(out.get());
  archive_write_set_options(out.get(), "zstd:compression-level=3");
  archive_write_set_bytes_per_block(out.get(), 0); // what is ready is given away
  if (archive_write_open(out.get(), &made, nullptr, take_bytes, nullptr) != ARCHIVE_OK)
    return archive_error();
  now = stage::events;
  return {};
}

/// Events up to the position that counts, as many as make one member.
caf::error backup_writer::impl::add_journal() {
  std::string text;
  const auto first = position + 1;
  while (text.size() < journal_piece && position < manifest.position) {
    const auto wanted = std::min<uint64_t>(events_at_once, manifest.position - position);
    const auto page = from.events->read_all(position + 1, static_cast<uint32_t>(wanted));
    if (!page)
      return page.error();
    for (const auto& x : *page) {
      (void)chained::next_record(x.stream, heads[x.stream], x.position, x.event);
      text.append(to_json_text(x)).append("\n");
      position = x.position;
    }
  }
  if (position == manifest.position)
    now = stage::secret_files;
  auto name = std::to_string(first);
  name.insert(0, 20 - std::min<size_t>(name.size(), 20), '0');
  return text.empty() ? caf::error{} : add_member("journal/" + name + ".ndjson", text);
}

caf::error backup_writer::impl::add_secrets() {
  now = stage::blob_files;
  for (const auto name : secrets) {
    std::ifstream in{from.secrets / name, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in)
      return caf::make_error(ec::unavailable, "cannot read " + (from.secrets / name).string());
    if (auto why = add_member("secrets/" + std::string{name}, text))
      return why;
  }
  return {};
}

caf::error backup_writer::impl::add_blob() {
  if (blob)
    return continue_blob();
  if (blobs.empty() && more_blobs) {
    auto page = from.blobs->list(last_blob, blobs_at_once);
    if (!page)
      return std::move(page.error());
    more_blobs = page->size() == blobs_at_once;
    blobs.assign(page->begin(), page->end());
  }
  if (blobs.empty()) {
    now = stage::end;
    return {};
  }
  const auto first = std::move(blobs.front());
  blobs.pop_front();
  last_blob = first.digest;
  auto opened = from.blobs->open(first.digest);
  if (!opened && opened.error() == ec::not_found)
    return {}; // removed meanwhile
  if (!opened)
    return std::move(opened.error());
  blob = std::move(*opened);
  blob_left = first.size;
  ++manifest.blobs;
  return begin_member("blobs/" + crypto::hex_of_blob_name(first.digest), first.size);
}

/// The next piece of the blob under way. One that is not as its name says keeps its size here and
/// is named: it must not keep the rest from being saved.
caf::error backup_writer::impl::continue_blob() {
  std::string piece(blob_piece, '\0');
  const auto got = blob->read(std::as_writable_bytes(std::span{piece}));
  if (!got && got.error() != ec::internal)
    return got.error();
  const auto size = got ? *got : 0;
  const bool right = got && size <= blob_left && (size > 0 || blob_left == 0);
  if (right && size > 0) {
    blob_left -= size;
    return add_bytes(std::string_view{piece}.substr(0, size));
  }
  blob.reset();
  if (right)
    return {};
  manifest.damaged_blobs.push_back(last_blob);
  piece.assign(blob_piece, '\0');
  for (; blob_left > 0; blob_left -= std::min<uint64_t>(blob_left, blob_piece))
    if (auto why = add_bytes(std::string_view{piece}.substr(0, blob_left)))
      return why;
  return {};
}

caf::error backup_writer::impl::add_end() {
  now = stage::done;
  manifest.streams = heads.size();
  manifest.heads = heads_hash(heads);
  if (auto why = add_member("manifest.json", to_json_text(manifest)))
    return why;
  if (auto why = add_member("digest", digest.finish()))
    return why;
  return archive_write_close(out.get()) == ARCHIVE_OK ? caf::error{} : archive_error();
}

caf::error backup_writer::impl::work() {
  switch (now) {
    case stage::fresh: return begin();
    case stage::events: return add_journal();
    case stage::secret_files: return add_secrets();
    case stage::blob_files: return add_blob();
    case stage::end: return add_end();
    case stage::done: break;
  }
  return {};
}

backup_writer::backup_writer(backup_sources from)
  : impl_{std::make_unique<impl>(std::move(from))} {}

backup_writer::~backup_writer() = default;

caf::expected<std::string> backup_writer::next() {
  while (impl_->made.empty() && impl_->now != impl::stage::done)
    if (auto why = impl_->work()) {
      impl_->now = impl::stage::done;
      return why;
    }
  return std::exchange(impl_->made, {});
}

} // namespace backendim::backup
