#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace backendim::test;

namespace {

/// What a client got: a good answer, a page of ours, or nothing at all.
struct tally {
  std::atomic<int> good{0}, page{0}, nothing{0};
};

void ask_for(front& edge, tally& seen, const std::atomic<bool>& done) {
  while (!done) {
    auto x = edge.connect();
    for (int i = 0; i < 20 && !done; ++i) { // of one connection
      if (!x.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"))
        break;
      const auto got = read_answer(x);
      ++(got.status == 200 ? seen.good : got.status != 0 ? seen.page : seen.nothing);
      if (got.status == 0 || got.field("Connection") == "close")
        break;
    }
  }
}

// Tasks that vanish with requests in flight, tables that come too late, connections that are
// refused: all of it at once, as on a busy machine.
TEST(EdgeChurnTest, TasksThatComeAndGoUnderLoadLeaveEveryClientWithAnAnswer) {
  front edge;
  tally seen;
  std::atomic<bool> done{false};
  std::vector<std::thread> clients;
  edge.route("app.test", {});
  for (int i = 0; i < 6; ++i)
    clients.emplace_back([&] { ask_for(edge, seen, done); });
  std::vector<std::unique_ptr<origin>> tasks;
  const auto publish = [&] {
    std::map<std::string, host_route> hosts;
    for (const auto& x : tasks)
      hosts["app.test"].upstreams.push_back(x->address());
    edge.publish(hosts);
  };
  const auto some_are_answered = [&] {
    return eventually([&, before = seen.good.load()] { return seen.good >= before + 6; });
  };
  for (uint64_t round = 0; round < 60 && !HasFailure(); ++round) {
    tasks.push_back(std::make_unique<origin>(answering([](const auto&) { return ok("here"); })));
    publish();
    edge->publish({1, {}}, [] {}); // an old one
    EXPECT_TRUE(some_are_answered());
    // As a build that begins: until it is another program, it holds every connection open.
    std::array<int, 2> held{};
    EXPECT_EQ(::pipe(held.data()), 0);
    const auto child = ::fork();
    if (child == 0) {
      ::close(held[1]);
      char none = 0;
      ::_exit(::read(held[0], &none, 1) == 0 ? 0 : 1); // until the test closes its end
    }
    ::close(held[0]);
    if (tasks.size() > 2) {
      const auto leaving = std::move(tasks.front());
      tasks.erase(tasks.begin());
      if (round % 2 == 0)
        publish(); // else it goes while the table still names it
      edge->when_idle({leaving->address()}, [] {});
    }
    EXPECT_TRUE(some_are_answered());
    ::close(held[1]);
    ::waitpid(child, nullptr, 0);
  }
  done = true;
  for (auto& x : clients)
    x.join();
  EXPECT_EQ(seen.nothing, 0);
}

} // namespace
