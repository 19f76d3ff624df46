#pragma once

#include "adapters/proxy/certificate.hpp"
#include "adapters/proxy/tls_link.hpp"

#include <caf/error.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace backendim::proxy {

/// The certificates of a folder, at least one. Never changes; shared by threads. Whoever begins a
/// connection keeps it until the handshake has ended.
///
/// A client that names a host gets the certificate that has that name, else the one that has it
/// with * for its first label, else an alert (unrecognized_name): no other host is shown to it.
/// One that names none gets the first by file name. Of two with the same name the one that is
/// valid longer counts.
class certificate_set {
public:
  /// Null: no memory.
  static std::shared_ptr<const certificate_set> make(std::vector<certificate_ptr> all);
  certificate_set(const certificate_set&) = delete;
  certificate_set& operator=(const certificate_set&) = delete;

  /// The server's side of a new connection. Null: no memory.
  ssl_ptr begin() const;

  /// Null: none is for this host, which is in lower case.
  const certificate* find(std::string_view host) const;

  const std::vector<certificate_ptr>& all() const { return all_; } ///< By file name.
  size_t hosts() const { return by_name_.size(); }
  std::chrono::system_clock::time_point first_end() const; ///< When the first of them expires.

private:
  explicit certificate_set(std::vector<certificate_ptr> all);
  static int choose(ssl_st* connection, int* alert, void* set);

  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view x) const { return std::hash<std::string_view>{}(x); }
  };
  std::vector<certificate_ptr> all_;
  std::unordered_map<std::string, const certificate*, text_hash, std::equal_to<>> by_name_;
  ssl_context_ptr first_; ///< What connections begin with.
};
using certificate_set_ptr = std::shared_ptr<const certificate_set>;

/// What reading a folder has come to.
struct certificates_read {
  certificate_set_ptr set;        ///< Null: not one pair can be used.
  std::vector<caf::error> faults; ///< What is wrong, each as a failure.
};

/// Reads each NAME.crt of *folder* with its NAME.key. A pair that cannot be used takes no other
/// one down; if *last* has one of that name, this one is used on. Names that begin with a dot are
/// left alone. Blocks for as long as the disk does.
certificates_read read_certificates(const std::filesystem::path& folder,
                                    const certificate_set_ptr& last,
                                    std::chrono::system_clock::time_point now);

} // namespace backendim::proxy
