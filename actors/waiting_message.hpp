#pragma once

#include "actors/durable_config.hpp"
#include "protocol/journal.hpp"

#include <caf/expected.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace backendim {

/// A message that waits for its answer, whatever its type.
template <class State, class Event>
class waiting {
public:
  virtual ~waiting() = default;
  virtual caf::expected<std::vector<Event>> propose(const State& s, const moment& m) const = 0;
  virtual request_meta meta() const = 0;
  virtual void reply(const State& s) = 0;
  virtual void fail(const caf::error& reason) = 0;
};

/// A message that decide knows changes the state; the others ask.
template <class State, class Message>
constexpr bool is_command = requires(const State& s, const Message& x) {
  decide(s, x, moment{});
};

template <class State, class Event, class Message, class Reply>
class waiting_message final : public waiting<State, Event> {
public:
  waiting_message(Message x, caf::typed_response_promise<Reply> promise)
    : message_{std::move(x)}, promise_{std::move(promise)} {}

  caf::expected<std::vector<Event>> propose(const State& s,
                                            [[maybe_unused]] const moment& m) const override {
    if constexpr (is_command<State, Message>)
      return decide(s, message_, m);
    else
      return std::vector<Event>{};
  }
  request_meta meta() const override {
    if constexpr (is_command<State, Message>)
      return message_.meta;
    else
      return {};
  }
  void reply(const State& s) override {
    if (auto result = answer(s, message_))
      promise_.deliver(std::move(*result));
    else
      promise_.deliver(std::move(result.error()));
  }
  void fail(const caf::error& reason) override { promise_.deliver(reason); }

private:
  Message message_;
  caf::typed_response_promise<Reply> promise_;
};

/// A command whose sender is answered later, by whoever waits for it to be on disk.
template <class State, class Event, class Command>
class waiting_command final : public waiting<State, Event> {
public:
  waiting_command(Command x, std::function<void()> then,
                  std::function<void(const caf::error&)> failed)
    : command_{std::move(x)}, then_{std::move(then)}, failed_{std::move(failed)} {}

  caf::expected<std::vector<Event>> propose(const State& s, const moment& m) const override {
    return decide(s, command_, m);
  }
  request_meta meta() const override { return command_.meta; }
  void reply(const State&) override { then_(); }
  void fail(const caf::error& reason) override { failed_(reason); }

private:
  Command command_;
  std::function<void()> then_;
  std::function<void(const caf::error&)> failed_;
};

/// Asks for nothing but its turn.
template <class State, class Event>
class waiting_call final : public waiting<State, Event> {
public:
  waiting_call(std::function<void()> then, std::function<void(const caf::error&)> failed)
    : then_{std::move(then)}, failed_{std::move(failed)} {}

  caf::expected<std::vector<Event>> propose(const State&, const moment&) const override {
    return std::vector<Event>{};
  }
  request_meta meta() const override { return {}; }
  void reply(const State&) override { then_(); }
  void fail(const caf::error& reason) override { failed_(reason); }

private:
  std::function<void()> then_;
  std::function<void(const caf::error&)> failed_;
};

} // namespace backendim
