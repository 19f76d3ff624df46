#include "adapters/http/sse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;

namespace {

std::vector<http::sse_event> parse(const std::string& text, size_t piece) {
  http::sse_parser parser;
  std::vector<http::sse_event> result;
  for (size_t i = 0; i < text.size(); i += piece)
    parser.feed(std::string_view{text}.substr(i, piece), [&](http::sse_event& x) {
      result.push_back(x);
      return true;
    });
  return result;
}

TEST(SseTest, IsTheSameHoweverTheBytesAreCut) {
  const std::string text
    = ": hello\n\nid: 1\nevent: step\ndata: {\"a\":1}\n\ndata: x\r\ndata: y\r\n\r\n";
  const auto whole = parse(text, text.size());
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_EQ(whole[0], (http::sse_event{"1", "step", "{\"a\":1}"}));
  EXPECT_EQ(whole[1], (http::sse_event{"1", "message", "x\ny"}));
  for (size_t piece = 1; piece < text.size(); ++piece)
    EXPECT_EQ(parse(text, piece), whole) << piece;
}

TEST(SseTest, TooLongAnEventIsDroppedAndTheNextOneComes) {
  const auto found = parse("data: " + std::string(2u << 20, 'x') + "\n\ndata: ok\n\n", 65'536);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data, "ok");
}

} // namespace
