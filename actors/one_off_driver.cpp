#include "actors/one_off_driver.hpp"

#include "actors/deployment.hpp"
#include "actors/diagnosis.hpp"
#include "actors/resolve.hpp"
#include "protocol/ulid.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto engine_deadline = 30s;
constexpr auto removal_deadline = 90s; // as that of a release, which drains first
constexpr auto drain_limit = 20s;      // of last words: the engine ends a container within 10 s
constexpr auto missing_limit = 120s;
constexpr auto again_after = 1s;
constexpr auto just_accepted = 60s;
constexpr auto birth_limit = 3s;

failure gone() {
  return {cause::internal,
          "Its container is gone, and nobody knows how the command ended.",
          {},
          "Look at its output; run it again if it may run twice."};
}

/// Why the command never ran, if it did not.
caf::optional<failure> why_not_started(const task_ended& x) {
  if (auto why = diagnose_placement(x.what)) {
    if (why->code == cause::missing_binary) {
      why->message = "The command does not exist in the image.";
      why->next = "Check its spelling; for what a shell does: sh -c '...'";
    }
    return *why;
  }
  return caf::none;
}

} // namespace

one_off_driver::~one_off_driver() {
  stop_.request_stop();
  if (keeper_)
    caf::anon_send_exit(keeper_, caf::exit_reason::user_shutdown);
}

one_off_driver::interface::behavior_type one_off_driver::make_behavior(one_off_context context,
                                                                       const std::string& tenant,
                                                                       const std::string& id) {
  context_ = std::move(context);
  // The app that gave out the id sends the work a moment later, and whoever got it may ask at once.
  const auto age = std::chrono::system_clock::now() - ulid_time(id);
  if (age < just_accepted && age > -just_accepted)
    context_.durable.birth_limit = birth_limit;
  start(context_.durable, {task_path(tenant, id).text, context_.journal, "task/" + id},
        one_off_data{}, [this](const one_off_data& s) { drive(s); });
  return {
    [this](const get_one_off& x) { return handle(x); },
    [this](cancel_one_off& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](create_one_off& x) { return handle(std::move(x)); },
    [this](begin_one_off& x) { return handle(std::move(x)); },
    [this](expire_one_off& x) { return handle(std::move(x)); },
    [this](end_one_off& x) { return handle(std::move(x)); },
    [this](durable_tick) { tick(); },
  };
}

void one_off_driver::drive(const one_off_data& s) {
  if (s.info.id.empty())
    return;
  const auto now = self_->clock().now();
  watch_time(s);
  if (s.info.state == one_off_state::starting)
    look_first_ = false;
  if (is_final(s.info.state)) {
    close(s);
    return;
  }
  if (end_drain_ && now < *end_drain_)
    tick_in(*end_drain_ - now);
  else if (end_drain_)
    finish(s.info.state);
  if (!unkept_.empty() && !keeping_)
    keep(std::exchange(unkept_, ""));
  if (under_way_ == s.info.state)
    return;
  if (now < not_before_) {
    tick_in(not_before_ - now);
    return;
  }
  under_way_ = s.info.state;
  switch (s.info.state) {
    case one_off_state::starting: make_service(s); break;
    case one_off_state::running:
      if (std::exchange(look_first_, false))
        find_again(s);
      else
        watch_task(s);
      break;
    default: remove_service(s);
  }
}

/// The limit counts from its creation, whatever became of the platform meanwhile.
void one_off_driver::watch_time(const one_off_data& s) {
  if (is_final(s.info.state) || s.info.state == one_off_state::stopping)
    return;
  const auto now = self_->clock().now();
  if (!deadline_)
    deadline_ = now + time_left(s, caf::make_timestamp());
  if (now < *deadline_) {
    tick_in(*deadline_ - now);
    return;
  }
  deadline_ = now + again_after; // should this one get lost
  record(expire_one_off{{"", "expired"}});
}

void one_off_driver::make_service(const one_off_data& s) {
  self_->request(context_.engine, engine_deadline, s.what)
    .then(
      [this](const release_running&) {
        missing_until_.reset();
        record(begin_one_off{{"", "began"}});
      },
      [this](const caf::error& why) { failed(one_off_state::starting, why); });
}

/// A service that is gone was there once: it is not made again.
void one_off_driver::find_again(const one_off_data& s) {
  self_->request(context_.engine, engine_deadline, get_tasks{s.what.service})
    .then(
      [this](const task_list& x) {
        if (under_way_ != one_off_state::running)
          return;
        if (x.tasks.empty())
          record(end_one_off{false, caf::none, false, gone(), {"", "gone"}});
        else
          watch_task(current());
      },
      [this](const caf::error& why) { failed(one_off_state::running, why); });
}

void one_off_driver::watch_task(const one_off_data& s) {
  const auto limit = s.info.limit + drain_limit;
  self_->request(context_.gateway, limit, await_start{s.what.service, s.info.tenant})
    .then(
      [this](const task_started& x) {
        missing_until_.reset();
        keep(x.what.container);
      },
      [](const caf::error&) {}); // the question for its end tells the same
  self_->request(context_.gateway, limit, await_end{s.what.service, s.what.secrets})
    .then(
      [this](task_ended& x) {
        if (under_way_ != one_off_state::running || end_)
          return;
        // What is read just now may have been asked for before the container began.
        if (keeping_)
          unkept_ = x.what.container;
        else
          container_.clear();
        keep(x.what.container);
        end_ = std::move(x);
        end_drain_ = self_->clock().now() + drain_limit;
        tick_in(drain_limit);
        if (!keeping_)
          finish(one_off_state::running);
      },
      [this](const caf::error& why) { failed(one_off_state::running, why); });
}

