#include "adapters/docker/api.hpp"
#include "adapters/docker/image.hpp"
#include "adapters/docker/log_frames.hpp"
#include "adapters/docker/proc_net.hpp"
#include "adapters/docker/subnet.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::docker;
using test::error_of;
using words = std::vector<std::string>;

namespace {

TEST(DockerSubnetTest, TakesTheFirstThatIsFree) {
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {}), "10.200.0.0/20");
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"10.200.0.0/20", "172.17.0.0/16"}),
            "10.200.16.0/20");
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"10.200.32.0/20", "10.200.0.0/20"}),
            "10.200.16.0/20");
}

TEST(DockerSubnetTest, OverlapCountsInBothDirections) {
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"10.200.15.128/25"}), "10.200.16.0/20");
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"10.200.0.0/14"}), "10.204.0.0/20");
}

TEST(DockerSubnetTest, AFullPoolHasNone) {
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"10.0.0.0/8"}), std::nullopt);
  EXPECT_EQ(choose_subnet("10.200.0.0/20", 20, {"10.200.1.0/24"}), std::nullopt);
}

TEST(DockerSubnetTest, PassesOverWhatIsNotIpv4) {
  EXPECT_EQ(choose_subnet("10.200.0.0/13", 20, {"", "fd00::/64", "10.200.0.0/99", "x/8", "10.200"}),
            "10.200.0.0/20");
  EXPECT_EQ(choose_subnet("nonsense", 20, {}), std::nullopt);
}

std::string frame(char stream, const std::string& payload) {
  const auto size = payload.size();
  std::string header{stream, '\0', '\0', '\0'};
  for (int shift = 24; shift >= 0; shift -= 8)
    header += static_cast<char>(size >> shift & 0xff);
  return header + payload;
}

words lines_of(const std::string& bytes, size_t portion) {
  words result;
  log_frames frames{[&](const output_line& line) { result.emplace_back(line.text); }};
  for (size_t i = 0; i < bytes.size(); i += portion)
    frames.feed(std::string_view{bytes}.substr(i, portion));
  frames.finish();
  return result;
}

TEST(DockerLogFramesTest, CutsLinesWhateverThePortions) {
  const auto bytes = frame(1, "one\ntwo\n") + frame(2, "err ") + frame(1, "th") + frame(2, "or\n")
                     + frame(1, "ree\r\n") + frame(1, "\n") + frame(1, "") + frame(1, "rest");
  const words expected{"one", "two", "err or", "three\r", "", "rest"};
  for (size_t portion : {1u, 2u, 3u, 7u, 8u, 9u, 1000u})
    EXPECT_EQ(lines_of(bytes, portion), expected) << portion;
}

TEST(DockerLogFramesTest, ALongLineComesInPieces) {
  const auto limit = log_frames::max_line;
  const std::string line(2 * limit + 5, 'x');
  const auto got = lines_of(frame(1, line.substr(0, limit)) + frame(1, line.substr(limit) + "\n")
                              + frame(1, std::string(limit, 'y') + "\n"),
                            4096);
  EXPECT_EQ(got, (words{std::string(limit, 'x'), std::string(limit, 'x'), "xxxxx",
                        std::string(limit, 'y')}));
}

TEST(DockerLogFramesTest, TellsWhenAndFromWhere) {
  const auto bytes
    = frame(1, "2026-01-01T00:00:00.1Z one\n") + frame(2, "2026-01-01T00:00:00.2Z two\n")
      + frame(1, "2026-01-01T00:00:00.3Z a lo") + frame(1, "2026-01-01T00:00:00.4Z ng one\n")
      + frame(1, "2026-01-01T00:00:00.5Z \n");
  for (size_t portion : {1u, 5u, 8u, 1000u}) {
    words result;
    log_frames frames{[&](const output_line& x) {
                        result.push_back(std::string{x.at.substr(20)}
                                         + (x.from == output_stream::err ? "! " : " ")
                                         + std::string{x.text});
                      },
                      true};
    for (size_t i = 0; i < bytes.size(); i += portion)
      frames.feed(std::string_view{bytes}.substr(i, portion));
    EXPECT_EQ(result, (words{"1Z one", "2Z! two", "3Z a long one", "5Z "})) << portion;
  }
}

std::string sockets_of(std::string_view text) {
  std::string result;
  for (const auto& x : parse_proc_net(text))
    result += x.address + " " + std::to_string(x.port) + ";";
  return result;
}

TEST(DockerProcNetTest, FindsListenersOnly) {
  EXPECT_EQ(
    sockets_of(R"(  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0B00007F:9C4B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 030012AC:1F90 010012AC:D431 01 00000000:00000000 00:00000000 00000000     0        0 4 1
)"),
    "0.0.0.0 8080;127.0.0.1 3000;127.0.0.11 40011;");
}

TEST(DockerProcNetTest, DecodesIpv6) {
  EXPECT_EQ(
    sockets_of(
      "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A x\n"
      "   1: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A x\n"
      "   2: 0000000000000000FFFF00000100007F:0016 00000000000000000000000000000000:0000 0A x\n"
      "   3: B80D0120000000000000000001000000:0017 00000000000000000000000000000000:0000 0A x\n"),
    ":: 8080;::1 3000;127.0.0.1 22;2001:db8::1 23;");
}

TEST(DockerProcNetTest, PassesOverNonsense) {
  EXPECT_EQ(sockets_of("0: 0100007F:ZZ x 0A\n1: 0100:1F90 x 0A\n2: x x 0A\n3:\n\n"
                       "4: 0100007G:1F90 x 0A\n"),
            "");
}

TEST(DockerVersionTest, TakesTheLowerOfBoth) {
  EXPECT_EQ(*negotiate("1.12", "1.41"), (api_version{1, 41}));
  EXPECT_EQ(*negotiate("1.24", "1.44"), (api_version{1, 44}));
  EXPECT_EQ(*negotiate("1.24", "1.52"), (api_version{1, 44}));
  EXPECT_EQ(*negotiate("1.44", "2.0"), (api_version{1, 44}));
}

TEST(DockerVersionTest, RefusesWhatItCannotSpeak) {
  for (const auto& [lowest, highest] :
       {std::pair{"1.45", "1.60"}, {"1.12", "1.40"}, {"2.0", "2.1"}})
    EXPECT_EQ(failure_of(negotiate(lowest, highest).error()).code, cause::engine_unavailable)
      << lowest << ' ' << highest;
  EXPECT_EQ(error_of(negotiate("1.45", "1.60")), ec::conflict);
  EXPECT_EQ(error_of(negotiate("", "x")), ec::conflict);
}

TEST(DockerUrlTest, FiltersAreEncodedJson) {
  EXPECT_EQ(filter_query({{"label", {"a=b"}}}), "filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");
}

TEST(DockerImageTest, NamesThatAreMissingAreNone) {
  const auto x = decode_image(boost::json::parse(
    R"({"Id":"sha256:1","RepoDigests":["r:1/main/shop@sha256:2"],"RepoTags":["<none>:<none>"],)"
    R"("Size":7,"Created":100})"));
  EXPECT_EQ(x.digests, words{"r:1/main/shop@sha256:2"});
  EXPECT_TRUE(x.tags.empty());
  EXPECT_EQ(x.bytes, 7u);
  EXPECT_EQ(x.made.time_since_epoch(), std::chrono::seconds{100});
  const auto bare = decode_image(boost::json::parse(R"({"RepoDigests":null,"Size":-1})"));
  EXPECT_TRUE(bare.digests.empty());
  EXPECT_EQ(bare.bytes, 0u);
}

} // namespace
