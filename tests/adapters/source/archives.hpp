#pragma once

#include "adapters/blob_store.hpp"
#include "protocol/error.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace backendim::test {

/// A blob in memory, read in pieces; damaged: its last read fails.
class text_blob : public blob_reader {
public:
  explicit text_blob(std::string bytes, bool damaged = false)
    : bytes_{std::move(bytes)}, damaged_{damaged} {}

  caf::expected<size_t> read(std::span<std::byte> into) override {
    const auto size = std::min(into.size(), bytes_.size() - at_);
    if (size == 0 && damaged_)
      return caf::make_error(ec::internal, "damaged");
    std::memcpy(into.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

private:
  std::string bytes_;
  size_t at_ = 0;
  bool damaged_;
};

struct tar_entry {
  std::string name;
  std::string data;
  unsigned type = AE_IFREG;
  std::string link = ""; ///< Of a symbolic link; of anything else it makes a hard link.
  int mode = 0644;
  std::optional<int64_t> sparse_size = std::nullopt; ///< What follows the data is a hole.
};

inline tar_entry soft_link(std::string name, std::string target) {
  return {std::move(name), "", AE_IFLNK, std::move(target)};
}
inline tar_entry hard_link(std::string name, std::string target) {
  return {std::move(name), "", AE_IFREG, std::move(target)};
}
inline tar_entry folder_entry(std::string name) {
  return {std::move(name), "", AE_IFDIR, "", 0755};
}

/// A tar of these entries, whatever they are.
inline std::string make_tar(const std::vector<tar_entry>& entries, const char* filter = nullptr) {
  std::string result;
  auto* out = archive_write_new();
  archive_write_set_format_pax(out);
  archive_write_set_options(out, "hdrcharset=BINARY");
  if (filter)
    archive_write_add_filter_by_name(out, filter);
  archive_write_set_bytes_in_last_block(out, 1);
  archive_write_open2(
    out, &result, nullptr,
    [](archive*, void* to, const void* bytes, size_t size) {
      static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
      return static_cast<la_ssize_t>(size);
    },
    nullptr, nullptr);
  for (const auto& x : entries) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, x.name.c_str());
    archive_entry_set_filetype(entry, x.type);
    archive_entry_set_perm(entry, static_cast<mode_t>(x.mode));
    if (x.type == AE_IFLNK)
      archive_entry_set_symlink(entry, x.link.c_str());
    else if (!x.link.empty())
      archive_entry_set_hardlink(entry, x.link.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(x.data.size()));
    if (x.sparse_size) {
      archive_entry_set_size(entry, *x.sparse_size);
      archive_entry_sparse_add_entry(entry, 0, static_cast<la_int64_t>(x.data.size()));
    }
    if (archive_write_header(out, entry) != ARCHIVE_OK)
      throw std::runtime_error{x.name + ": " + archive_error_string(out)};
    if (!x.data.empty())
      archive_write_data(out, x.data.data(), x.data.size());
    archive_entry_free(entry);
  }
  archive_write_free(out);
  return result;
}

/// Every file (its bytes, "x " before those of a program) and link ("-> target") below *folder*.
inline std::map<std::string, std::string> tree_of(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> result;
  for (const auto& x : fs::recursive_directory_iterator{folder}) {
    const auto name = x.path().lexically_relative(folder).string();
    if (x.is_symlink()) {
      result[name] = "-> " + fs::read_symlink(x.path()).string();
    } else if (x.is_regular_file()) {
      std::ifstream in{x.path(), std::ios::binary};
      const bool program = (x.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
      result[name] = (program ? "x " : "") + std::string{std::istreambuf_iterator<char>{in}, {}};
    }
  }
  return result;
}

using tree = std::map<std::string, std::string>;

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary} << text;
}

} // namespace backendim::test
