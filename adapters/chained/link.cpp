#include "adapters/chained/link.hpp"

#include "protocol/event_codec.hpp"

#include <sodium.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace backendim::chained {

namespace {

/// Hashes *parts* so that no byte can move from one to its neighbour unseen.
link hash(const link& before, std::initializer_list<std::string_view> parts) {
  [[maybe_unused]] static const bool ready = sodium_init() >= 0; // picks the fastest code
  std::string text;
  size_t size = before.size();
  for (const auto part : parts)
    size += part.size() + 21; // digits of a size and a colon
  text.reserve(size);
  text.append(bytes_of(before));
  for (const auto part : parts)
    text.append(std::to_string(part.size())).append(":").append(part);
  link result{};
  crypto_generichash(result.data(), result.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return result;
}

} // namespace

namespace {

link link_of(const link& previous, std::string_view stream, uint64_t version, uint64_t position,
             const journal_event& event, std::string_view meta) {
  const auto numbers = std::to_string(version) + ':' + std::to_string(position) + ':'
                       + std::to_string(event.at.time_since_epoch().count());
  return hash(previous, {stream, numbers, event.type, event.body, meta});
}

} // namespace

link link_of(const link& previous, const recorded_event& x, std::string_view meta) {
  return link_of(previous, x.stream, x.version, x.position, x.event, meta);
}

event_seal next_seal(const std::string& stream, stream_head& head, uint64_t position,
                     const journal_event& event) {
  event_seal result{to_kept_text(event.meta), {}};
  head.last = result.own = link_of(head.last, stream, ++head.version, position, event, result.meta);
  return result;
}

stored_record next_record(const std::string& stream, stream_head& head, uint64_t position,
                          const journal_event& event) {
  auto seal = next_seal(stream, head, position, event);
  return {{stream, head.version, position, event}, std::move(seal.meta), seal.own};
}

link seal_of(const stream_snapshot& x, const link& at) {
  return hash(at, {x.stream, std::to_string(x.version), x.form, x.body});
}

std::string hex(std::string_view bytes) {
  std::string result;
  result.reserve(2 * bytes.size());
  for (const char x : bytes) {
    const auto c = static_cast<unsigned char>(x);
    result += "0123456789abcdef"[c >> 4];
    result += "0123456789abcdef"[c & 15];
  }
  return result;
}

bool read_link(std::string_view bytes, link& to) {
  if (bytes.size() != to.size())
    return false;
  std::ranges::copy(bytes, to.begin());
  return true;
}

} // namespace backendim::chained
