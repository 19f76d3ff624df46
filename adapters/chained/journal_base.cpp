#include "adapters/chained/journal_base.hpp"

#include "protocol/error.hpp"
#include "protocol/event_codec.hpp"

#include <algorithm>
#include <utility>

namespace backendim::chained {

namespace {

constexpr uint64_t verified_at_once = 1'000;

/// A damage that the store found itself, with the stream that was asked for.
caf::error with_stream(const caf::error& why, const std::string& stream) {
  return why == ec::internal ? error_of(journal_damage{stream, 0, 0, text_of(why)}) : why;
}

/// Gives *x* its meta. A meta that cannot be read is a damage.
std::optional<journal_damage> decode_meta(stored_record& x) {
  auto meta = from_kept_text<request_meta>(x.meta);
  if (!meta)
    return journal_damage{x.what.stream, x.what.version, x.what.position, "meta cannot be read"};
  x.what.event.meta = std::move(*meta);
  return std::nullopt;
}

/// Keeps the first damage it hears of.
struct first_damage {
  std::optional<journal_damage> found;

  void operator()(journal_damage x) {
    if (!found)
      found = std::move(x);
  }
};

} // namespace

journal::read_result journal_base::read(const std::string& stream, uint64_t from_version,
                                        uint32_t limit) {
  const auto first = std::max<uint64_t>(from_version, 1);
  const uint64_t anchors = first > 1; // the record in front is read, too: the others hang on it
  auto page = rows_of(stream, first - anchors, uint64_t{limit} + anchors);
  if (!page)
    return with_stream(page.error(), stream);
  auto& [head, rows] = *page;
  if (rows.empty() && head.version == 0 && streams_missing_)
    return error_of(journal_damage{
      stream, 0, 0, "streams are missing and this may be one; backend-im admin journal verify"});
  std::vector<recorded_event> result;
  if (rows.empty() && head.version + anchors < first)
    return result; // nothing is to be there
  first_damage damage;
  stream_check check{stream, head, first - anchors, std::ref(damage)};
  for (const auto& x : rows)
    check.take(x);
  if (rows.size() < limit + anchors || (!rows.empty() && rows.back().what.version == head.version))
    check.end();
  for (auto& x : rows) {
    if (!damage.found)
      damage.found = decode_meta(x);
    if (x.what.version >= first)
      result.push_back(std::move(x.what));
  }
  if (damage.found)
    return error_of(*damage.found);
  return result;
}

journal::read_result journal_base::read_all(uint64_t from_position, uint32_t limit) {
  auto next = std::max<uint64_t>(from_position, 1);
  auto page = rows_from(next, limit);
  if (!page)
    return with_stream(page.error(), "");
  std::vector<recorded_event> result;
  for (auto& [x, before] : page->rows) {
    if (x.what.position != next++)
      return error_of(journal_damage{"", 0, next - 1, "lost"});
    if (x.what.version > 1 && !before)
      return error_of(journal_damage{x.what.stream, x.what.version - 1, 0, "lost"});
    if (link_of(before.value_or(link{}), x.what, x.meta) != x.own)
      return error_of(journal_damage{x.what.stream, x.what.version, x.what.position,
                                     "changed: its link does not match"});
    if (auto damage = decode_meta(x))
      return error_of(*damage);
    result.push_back(std::move(x.what));
  }
  if (result.size() < limit && next <= page->head.position)
    return error_of(journal_damage{"", 0, next, "cut off"});
  return result;
}

journal::snapshot_result journal_base::load_snapshot(const std::string& stream) {
  auto found = snapshot_of(stream);
  if (!found && found.error() != ec::internal)
    return std::move(found.error());
  if (!found || !*found || !(*found)->at
      || seal_of((*found)->what, *(*found)->at) != (*found)->seal)
    return std::optional<stream_snapshot>{};
  return std::optional{std::move((*found)->what)};
}

uint64_t journal_base::when_longer(uint64_t position, std::function<void()> grown) {
  return tail_.when_longer(position, std::move(grown));
}

void journal_base::cancel(uint64_t ticket) {
  tail_.cancel(ticket);
}

/// One look at everything.
class journal_base::verification {
public:
  verification(journal_base& store, const damage_sink& on_damage, std::stop_token stop)
    : store_{store}, on_damage_{on_damage}, stop_{std::move(stop)} {}

