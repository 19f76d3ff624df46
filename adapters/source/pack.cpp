#include "adapters/source/pack.hpp"

#include "adapters/source/entry_rules.hpp"
#include "adapters/source/ignored_files.hpp"
#include "protocol/error.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

namespace backendim::source {

namespace fs = std::filesystem;

namespace {

using writing = std::unique_ptr<archive, decltype(&archive_write_free)>;
using entry_ptr = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

caf::error write_error(archive* out, const fs::path& file) {
  const auto* text = archive_error_string(out);
  return caf::make_error(ec::unavailable, "cannot write " + file.string() + ": "
                                            + (text ? text : "no reason given"));
}

/// Adds one file or link; returns its size.
caf::expected<uint64_t> add(archive* out, const fs::path& folder, const std::string& name,
                            const fs::path& archive_file) {
  if (const auto trouble = name_trouble(name); !trouble.empty())
    return caf::make_error(ec::invalid_request,
                           name + " " + trouble + "; name it in .gitignore to leave it out");
  const auto path = folder / name;
  std::error_code failed;
  const auto status = fs::symlink_status(path, failed);
  const entry_ptr entry{archive_entry_new(), &archive_entry_free};
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (fs::is_symlink(status)) {
    const auto target = fs::read_symlink(path, failed).string();
    if (const auto trouble = link_trouble(name, target); !trouble.empty())
      return caf::make_error(ec::invalid_request,
                             name + " " + trouble + "; name it in .gitignore to leave it out");
    archive_entry_set_filetype(entry.get(), AE_IFLNK);
    archive_entry_set_perm(entry.get(), 0777);
    archive_entry_set_symlink(entry.get(), target.c_str());
    if (archive_write_header(out, entry.get()) != ARCHIVE_OK)
      return write_error(out, archive_file);
    return 0;
  }
  if (!fs::is_regular_file(status))
    return caf::make_error(ec::invalid_request,
                           name + " is neither a file nor a link; name it in .gitignore");
  const auto size = fs::file_size(path, failed);
  std::ifstream in{path, std::ios::binary};
  if (failed || !in)
    return caf::make_error(ec::unavailable, "cannot read " + path.string());
  const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), executable ? 0755 : 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  if (archive_write_header(out, entry.get()) != ARCHIVE_OK)
    return write_error(out, archive_file);
  std::array<char, 64 << 10> piece{};
  uint64_t left = size; // of a file that grows meanwhile only this much
  while (left > 0
         && in.read(piece.data(),
                    static_cast<std::streamsize>(std::min<uint64_t>(left, piece.size())))) {
    if (archive_write_data(out, piece.data(), static_cast<size_t>(in.gcount())) < 0)
      return write_error(out, archive_file);
    left -= static_cast<uint64_t>(in.gcount());
  }
  if (left > 0)
    return caf::make_error(ec::unavailable, path.string() + " changed while it was read");
  return size;
}

} // namespace

caf::expected<packed_source> pack(const fs::path& folder, const fs::path& archive_file,
                                  const pack_options& options) {
  auto files = source_files(folder);
  if (!files)
    return std::move(files.error());
  packed_source result;
  std::vector<std::string> included;
  for (const auto& wish : options.include) {
    auto name = fs::path{wish}.lexically_normal().string();
    if (!name_trouble(name).empty() || !fs::is_regular_file(folder / name))
      return caf::make_error(ec::invalid_request, "there is no file " + wish + " to include");
    included.push_back(std::move(name));
  }
  for (const auto& name : *files)
    if (holds_credentials(name) && std::ranges::find(included, name) == included.end())
      result.held_back.push_back(name);
  std::erase_if(*files, [&](const auto& name) {
    return std::ranges::find(result.held_back, name) != result.held_back.end();
  });
  files->insert(files->end(), included.begin(), included.end());
  std::ranges::sort(*files);
  files->erase(std::unique(files->begin(), files->end()), files->end());
  if (files->empty())
    return caf::make_error(ec::invalid_request, folder.string() + " has no files to deploy");
  if (files->size() > options.max_files)
    return caf::make_error(ec::too_large, std::to_string(files->size()) + " files are more than "
                                            + std::to_string(options.max_files)
                                            + "; name what the build makes itself in .gitignore");

  const writing out{archive_write_new(), &archive_write_free};
  archive_write_set_format_pax_restricted(out.get());
  archive_write_set_options(out.get(), "hdrcharset=BINARY"); // names are bytes, in any locale
  archive_write_add_filter_zstd(out.get());
  archive_write_set_options(out.get(), "zstd:compression-level=3");
  if (archive_write_open_filename(out.get(), archive_file.c_str()) != ARCHIVE_OK)
    return write_error(out.get(), archive_file);
  for (const auto& name : *files) {
    auto size = add(out.get(), folder, name, archive_file);
    if (!size)
      return std::move(size.error());
    result.bytes += *size;
    if (result.bytes > options.max_bytes)
      return caf::make_error(ec::too_large,
                             "the source has more than " + std::to_string(options.max_bytes)
                               + " bytes; name what the build makes itself in .gitignore");
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK)
    return write_error(out.get(), archive_file);
  result.files = files->size();
  std::error_code ignored;
  result.packed = fs::file_size(archive_file, ignored);
  return result;
}

} // namespace backendim::source
