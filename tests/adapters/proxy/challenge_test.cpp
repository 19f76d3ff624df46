#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string path{challenge_path};

proxy::edge_config with_mark() {
  proxy::edge_config result;
  result.mark = [](std::string_view text) {
    std::string shown{"mark of"};
    for (const char c : text)
      shown += c == '\0' ? '|' : c;
    return shown;
  };
  return result;
}

std::string asked(front& edge, const std::string& host, const std::string& target) {
  const auto answer = edge.ask("GET " + target + " HTTP/1.1\r\nHost: " + host
                               + "\r\nAccept: application/json\r\n\r\n");
  return std::to_string(answer.status) + " " + answer.body;
}

TEST(EdgeChallengeTest, EveryHostThatLeadsHereAnswersWithItsOwnMark) {
  origin app{answering([](const auto&) { return ok("app"); })};
  front edge{with_mark()};
  edge.route("app.test", {app.address()});
  const auto stranger = asked(edge, "Nobodys.Test:8080", path + "abc-1_Z");
  EXPECT_TRUE(stranger.starts_with("200 ")) << stranger;
  EXPECT_NE(stranger.find("mark ofchallenge|nobodys.test|abc-1_Z"), stranger.npos) << stranger;
  const auto known = asked(edge, "app.test", path + "abc");
  EXPECT_NE(known.find("mark ofchallenge|app.test|abc\""), known.npos) << known;
}

TEST(EdgeChallengeTest, NothingElseIsMarked) {
  origin app{answering([](const auto&) { return ok("app"); })};
  front edge{with_mark()};
  edge.route("app.test", {app.address()});
  for (const auto& target :
       {path, path + "a/b", path + "a%00b", path + "a?b", path + std::string(65, 'a')}) {
    const auto answer = asked(edge, "app.test", target);
    EXPECT_TRUE(answer.starts_with("404 ")) << answer;
    EXPECT_EQ(answer.find("mark of"), answer.npos) << answer;
  }
  EXPECT_EQ(
    edge.ask("POST " + path + "abc HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n").status,
    404u);
  EXPECT_EQ(edge.get("app.test").body, "app");
  front without;
  EXPECT_EQ(asked(without, "app.test", path + "abc").substr(0, 3), "404");
}

} // namespace
