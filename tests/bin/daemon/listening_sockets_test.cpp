#include "bin/daemon/listening_sockets.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

using namespace backendim;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

bool connects(const daemon::endpoint& where) {
  asio::io_context context;
  tcp::socket socket{context};
  boost::system::error_code failed;
  socket.connect({asio::ip::make_address(where.address), where.port}, failed);
  return !failed;
}

/// An address of this test alone: a port that was free a moment ago may be another test's.
daemon::endpoint own_place() {
  std::random_device lot;
  const auto byte = [&] { return std::to_string(1 + lot() % 254); };
  return {"127." + byte() + "." + byte() + "." + byte(), 4'711};
}

TEST(ListeningSocketsTest, ClientsMayConnectForAsLongAsTheSocketsAreKept) {
  const auto where = own_place();
  {
    auto sockets = daemon::listening_sockets::from_environment();
    const auto first = sockets.at(where);
    ASSERT_TRUE(first);
    ::close(*first); // as a server does that stops
    EXPECT_TRUE(connects(where));
    const auto second = sockets.at(where);
    ASSERT_TRUE(second) << "the same again, not a new one";
    ::close(*second);
  }
  EXPECT_FALSE(connects(where));
}

TEST(ListeningSocketsTest, PortOfSomebodyElseIsAnError) {
  asio::io_context context;
  tcp::acceptor taken{context, {asio::ip::address_v4::loopback(), 0}};
  taken.listen();
  auto sockets = daemon::listening_sockets::from_environment();
  EXPECT_EQ(test::error_of(sockets.at({"127.0.0.1", taken.local_endpoint().port()})),
            ec::unavailable);
}

TEST(ListeningSocketsTest, ProgramThatTakesOverGetsThem) {
  const test::temp_folder folder;
  const auto seen = folder.path() / "seen";
  const auto where = own_place();
  const auto child = ::fork();
  if (child == 0) {
    auto sockets = daemon::listening_sockets::from_environment();
    if (!sockets.at(where))
      ::_exit(1);
    const auto script = "test \"$LISTEN_PID\" = $$ && test -S /proc/self/fd/3 && echo $LISTEN_FDS >"
                        + seen.string();
    std::string words[] = {"/bin/sh", "-c", script};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    sockets.hand_over(argv);
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  std::ifstream in{seen};
  std::string count;
  in >> count;
  EXPECT_EQ(count, "1");
}

} // namespace
