#include "adapters/proxy/rewrite.hpp"

#include <algorithm>
#include <charconv>

namespace backendim::proxy {

namespace {

void append_number(std::string& out, uint64_t x) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, x).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_listed(const message_head& from, std::string_view name) {
  return std::ranges::any_of(from.listed, [&](auto x) { return same_word(x, name); });
}

bool says_https(const field& x) {
  return same_word(x.value, "https") || same_word(x.value, "wss");
}

void append_upgrade(std::string& out, std::string_view protocol) {
  append_field(out, "Connection", "Upgrade");
  append_field(out, "Upgrade", protocol);
}

} // namespace

void write_request(std::string& out, const request_head& from, const forwarding& way) {
  out.assign(from.method).append(" ").append(from.target).append(" HTTP/1.1\r\n");
  append_field(out, "Host", from.authority);
  std::string_view came_by;
  std::string longer;
  std::string_view client = way.client;
  std::string_view scheme = way.secure ? "https" : "http";
  for (const auto& x : from.fields) {
    switch (x.id) {
      case field_id::other:
      case field_id::accept: break;
      case field_id::authorization:
        if (way.logged_in)
          continue;
        break;
      case field_id::expect:
        if (from.minor == 0)
          continue;
        break;
      case field_id::x_forwarded_for:
        if (x.value.empty())
          continue;
        if (came_by.empty()) {
          came_by = x.value;
        } else {
          longer.assign(std::string{came_by}).append(", ").append(x.value);
          came_by = longer;
        }
        continue;
      // An app could believe what a client claims here; Forwarded we do not write ourselves.
      case field_id::x_forwarded_proto:
        if (way.trusted && says_https(x))
          scheme = "https";
        continue;
      case field_id::x_real_ip:
        if (way.trusted && !x.value.empty())
          client = x.value;
        continue;
      case field_id::forwarded:
      case field_id::x_forwarded_host:
      case field_id::x_request_id: continue;
      case field_id::connection:
      case field_id::content_length:
      case field_id::hop_by_hop:
      case field_id::host:
      case field_id::transfer_encoding:
      case field_id::upgrade: continue;
    }
    if (from.listed.empty() || !is_listed(from, x.name))
      append_field(out, x.name, x.value);
  }
  // What a proxy of ours says ends with its client: apps see no difference whether there is one.
  out.append("X-Forwarded-For: ").append(came_by);
  if (came_by.empty() || !way.trusted)
    out.append(came_by.empty() ? "" : ", ").append(client);
  out.append("\r\n");
  append_field(out, "X-Forwarded-Proto", scheme);
  append_field(out, "X-Forwarded-Host", from.authority);
  append_field(out, "X-Real-IP", client);
  append_field(out, "X-Request-Id", way.request_id);
  if (from.chunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (from.content_length) {
    out.append("Content-Length: ");
    append_number(out, *from.content_length);
    out.append("\r\n");
  }
  if (wants_upgrade(from))
    append_upgrade(out, from.upgrade);
  out.append("\r\n");
}

void write_response(std::string& out, const response_head& from, const delivery& how) {
  out.assign("HTTP/1.1 ");
  append_number(out, from.status);
  out.append(" ").append(from.reason).append("\r\n");
  for (const auto& x : from.fields) {
    switch (x.id) {
      case field_id::connection:
      case field_id::content_length:
      case field_id::hop_by_hop:
      case field_id::transfer_encoding:
      case field_id::upgrade: continue;
      default: break;
    }
    if (from.listed.empty() || !is_listed(from, x.name))
      append_field(out, x.name, x.value);
  }
  if (from.status == 101) {
    append_upgrade(out, from.upgrade);
  } else if (from.status >= 200) {
    if (how.chunked) {
      append_field(out, "Transfer-Encoding", "chunked");
    } else if (from.content_length && !from.chunked && from.status != 204) {
      out.append("Content-Length: ");
      append_number(out, *from.content_length);
      out.append("\r\n");
    }
    if (!how.keep_alive)
      append_field(out, "Connection", "close");
    else if (how.client_minor == 0)
      append_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

bool came_by_https(const request_head& from) {
  return std::ranges::any_of(from.fields, [](const field& x) {
    return x.id == field_id::x_forwarded_proto && says_https(x);
  });
}

std::string_view usable_request_id(const request_head& from) {
  for (const auto& x : from.fields)
    if (x.id == field_id::x_request_id) {
      const bool plain = !x.value.empty() && x.value.size() <= 128
                         && std::ranges::all_of(x.value, [](char c) { return c > ' ' && c < 127; });
      return plain ? x.value : std::string_view{};
    }
  return {};
}

bool wants_upgrade(const request_head& from) {
  const auto& x = from.upgrade;
  for (size_t i = 0; i < x.size(); ++i)
    if (same_word(x.substr(i, 3), "h2c"))
      return false;
  return !x.empty();
}

} // namespace backendim::proxy
