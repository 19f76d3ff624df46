#pragma once

#include "adapters/backup/writer.hpp"
#include "protocol/error.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace backendim::test {

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary} << bytes;
}

/// The whole of a backup.
inline caf::expected<std::string> make_backup(backup::backup_sources from) {
  backup::backup_writer writer{std::move(from)};
  std::string result;
  for (;;) {
    auto piece = writer.next();
    if (!piece)
      return std::move(piece.error());
    if (piece->empty())
      return result;
    result += *piece;
  }
}

/// Every stream with all that it says.
inline std::map<std::string, std::vector<recorded_event>> all_streams(journal& x) {
  std::map<std::string, std::vector<recorded_event>> result;
  const auto names = x.streams("", "", 1'000'000);
  EXPECT_TRUE(names) << render(names.error());
  for (const auto& name : *names) {
    auto events = x.read(name, 1, 1'000'000);
    EXPECT_TRUE(events) << render(events.error());
    if (events)
      result[name] = std::move(*events);
  }
  return result;
}

inline std::string keep_blob(blob_store& store, const std::string& content) {
  auto begun = store.begin(1 << 30);
  auto writer = std::move(*begun);
  EXPECT_TRUE(writer->write(std::as_bytes(std::span{content})));
  return writer->finish()->digest;
}

inline std::string blob_content(blob_store& store, const std::string& digest) {
  auto reader = store.open(digest);
  if (!reader)
    return render(reader.error());
  std::string result;
  for (std::string piece(1 << 16, '\0');;) {
    const auto got = (*reader)->read(std::as_writable_bytes(std::span{piece}));
    if (!got)
      return render(got.error());
    if (*got == 0)
      return result;
    result.append(piece, 0, *got);
  }
}

} // namespace backendim::test