/// Has the output of *container* kept, unless it is already.
void one_off_driver::keep(const std::string& container) {
  if (container.empty() || keeping_ || container == container_)
    return;
  if (!keeper_)
    keeper_ = context_.keeper(stop_.get_token());
  container_ = container;
  keeping_ = true;
  const auto& s = current();
  self_
    ->request(keeper_, s.info.limit + 2 * drain_limit,
              keep_output{work_name(s.info.tenant, s.info.id), container, s.what.secrets})
    .then([this](const output_kept&) { kept(); },
          [this](const caf::error& why) {
            spdlog::warn("task could not keep its output stream={} why=\"{}\"", stream(),
                         render(to_domain_error(why)));
            if (end_drain_) {
              kept(); // once more, or what is there has to do
              return;
            }
            keeping_ = false;
            unkept_ = std::exchange(container_, "");
            tick_in(again_after);
          });
}

/// Of a container that has not begun the engine says that there is no more to read. So only what
/// was asked for after its end is all of it; lines that are there are not kept twice.
void one_off_driver::kept() {
  keeping_ = false;
  if (!end_drain_) {
    unkept_ = std::exchange(container_, "");
    tick_in(again_after);
  } else if (!unkept_.empty()) {
    container_.clear();
    keep(std::exchange(unkept_, ""));
  } else {
    finish(current().info.state);
  }
}

/// Records the end once the last words are kept, or were waited for long enough.
void one_off_driver::finish(one_off_state step) {
  end_drain_.reset();
  end_one_off x;
  x.meta.request_id = "ended";
  if (step == one_off_state::stopping) {
    x.stopped = true;
  } else if (end_) {
    x.error = why_not_started(*end_);
    if (!x.error)
      x.exit_code = end_->what.exit_code;
    x.out_of_memory = end_->what.out_of_memory;
  }
  record(std::move(x));
}

/// The way back: the engine ends the container and forgets it.
void one_off_driver::remove_service(const one_off_data& s) {
  end_.reset();
  end_drain_.reset();
  self_->request(context_.gateway, removal_deadline, retire_release{s.what.service})
    .then(
      [this](const release_removed&) {
        removed_ = true;
        if (!keeping_) {
          finish(one_off_state::stopping);
          return;
        }
        end_drain_ = self_->clock().now() + drain_limit;
        tick_in(drain_limit);
      },
      [this](const caf::error& why) { failed(one_off_state::stopping, why); });
}

/// What is away for a moment is waited for; it never hurts to remove a service once more.
void one_off_driver::failed(one_off_state step, const caf::error& reason) {
  if (under_way_ != step || end_)
    return; // of a step that is over
  const auto why = to_domain_error(reason);
  const auto now = self_->clock().now();
  if (!missing_until_)
    missing_until_ = now + missing_limit;
  const bool temporary = is_temporary(why) || why == ec::timed_out;
  const bool patient = step == one_off_state::running || now < *missing_until_; // until its limit
  if (step == one_off_state::stopping || (temporary && patient)) {
    under_way_.reset();
    look_first_ = true;
    not_before_ = now + again_after;
    tick_in(again_after);
    return;
  }
  record(end_one_off{
    false, caf::none, false, why == ec::not_found ? gone() : failure_of(why), {"", "failed"}});
}

template <class Command>
void one_off_driver::record(Command x) {
  self_->request(interface{self_}, answer_deadline, std::move(x))
    .then([](const one_off_info&) {},
          [this](const caf::error& reason) {
            spdlog::warn("task could not record stream={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            under_way_.reset();
            end_.reset();
            not_before_ = self_->clock().now() + again_after;
            tick_in(again_after);
          });
}

/// It has ended; what is left of it goes, then its app hears of it.
void one_off_driver::close(const one_off_data& s) {
  if (closing_ == closing::clean || (closing_ == closing::no && removed_)) {
    tell_app(s);
    return;
  }
  if (closing_ != closing::no)
    return;
  closing_ = closing::cleaning;
  self_->request(context_.gateway, removal_deadline, retire_release{s.what.service})
    .then(
      [this](const release_removed&) {
        closing_ = closing::clean;
        tick_in(0s);
      },
      [this](const caf::error& reason) {
        spdlog::warn("task could not remove its service stream={} why=\"{}\"", stream(),
                     render(to_domain_error(reason)));
        closing_ = closing::no;
        tick_in(again_after);
      });
}

void one_off_driver::tell_app(const one_off_data& s) {
  closing_ = closing::telling;
  ask_path<app_info>(
    self_, context_.ingress, app_path(s.info.tenant, s.info.app),
    conclude_one_off{s.info, {s.info.who, "conclude-" + s.info.id}},
    [this](const app_info&) { closing_ = closing::told; },
    [this](const caf::error& reason) {
      closing_ = reason == ec::not_found ? closing::told // the app was destroyed, and knows
                                         : closing::clean;
      if (closing_ == closing::clean)
        tick_in(again_after);
    });
}

one_off_driver::interface::behavior_type
one_off(one_off_driver::interface::stateful_pointer<one_off_driver> self, one_off_context context,
        const std::string& tenant, const std::string& id) {
  return self->state.make_behavior(std::move(context), tenant, id);
}

} // namespace backendim
