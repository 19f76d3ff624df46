#include "adapters/proxy/body.hpp"
#include "adapters/proxy/head.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

using namespace backendim::proxy;

namespace {

unsigned refusal(const std::string& text) {
  request_head head;
  return parse(text, head);
}

unsigned refusal_of_fields(const std::string& fields, const std::string& version = "HTTP/1.1") {
  return refusal("POST / " + version + "\r\nHost: a\r\n" + fields + "\r\n");
}

TEST(ProxyHeadTest, ReadsARequest) {
  request_head x;
  ASSERT_EQ(parse("POST /a?b HTTP/1.1\r\nHOST:\t a.test:80 \r\nContent-Length: 12\r\n"
                  "connection: Keep-Alive ,, X-a,upgrade\r\nUpgrade: websocket\r\nx:\r\n\r\n",
                  x),
            0u);
  EXPECT_EQ(x.method, "POST");
  EXPECT_EQ(x.target, "/a?b");
  EXPECT_EQ(x.authority, "a.test:80");
  EXPECT_EQ(x.content_length, 12u);
  EXPECT_EQ(x.listed, std::vector<std::string_view>{"X-a"});
  EXPECT_EQ(x.upgrade, "websocket");
  EXPECT_TRUE(x.persistent());
  ASSERT_EQ(x.fields.size(), 5u);
  EXPECT_EQ(x.fields.back().value, "");
  // Nothing of it is left for the next one.
  ASSERT_EQ(parse("GET http://b.test:1?x HTTP/1.0\r\n\r\n", x), 400u);
  ASSERT_EQ(parse("GET hTTp://b.test:1 HTTP/1.0\r\n\r\n", x), 0u);
  EXPECT_EQ(x.authority, "b.test:1");
  EXPECT_EQ(x.target, "/");
  EXPECT_FALSE(x.content_length);
  EXPECT_TRUE(x.upgrade.empty() && x.listed.empty() && !x.persistent());
}

TEST(ProxyHeadTest, WhatCanBeReadInTwoWaysIsRefused) {
  for (const auto* fields : {
         "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
         "Content-Length: 1\r\nContent-Length: 2\r\n",
         "Content-Length: 1, 1\r\n",
         "Content-Length: \r\n",
         "Content-Length: +1\r\n",
         "Content-Length: -1\r\n",
         "Content-Length: 0x1\r\n",
         "Content-Length: 1 1\r\n",
         "Content-Length: 99999999999999999999\r\n",
         "Content-Length : 1\r\n",
         " Content-Length: 1\r\n",
         "\tContent-Length: 1\r\n",
         "X: y\r\n folded\r\n",
         "X: y\r\n\tfolded\r\n",
         "Transfer-Encoding: gzip\r\n",
         "Transfer-Encoding: gzip, chunked\r\n",
         "Transfer-Encoding: chunked, chunked\r\n",
         "Transfer-Encoding: chunked;x\r\n",
         "Transfer-Encoding: \"chunked\"\r\n",
         "Transfer-Encoding: xchunked\r\n",
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
         "Transfer-Encoding:\r\n",
         "Transfer-Encoding: \x0b"
         "chunked\r\n",
         "Host: a\r\n",
         "Host: b\r\n",
         ": empty\r\n",
         "no colon\r\n",
         "b@d: x\r\n",
         "b\x80"
         "d: x\r\n",
         "X: a\rb\r\n",
         "X: a\nb\r\n",
         "X: a\n\r\n",
         "X: \x7f\r\n",
         "X: \x01\r\n",
         "Connection: a b\r\n",
       })
    EXPECT_EQ(refusal_of_fields(fields), 400u) << fields;
  EXPECT_EQ(refusal_of_fields(std::string{"X: a\0b\r\n", 8}), 400u);
  EXPECT_EQ(refusal_of_fields(std::string{"X\0: b\r\n", 7}), 400u);
  EXPECT_EQ(refusal_of_fields("Transfer-Encoding: chunked\r\n", "HTTP/1.0"), 400u);
  EXPECT_EQ(refusal_of_fields("Transfer-Encoding: ChunkeD\r\n"), 0u);
  EXPECT_EQ(refusal_of_fields("Content-Length: 7\r\nContent-Length: 7\r\n"), 0u);
  EXPECT_EQ(refusal_of_fields("X-Name: \xc3\xa4 \t b\r\n"), 0u);
}

TEST(ProxyHeadTest, BadHosts) {
  for (const auto* host : {"a b", "a/b", "a@b", "a:b", "a:", "a,b", "a:1:2", "a:123456", "[::1",
                           "[g]", "[::1]x", "a%2e", "a\\b", "\xc3\xa4", "<a>", "a?b"}) {
    const auto text = "GET / HTTP/1.1\r\nHost: " + std::string{host} + "\r\n\r\n";
    const bool empty_port = std::string_view{host} == "a:"; // RFC 9110 allows it
    EXPECT_EQ(refusal(text), empty_port ? 0u : 400u) << host;
  }
  for (const auto* host : {"", "a", "A-b.c_d.", "1.2.3.4:65535", "[::1]", "[1:2::3]:80"})
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: " + std::string{host} + "\r\n\r\n"), 0u) << host;
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400u);
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\n\r\n"), 0u);
}

