#pragma once

#include "adapters/sqlite/journal.hpp"
#include "tests/support/journal_world.hpp"
#include "tests/support/temp_folder.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>

namespace backendim::test {

class sqlite_journal_world : public journal_world {
public:
  caf::expected<std::shared_ptr<journal>> open() override {
    return sqlite::open_journal(path().string());
  }
  void inflict(harm what, const std::string& stream, uint64_t version) override {
    for (const auto& sql : sql_of(what, stream, version))
      edit(sql);
  }
  void edit(const std::string& sql) {
    SQLite::Database{path().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(sql);
  }
  std::filesystem::path path() const { return folder_.path() / "journal.db"; }

private:
  temp_folder folder_;
};

} // namespace backendim::test
