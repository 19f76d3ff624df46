#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace backendim::proxy {

/// The fields that mean something to a proxy.
enum class field_id : uint8_t {
  other,
  accept,
  authorization,
  connection,
  content_length,
  expect,
  forwarded,
  hop_by_hop, ///< Keep-Alive, TE, Trailer and all of Proxy-*.
  host,
  transfer_encoding,
  upgrade,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_real_ip,
  x_request_id,
};

struct field {
  field_id id = field_id::other;
  std::string_view name;
  std::string_view value; ///< Without white space around it.
};

/// What requests and responses have in common. All views point into the parsed bytes.
struct message_head {
  unsigned minor = 1; ///< Of HTTP/1.x.
  std::vector<field> fields;
  std::vector<std::string_view> listed; ///< Named in Connection: not to be passed on.
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool close = false;       ///< Connection: close.
  bool keep_alive = false;  ///< Connection: keep-alive.
  std::string_view upgrade; ///< Empty unless Connection names it, too.

  /// Whether the sender means to use the connection again.
  bool persistent() const { return !close && (minor == 1 || keep_alive); }
};

struct request_head : message_head {
  std::string_view method;
  std::string_view target;    ///< Origin form or "*".
  std::string_view authority; ///< Of the absolute form, else the Host; as it was written.
};

struct response_head : message_head {
  unsigned status = 0;
  std::string_view reason;
};

/// Finds where a head ends while its bytes arrive.
class head_scan {
public:
  enum class outcome : uint8_t { more, whole, bad };

  /// *bytes* is all that came so far, of which earlier calls have seen a prefix. Empty lines before
  /// a head are skipped: see begin().
  outcome next(std::string_view bytes);

  size_t begin() const { return begin_; } ///< Where the head begins.
  size_t end() const { return line_; }    ///< Behind its empty line.

private:
  size_t begin_ = 0;
  size_t line_ = 0; ///< Where the line under way begins.
  size_t seen_ = 0; ///< No line break before it that was not looked at.
};

/// Reads a whole head, with its empty line. Returns 0 or the status to refuse it with: whatever two
/// parties could understand in two ways is refused.
unsigned parse(std::string_view bytes, request_head& out);

/// Likewise; false: not to be trusted.
bool parse(std::string_view bytes, response_head& out);

/// Whether both are equal in ASCII without regard to case.
bool same_word(std::string_view a, std::string_view b);

/// Whether *c* may stand in a method, a field's name or another token.
bool is_token(char c);

} // namespace backendim::proxy