TEST(ProxyHeadTest, RequestLines) {
  const auto line = [](const std::string& x) { return refusal(x + "\r\nHost: a\r\n\r\n"); };
  for (const auto* bad : {"GET /",
                          "GET / HTTP/1.1 ",
                          " GET / HTTP/1.1",
                          "GET  / HTTP/1.1",
                          "GET /a b HTTP/1.1",
                          "GET / http/1.1",
                          "GET / HTTP/1",
                          "GET / HTTP/1.1x",
                          "GET / HTTP/11",
                          "G(T / HTTP/1.1",
                          "GET * HTTP/1.1",
                          "GET a HTTP/1.1",
                          "GET /#x HTTP/1.1",
                          "GET /\x7f HTTP/1.1",
                          "GET ftp://a/ HTTP/1.1",
                          "GET http:///x HTTP/1.1",
                          "GET http://u@a/ HTTP/1.1",
                          "GET\t/ HTTP/1.1",
                          "",
                          "GET / HTTP/1.1\rX: y"})
    EXPECT_EQ(line(bad), 400u) << bad;
  for (const auto* other : {"PRI * HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/1.2", "GET / HTTP/3.0"})
    EXPECT_EQ(line(other), 505u) << other;
  EXPECT_EQ(line("TRACE / HTTP/1.1"), 405u);
  EXPECT_EQ(line("CONNECT a:443 HTTP/1.1"), 501u);
  EXPECT_EQ(line("OPTIONS * HTTP/1.1"), 0u);
  EXPECT_EQ(line("BREW /pot HTTP/1.1"), 0u);
  EXPECT_EQ(line("GET https://a/ HTTP/1.1"), 0u);
}

TEST(ProxyHeadTest, TooManyFields) {
  std::string fields;
  for (int i = 0; i != 130; ++i)
    fields += "X: y\r\n";
  EXPECT_EQ(refusal_of_fields(fields), 431u);
}

TEST(ProxyHeadTest, ReadsResponses) {
  response_head x;
  EXPECT_TRUE(parse("HTTP/1.1 200 All right\r\nA: b\r\n\r\n", x));
  EXPECT_EQ(x.reason, "All right");
  EXPECT_TRUE(parse("HTTP/1.0 404\r\n\r\n", x));
  EXPECT_EQ(x.status, 404u);
  EXPECT_FALSE(x.persistent());
  for (const auto* bad :
       {"HTTP/1.1 2000 x\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n", "HTTP/2.0 200\r\n\r\n",
        "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 200 a\x01\r\n\r\n", "HTTP/1.1 200\r\nA : b\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n", "\r\n\r\n"})
    EXPECT_FALSE(parse(bad, x)) << bad;
}

TEST(ProxyHeadTest, TheEndIsFoundHoweverTheBytesAreCut) {
  using outcome = head_scan::outcome;
  const std::string text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    head_scan scan;
    for (size_t n = step;; n += step) {
      n = std::min(n, text.size());
      const auto got = scan.next(std::string_view{text}.substr(0, n));
      EXPECT_EQ(got, n == text.size() ? outcome::whole : outcome::more) << n;
      if (n == text.size())
        break;
    }
    EXPECT_EQ(scan.begin(), 4u);
    EXPECT_EQ(scan.end(), text.size());
  }
  for (const auto* bad :
       {"\n", "GET / HTTP/1.1\n", "a\r\nb\n\r\n", "\r\n\r\n\r\n\r\n\r\n\r\n", "\x16\x03"}) {
    head_scan scan;
    EXPECT_EQ(scan.next(bad), outcome::bad) << bad;
  }
}

/// Feeds *text* in pieces of *step*; returns the body, "!" when malformed, "?" when not done.
std::string body_of(const std::string& text, size_t step) {
  body_reader reader;
  reader.expect_chunks();
  std::string result;
  for (size_t at = 0; at < text.size(); at += step) {
    const auto piece = text.substr(at, step);
    block in{step};
    std::ranges::copy(piece, in.room().begin());
    in.filled(piece.size());
    body_pieces pieces;
    if (!reader.feed(in, pieces))
      return "!";
    for (const auto& x : pieces)
      result += x;
    if (reader.done())
      return result + std::string{in.unread()};
  }
  return "?";
}

TEST(ProxyBodyTest, ChunksAreTheSameHoweverTheyAreCut) {
  const std::string text = "5\r\nhello\r\n00001;a=\"b\" \r\n!\r\nA  \r\n0123456789\r\n0\r\nT: x\r\n"
                           "U: y\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step)
    EXPECT_EQ(body_of(text, step), "hello!0123456789") << step;
  EXPECT_EQ(body_of("0\r\n\r\nnext", 100), "next");
}

TEST(ProxyBodyTest, MalformedChunks) {
  for (const auto* bad : {"\r\n", "x\r\n", "5\nhello\r\n", "5\r\nhello5\r\n", "5\r\nhello\n",
                          "5\r\nhello\rx", "-1\r\n", "0x5\r\n", "5 5\r\n", "1234567890123456\r\n",
                          "5;\x01\r\n", "5\r\rhello", "+5\r\n", " 5\r\nhello\r\n",
                          "0\r\nT: x\n\r\n", "0\r\nT: \x01\r\n\r\n", "0\r\n\rx", "5;a\nb\r\n"})
    for (size_t step : {size_t{1}, size_t{64}})
      EXPECT_EQ(body_of(bad, step), "!") << bad;
  EXPECT_EQ(body_of("5;" + std::string(10'000, 'x') + "\r\nhello\r\n", 512), "!");
  EXPECT_EQ(body_of("0\r\n" + std::string(10'000, 'x') + "\r\n\r\n", 512), "!");
  std::string small; // the limit is for each chunk
  for (int i = 0; i != 10'000; ++i)
    small += "1\r\nx\r\n";
  EXPECT_EQ(body_of(small + "0\r\n\r\n", 512).size(), 10'000u);
}

} // namespace
