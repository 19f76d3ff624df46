#include "adapters/dns/resolver.hpp"

#include "protocol/error.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace backendim::dns {

using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

constexpr int first_wait = 1'000; // ms until a server is asked again; it doubles
constexpr int attempts = 3;       // of each server
constexpr auto longest_pause = 100ms;
constexpr size_t most_records = 32;

struct reply {
  bool done = false;
  int status = ARES_ETIMEOUT;
  std::vector<unsigned char> bytes;
};

void take(void* to, int status, int, unsigned char* bytes, int size) {
  auto& x = *static_cast<reply*>(to);
  x.done = true;
  x.status = status;
  if (bytes && size > 0)
    x.bytes.assign(bytes, bytes + size);
}

caf::error trouble(int status, const std::string& name) {
  const auto why = name + ": " + ares_strerror(status);
  return caf::make_error(status == ARES_ETIMEOUT ? ec::timed_out : ec::unavailable, why);
}

/// Whether there is an answer that says that there is nothing.
bool says_none(int status) {
  return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

std::string visible(const unsigned char* bytes, size_t size) {
  std::string result(reinterpret_cast<const char*>(bytes), size);
  for (char& c : result)
    if (c < 0x20 || c >= 0x7f) // above it they are negative
      c = '?';
  return result;
}

} // namespace

struct resolver::impl {
  explicit impl(const std::string& server) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    status = library;
    if (status != ARES_SUCCESS)
      return;
    ares_options options{};
    options.timeout = first_wait;
    options.tries = attempts;
    options.lookups = const_cast<char*>("b"); // c-ares copies it: servers, no files
    status = ares_init_options(&channel, &options,
                               ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
    if (status == ARES_SUCCESS && !server.empty())
      status = ares_set_servers_ports_csv(channel, server.c_str());
  }
  ~impl() {
    if (channel)
      ares_destroy(channel);
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  reply ask(const std::string& name, int type, clock::time_point until,
            const std::stop_token& stop) {
    reply result;
    if (status != ARES_SUCCESS) {
      result.status = status;
      return result;
    }
    ares_query(channel, name.c_str(), ns_c_in, type, &take, &result);
    while (!result.done) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
      if (left <= 0ms || stop.stop_requested()) {
        ares_cancel(channel); // tells *result*
        if (result.status == ARES_ECANCELLED)
          result.status = stop.stop_requested() ? ARES_ECANCELLED : ARES_ETIMEOUT;
        break;
      }
      wait(std::min<std::chrono::milliseconds>(left, longest_pause));
    }
    return result;
  }

  /// poll, not select: the daemon has more descriptors than that one can tell apart.
  void wait(std::chrono::milliseconds pause) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto bits = static_cast<unsigned>(
      ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> waits{};
    nfds_t count = 0;
    for (unsigned i = 0; i != ARES_GETSOCK_MAXNUM; ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(bits, i))
        events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(bits, i))
        events |= POLLOUT;
      if (events)
        waits[count++] = {sockets[i], events, 0};
    }
    ::poll(waits.data(), count, static_cast<int>(pause.count()));
    for (nfds_t i = 0; i != count; ++i) {
      const auto& x = waits[i];
      const auto when = [&](short event) {
        return x.revents & (event | POLLERR | POLLHUP) ? x.fd : ARES_SOCKET_BAD;
      };
      ares_process_fd(channel, when(POLLIN), x.events & POLLOUT ? when(POLLOUT) : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // what is due
  }

  ares_channel channel = nullptr;
  int status = ARES_SUCCESS;
};

resolver::resolver(const std::string& server) : impl_{std::make_unique<impl>(server)} {}
resolver::~resolver() = default;

caf::expected<std::vector<std::string>>
resolver::texts(const std::string& name, std::chrono::milliseconds limit, std::stop_token stop) {
  std::vector<std::string> result;
  const auto found = impl_->ask(name, ns_t_txt, clock::now() + limit, stop);
  if (says_none(found.status))
    return result;
  if (found.status != ARES_SUCCESS)
    return trouble(found.status, name);
  ares_txt_ext* list = nullptr;
  const auto parsed
    = ares_parse_txt_reply_ext(found.bytes.data(), static_cast<int>(found.bytes.size()), &list);
  for (const auto* x = list; x; x = x->next) {
    if (x->record_start) {
      if (result.size() == most_records)
        break;
      result.emplace_back();
    }
    if (!result.empty())
      result.back() += visible(x->txt, x->length);
  }
  if (list)
    ares_free_data(list);
  if (parsed != ARES_SUCCESS && !says_none(parsed))
    return trouble(parsed, name);
  return result;
}

caf::expected<std::vector<std::string>> resolver::addresses(const std::string& name,
                                                            std::chrono::milliseconds limit,
                                                            std::stop_token stop) {
  const auto until = clock::now() + limit;
  std::vector<std::string> result;
  char text[INET6_ADDRSTRLEN];
  const auto four = impl_->ask(name, ns_t_a, until, stop);
  if (four.status == ARES_SUCCESS) {
    std::array<ares_addrttl, most_records> list{};
    int count = list.size();
    if (ares_parse_a_reply(four.bytes.data(), static_cast<int>(four.bytes.size()), nullptr,
                           list.data(), &count)
        == ARES_SUCCESS)
      for (int i = 0; i != count; ++i)
        result.emplace_back(
          ::inet_ntop(AF_INET, &list[static_cast<size_t>(i)].ipaddr, text, sizeof text));
  }
  const auto six = impl_->ask(name, ns_t_aaaa, until, stop);
  if (six.status == ARES_SUCCESS) {
    std::array<ares_addr6ttl, most_records> list{};
    int count = list.size();
    if (ares_parse_aaaa_reply(six.bytes.data(), static_cast<int>(six.bytes.size()), nullptr,
                              list.data(), &count)
        == ARES_SUCCESS)
      for (int i = 0; i != count; ++i)
        result.emplace_back(
          ::inet_ntop(AF_INET6, &list[static_cast<size_t>(i)].ip6addr, text, sizeof text));
  }
  for (const auto status : {four.status, six.status})
    if (result.empty() && status != ARES_SUCCESS && !says_none(status))
      return trouble(status, name);
  return result;
}

bool is_server(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || text.find(',') != text.npos)
    return false;
  auto address = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  const bool v6 = address.starts_with('[') && address.ends_with(']');
  if (v6)
    address = address.substr(1, address.size() - 2);
  in6_addr place{};
  return ::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), &place) == 1 && !port.empty()
         && port.size() <= 5
         && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace backendim::dns
