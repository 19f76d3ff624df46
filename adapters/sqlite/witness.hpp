#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backendim::sqlite {

/// A small file beside the journal that says what was acknowledged last. A write-ahead log that is
/// damaged, cut off or removed looks to SQLite like one whose last transactions never happened;
/// the witness knows better. It is written after each commit and never synced: so it tells the
/// truth after the death of the process, and too little, but nothing false, after a loss of power.
class witness {
public:
  struct entry {
    uint64_t position = 0;
    uint64_t version = 0;
    std::string stream;
  };

  /// *file* may be missing; empty: there is no witness.
  explicit witness(std::filesystem::path file);
  ~witness();
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;

  /// The last events that were acknowledged, oldest first.
  std::vector<entry> acknowledged() const;

  void note(const std::vector<entry>& committed);

private:
  void open();

  std::filesystem::path file_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

} // namespace backendim::sqlite
