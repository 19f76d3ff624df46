#include "adapters/proxy/body.hpp"

#include <algorithm>

namespace backendim::proxy {

namespace {

constexpr unsigned max_overhead = 8 * 1024;

int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool printable(char c) {
  const auto u = static_cast<unsigned char>(c);
  return c == '\t' || (u >= 0x20 && u != 0x7f);
}

} // namespace

void body_reader::start(kind what, uint64_t n) {
  kind_ = what;
  left_ = n;
  done_ = what == kind::length && n == 0;
  place_ = place::size;
  digits_ = overhead_ = line_ = 0;
  cr_ = false;
}

bool body_reader::feed(block& in, body_pieces& out) {
  const auto bytes = in.unread();
  if (done_ || bytes.empty())
    return true;
  size_t used = bytes.size();
  bool good = true;
  switch (kind_) {
    case kind::until_end: out.push_back(bytes); break;
    case kind::length:
      used = static_cast<size_t>(std::min<uint64_t>(left_, used));
      out.push_back(bytes.substr(0, used));
      left_ -= used;
      done_ = left_ == 0;
      break;
    case kind::chunked: good = feed_chunked(bytes, used, out); break;
  }
  in.consume(used);
  return good;
}

bool body_reader::end_of_stream() {
  if (kind_ == kind::until_end)
    done_ = true;
  return done_;
}

bool body_reader::feed_chunked(std::string_view bytes, size_t& used, body_pieces& out) {
  used = 0;
  while (used != bytes.size() && !done_) {
    if (place_ == place::data) {
      const auto n = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - used));
      out.push_back(bytes.substr(used, n));
      used += n;
      left_ -= n;
      if (left_ == 0)
        place_ = place::data_cr;
    } else if (!framing(bytes[used++])) {
      return false;
    }
  }
  return true;
}

/// Takes one byte that is not data. False: malformed.
bool body_reader::framing(char c) {
  if (++overhead_ > max_overhead)
    return false;
  switch (place_) {
    case place::size:
      if (const int x = hex(c); x >= 0) {
        if (++digits_ > 15)
          return false;
        left_ = left_ * 16 + static_cast<unsigned>(x);
        return true;
      }
      if (digits_ == 0)
        return false;
      [[fallthrough]];
    case place::blank: // some servers pad the size
      if (c == ' ' || c == '\t')
        place_ = place::blank;
      else if (c == ';')
        place_ = place::extension;
      else if (c == '\r')
        place_ = place::size_end;
      else
        return false;
      return true;
    case place::extension:
      if (c == '\r')
        place_ = place::size_end;
      return c == '\r' || printable(c);
    case place::size_end:
      if (c != '\n')
        return false;
      digits_ = overhead_ = line_ = 0;
      place_ = left_ == 0 ? place::trailer : place::data;
      return true;
    case place::data: return false;
    case place::data_cr: place_ = place::data_lf; return c == '\r';
    case place::data_lf:
      place_ = place::size;
      overhead_ = 0;
      return c == '\n';
    case place::trailer: break; // dropped, but its end must be found
  }
  if (cr_)
    return c == '\n' && line_ended();
  cr_ = c == '\r';
  if (!cr_)
    ++line_;
  return cr_ || printable(c);
}

bool body_reader::line_ended() {
  cr_ = false;
  done_ = line_ == 0;
  line_ = 0;
  return true;
}

} // namespace backendim::proxy
