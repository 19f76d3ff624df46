#pragma once

#include "actors/disk_trend.hpp"
#include "protocol/directory.hpp"
#include "protocol/disk.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace backendim {

/// What metrics show of a node's disks.
struct disk_figures {
  std::atomic<uint64_t> free_bytes{0}; ///< Of the disk that has least.
  std::atomic<uint64_t> freed_bytes{0};
};

struct disk_config {
  std::chrono::milliseconds first{std::chrono::minutes{10}}; ///< After the start.
  std::chrono::milliseconds every{std::chrono::hours{6}};
  std::chrono::milliseconds again{std::chrono::minutes{10}}; ///< When nothing could be removed.
  std::chrono::milliseconds grace{std::chrono::hours{1}};
  std::chrono::milliseconds low_pause{std::chrono::hours{1}}; ///< While a disk stays low.
  std::chrono::seconds answer_within{20};                     ///< To who asks for a collection.
  std::chrono::seconds limit{3'000};                          ///< Of removing.
  uint32_t collect_below_percent = 20;
  uint64_t floor = 2ull << 30; ///< Bytes that builds leave free.
  size_t build_logs = 100;     ///< Of each app.
  size_t page = 200;           ///< Asked at once.
};

struct disk_context {
  std::string node;
  disk_config config;
  ingress_actor ingress;
  journal_actor journal;
  garbage_actor worker;
  std::shared_ptr<disk_figures> figures = std::make_shared<disk_figures>();
};

/// It is time for a collection.
struct disk_tick {
  uint64_t number = 0;
};

/// Who asked for this collection has waited long enough.
struct waited_tick {
  uint64_t number = 0;
};

/// Has a node's garbage removed: now and then, when a disk has little left, and when asked. Every
/// app there ever was says what it retains; if one does not, nothing is removed.
class disk_watch_state {
public:
  using interface = disk_actor::extend<caf::reacts_to<disk_tick>, caf::reacts_to<waited_tick>>;
  static constexpr const char* name = "disk";

  explicit disk_watch_state(interface::pointer self) : self_{self} {}
  ~disk_watch_state();

  interface::behavior_type make_behavior(disk_context context);

private:
  /// One collection.
  struct round {
    garbage_report report;
    uint64_t number = 0;
    remove_garbage order;
    std::vector<std::string> logs;  ///< Whose app is still to be found out.
    std::vector<std::string> apps;  ///< Paths, still to be asked.
    std::set<std::string> all_logs; ///< Ids.
    size_t unanswered = 0;
    std::vector<caf::typed_response_promise<garbage_report>> promises;
  };
  using round_ptr = std::shared_ptr<round>;

  void begin(collection_cause why, bool dry_run);
  caf::result<garbage_report> collect(bool dry_run);
  void list_logs_of(const round_ptr& x);
  void find_apps_of_logs(const round_ptr& x);
  void find_app(const round_ptr& x, const std::string& id);
  void list_apps(const round_ptr& x, const std::string& after);
  void ask_apps(const round_ptr& x);
  void ask(const round_ptr& x, const std::string& path);
  void remove(const round_ptr& x);
  void end(const round_ptr& x, std::string error);
  void answer(round& x);
  void schedule(std::chrono::milliseconds delay);
  void observe(machine_load x);
  bool low() const;
  disk_report report() const;

  interface::pointer self_;
  disk_context context_;
  round_ptr now_; ///< One at a time; who asks meanwhile gets its result.
  uint64_t rounds_ = 0;
  std::optional<garbage_report> last_, looked_;
  std::map<std::string, std::string> app_of_; ///< By deployment; "": there is no such.
  std::vector<disk_space> disks_;
  std::map<std::string, disk_trend> trends_;                       ///< By folder.
  std::optional<std::chrono::steady_clock::time_point> low_since_; ///< Last collection for that.
  uint64_t timer_ = 0;
  caf::timestamp next_;
};

disk_watch_state::interface::behavior_type
disk_watch(disk_watch_state::interface::stateful_pointer<disk_watch_state> self,
           disk_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::disk_tick)   // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::waited_tick) // never leaves its actor
