#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace backendim {

/// Slots that the jobs of several tenants share: whose turn it is, and how long that may take.
/// A free slot goes to the oldest job of the tenant whose last turn is longest ago, whoever came
/// first. So nobody waits longer for a turn than all others take for one, and who has just had a
/// slot does not have the next one too while somebody else waits.
class slot_lane {
public:
  using ticket = uint64_t;
  using clock = std::chrono::steady_clock;

  struct turn {
    ticket who = 0;
    std::optional<std::chrono::milliseconds> wait; ///< None: no job has ended yet.
  };

  explicit slot_lane(uint32_t slots) : slots_{slots} {}

  void enter(ticket x, const std::string& tenant);
  /// Gives a free slot to whose turn it is; none: no slot is free, or nobody waits. A tenant that
  /// *may* not have one keeps its place while others pass; an empty *may*: all may.
  std::optional<ticket> admit(clock::time_point now,
                              const std::function<bool(const std::string& tenant)>& may = {});
  /// A waiting job is wanted no longer.
  void withdraw(ticket x);
  /// A running job gives its slot back. *usual*: it came to its own end, so its time counts.
  void leave(ticket x, clock::time_point now, bool usual);

  /// Those that wait, in the order of their turns.
  std::vector<turn> turns(clock::time_point now) const;
  /// When the next slot is free; at once without a job that runs.
  std::optional<std::chrono::milliseconds> next_slot(clock::time_point now) const;

  size_t waiting() const;
  size_t waiting_of(const std::string& tenant) const;
  size_t running() const { return running_.size(); }
  uint32_t slots() const { return slots_; }
  /// How long a job takes: a mean in which later ones weigh more.
  std::optional<std::chrono::milliseconds> usual_time() const { return usual_; }

private:
  uint64_t last_turn_of(const std::string& tenant) const;
  /// From now until each slot is free, soonest first.
  std::vector<std::chrono::milliseconds> slots_free_in(clock::time_point now) const;

  uint32_t slots_;
  std::deque<std::string> ring_;         ///< Tenants with a line, whose turn is next in front.
  uint64_t last_turn_ = 0;               ///< Turns are counted.
  std::map<std::string, uint64_t> last_; ///< By tenant: its last turn; none while nothing is done.
  std::map<std::string, std::deque<ticket>> lines_; ///< By tenant, oldest first; none is empty.
  std::map<ticket, clock::time_point> running_;     ///< Since when.
  std::optional<std::chrono::milliseconds> usual_;
};

} // namespace backendim