  caf::expected<journal_report> run() {
    if (auto head = store_.head())
      begin_ = *head;
    else if (head.error() == ec::internal)
      report({"", 0, 0, text_of(head.error())});
    else
      return std::move(head.error());
    result_.position = begin_.position;
    check_streams([&](const auto& after) { return store_.streams("", after, verified_at_once); },
                  [&](const auto& name) { check_stream(name); });
    if (result_.streams < begin_.streams)
      report({"", 0, 0,
              std::to_string(begin_.streams - result_.streams) + " streams of "
                + std::to_string(begin_.streams) + " are missing"});
    check_streams(
      [&](const auto& after) { return store_.recorded_streams(after, verified_at_once); },
      [&](const auto& name) { check_listed(name); });
    check_positions();
    if (!failed_ && result_.damages == 0)
      for (auto& line : store_.store_trouble())
        report({"", 0, 0, std::move(line)});
    if (failed_)
      return std::move(failed_);
    return result_;
  }

private:
  void report(const journal_damage& x) {
    ++result_.damages;
    lost_ += x.version != 0 && x.position == 0;
    on_damage_(x);
  }

  /// Whether *why* ends the look; damage does not.
  bool fatal(const caf::error& why) {
    if (why != ec::internal)
      failed_ = why;
    return failed_ ? true : false;
  }

  bool stopped() {
    if (!failed_ && stop_.stop_requested())
      failed_ = caf::make_error(ec::unavailable, "the look at the journal was ended");
    return failed_ ? true : false;
  }

  template <class Page, class Each>
  void check_streams(Page page_behind, Each check) {
    std::string after;
    for (bool more = true; more && !stopped();) {
      auto names = page_behind(after);
      if (!names) {
        if (!fatal(names.error()))
          report({"", 0, 0, text_of(names.error())});
        return;
      }
      for (const auto& name : *names) {
        if (stopped())
          return;
        check(name);
        after = name;
      }
      more = names->size() == verified_at_once;
    }
  }

  void check_stream(const std::string& name) {
    ++result_.streams;
    const auto head = store_.head_of(name);
    if (!head) {
      if (!fatal(head.error()))
        report({name, 0, 0, text_of(head.error())});
      return;
    }
    stream_check check{name, *head, 1, [this](const journal_damage& x) { report(x); }};
    for (uint64_t from = 1; from <= head->version;) {
      const auto page = store_.rows_of(name, from, verified_at_once);
      if (!page && fatal(page.error()))
        return;
      const auto until = page ? from : std::min(from + verified_at_once - 1, head->version);
      for (; !page && from <= until; ++from)
        check_record(check, name, from);
      if (!page)
        continue;
      for (const auto& x : page->rows)
        if (x.what.version <= head->version || page->head == *head) // not what came meanwhile
          take(check, x);
      if (page->rows.size() < verified_at_once)
        break;
      from = page->rows.back().what.version + 1;
    }
    check.end();
  }

  void take(stream_check& check, const stored_record& x) {
    ++result_.events;
    check.take(x);
  }

  /// Of a page that cannot be read as a whole.
  void check_record(stream_check& check, const std::string& name, uint64_t version) {
    const auto one = store_.rows_of(name, version, 1);
    if (one && !one->rows.empty() && one->rows.front().what.version == version)
      take(check, one->rows.front());
    else if (!one && !fatal(one.error()))
      check.take_unreadable(version, store_.place_of(name, version), text_of(one.error()));
  }

  /// A stream with records has to have a head.
  void check_listed(const std::string& name) {
    const auto head = store_.head_of(name);
    if (head && head->version == 0)
      report({name, 0, 0, "its kept end is lost"});
  }

  /// Positions that no record has, beyond those of records that are known to be lost.
  void check_positions() {
    std::vector<std::pair<uint64_t, uint64_t>> gaps; // first and last
    uint64_t missing = 0;
    uint64_t next = 1;
    const auto gap_to = [&](uint64_t end) {
      if (next >= end)
        return;
      gaps.emplace_back(next, end - 1);
      missing += end - next;
    };
    constexpr uint64_t at_once = 10'000;
    for (bool more = true; more && !stopped();) {
      const auto taken = store_.positions_from(next, at_once);
      if (!taken) {
        (void)fatal(taken.error()); // damage has been reported with its streams
        return;
      }
      for (const auto x : *taken) {
        if (x > begin_.position)
          break;
        gap_to(x);
        next = x + 1;
      }
      more = taken->size() == at_once && next <= begin_.position;
    }
    gap_to(begin_.position + 1);
    if (missing > lost_)
      for (const auto& [first, last] : gaps)
        report(
          {"", 0, first, last == first ? "lost" : "lost, up to position " + std::to_string(last)});
  }

  journal_base& store_;
  const damage_sink& on_damage_;
  std::stop_token stop_;
  journal_head begin_;
  journal_report result_;
  uint64_t lost_ = 0; ///< Records whose streams are known.
  caf::error failed_;
};

caf::expected<journal_report> journal_base::verify(const damage_sink& on_damage,
                                                   std::stop_token stop) {
  return verification{*this, on_damage, std::move(stop)}.run();
}

} // namespace backendim::chained
