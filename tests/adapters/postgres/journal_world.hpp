#pragma once

#include "adapters/postgres/journal.hpp"
#include "tests/support/journal_world.hpp"
#include "tests/support/postgres_server.hpp"

#include <pqxx/pqxx>

#include <atomic>
#include <string>

namespace backendim::test {

/// A journal in a schema of its own.
class postgres_journal_world : public journal_world {
public:
  ~postgres_journal_world() override { (void)postgres::remove_journal(place); }

  caf::expected<std::shared_ptr<journal>> open() override { return postgres::open_journal(place); }
  void inflict(harm what, const std::string& stream, uint64_t version) override {
    for (const auto& sql : sql_of(what, stream, version))
      edit(sql);
  }
  pqxx::result edit(const std::string& sql) const {
    pqxx::connection connection{place.connection};
    pqxx::work commit{connection};
    commit.exec("SET search_path = " + place.schema);
    auto result = commit.exec(sql);
    commit.commit();
    return result;
  }

  postgres::journal_place place{postgres_server::instance().connection(), fresh_name()};

private:
  static std::string fresh_name() {
    static std::atomic<int> count{0};
    return "journal_" + std::to_string(++count);
  }
};

} // namespace backendim::test
