#pragma once

#include "tests/adapters/proxy/tls_peer.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>
#include <utility>

namespace backendim::test {

/// An edge with HTTPS, its certificates, and clients of it.
class tls_front {
public:
  explicit tls_front(const std::vector<std::string>& names = {"app.test"},
                     proxy::edge_config config = {})
    : edge{with_pair(names, std::move(config))} {}

  tls_peer connect(tls_wish wish = {}) {
    wish.trusted = ca.root();
    return tls_peer{dial_raw(), wish};
  }
  tls_peer connect_to(const std::string& host) {
    tls_wish wish;
    wish.host = host;
    return connect(wish);
  }
  tcp::socket dial_raw() {
    tcp::socket result{context};
    result.connect({asio::ip::address_v4::loopback(), edge->tls_port()});
    result.set_option(tcp::no_delay{true});
    return result;
  }
  void put(const std::string& name, const pem_pair& x) { put_pair(folder.path(), name, x); }

  /// Whether, at some time, a new client for *host* is shown another certificate than *before*.
  bool shows_another(const std::string& host, const std::string& before) {
    return eventually([&] {
      auto x = connect_to(host);
      return x.greeted() && x.certificate() != before;
    });
  }

  asio::io_context context;
  test_ca ca;
  temp_folder folder;
  front edge;

private:
  proxy::edge_config with_pair(const std::vector<std::string>& names, proxy::edge_config config) {
    put("first", ca.issue(names));
    if (!config.tls)
      config.tls.emplace();
    config.tls->port = 0;
    config.tls->certificates = folder.path();
    return config;
  }
};

} // namespace backendim::test
