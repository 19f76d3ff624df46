#pragma once

#include "tests/support/fake_journal.hpp"
#include "tests/support/journal_world.hpp"

namespace backendim::test {

class fake_journal_world : public journal_world {
public:
  caf::expected<std::shared_ptr<journal>> open() override {
    store_->look_for_streams();
    return std::shared_ptr<journal>{store_};
  }

  void inflict(harm what, const std::string& stream, uint64_t version) override {
    auto& rows = store_->rows;
    const auto is_hit = [&](const auto& x) {
      return x.second.what.stream == stream && x.second.what.version == version;
    };
    const auto hit = std::ranges::find_if(rows, is_hit);
    if (what <= harm::record_moved && hit == rows.end())
      throw std::logic_error{"there is no such record"};
    switch (what) {
      case harm::body_changed: hit->second.what.event.body = "x"; break;
      case harm::type_changed: hit->second.what.event.type = "x"; break;
      case harm::meta_changed:
        hit->second.meta = R"({"who":"eve","request_id":"request-1"})";
        break;
      case harm::time_changed: hit->second.what.event.at += caf::timespan{1}; break;
      case harm::link_changed: hit->second.own = store_->heads.at(stream).last; break;
      case harm::record_lost: rows.erase(hit); break;
      case harm::record_moved: hit->second.what.stream += ' '; break;
      case harm::head_lost: store_->heads.erase(stream); break;
      case harm::stream_lost:
        store_->heads.erase(stream);
        std::erase_if(rows, [&](const auto& x) { return x.second.what.stream == stream; });
        break;
      case harm::snapshot_changed: store_->snapshots.at(stream).what.body = "x"; break;
      case harm::snapshot_moved: --store_->snapshots.at(stream).what.version; break;
    }
  }

private:
  std::shared_ptr<fake_journal> store_ = std::make_shared<fake_journal>();
};

} // namespace backendim::test
