#include "adapters/postgres/listener.hpp"

#include "adapters/postgres/session.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace backendim::postgres {

namespace {

constexpr int retry_after = 200;   // ms
constexpr int look_after = 30'000; // ms; a connection that died silently is found out

class position_receiver : public pqxx::notification_receiver {
public:
  position_receiver(pqxx::connection_base& connection, const std::string& channel,
                    chained::tail& waiters)
    : notification_receiver{connection, channel}, waiters_{waiters} {}

  void operator()(const std::string& payload, int) override {
    uint64_t position = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), position);
    waiters_.grown_to(position);
  }

private:
  chained::tail& waiters_;
};

} // namespace

listener::listener(journal_place place, chained::tail& waiters)
  : place_{std::move(place)}, waiters_{waiters}, wakeup_{::eventfd(0, EFD_CLOEXEC)},
    thread_{[this](const std::stop_token& stop) { run(stop); }} {}

listener::~listener() {
  thread_.request_stop();
  const uint64_t one = 1;
  (void)!::write(wakeup_, &one, sizeof one);
  thread_.join();
  ::close(wakeup_);
}

void listener::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      listen(stop);
    } catch (const std::exception&) {
      wait(-1, retry_after); // the appender says what is wrong
    }
  }
}

void listener::listen(const std::stop_token& stop) {
  const auto connection = connect(place_);
  const position_receiver receiver{*connection, place_.schema, waiters_};
  while (!stop.stop_requested()) {
    {
      pqxx::nontransaction look{*connection};
      waiters_.grown_to(look.exec1("SELECT position FROM head")[0].as<uint64_t>());
    }
    for (bool heard = true; heard && !stop.stop_requested();) {
      wait(connection->sock(), look_after);
      heard = connection->get_notifs() > 0;
    }
  }
}

void listener::wait(int fd, int milliseconds) const {
  std::array<pollfd, 2> all{pollfd{wakeup_, POLLIN, 0}, pollfd{fd, POLLIN, 0}};
  (void)::poll(all.data(), all.size(), milliseconds); // a negative descriptor is left out
}

} // namespace backendim::postgres
