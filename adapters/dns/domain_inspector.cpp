#include "adapters/dns/domain_inspector.hpp"

#include "adapters/dns/resolver.hpp"
#include "adapters/edge.hpp"
#include "adapters/http/client.hpp"
#include "protocol/domain_name.hpp"
#include "protocol/error.hpp"

#include <algorithm>
#include <utility>

namespace backendim::dns {

using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t most_addresses = 4; // that are asked
constexpr auto longest_answer = 2'000ms;

class inspector final : public domain_inspector {
public:
  explicit inspector(inspector_options options) : options_{std::move(options)} {}

  domain_finding look(const examine_domain& x, milliseconds limit, std::stop_token stop) override {
    const auto until = clock::now() + limit;
    const auto left
      = [&] { return std::max(1ms, std::chrono::ceil<milliseconds>(until - clock::now())); };
    domain_finding result;
    resolver names{options_.server};
    const auto part = x.http ? limit / 2 : limit; // the rest is for where it leads
    auto texts = names.texts(std::string{domain_record_prefix} + x.domain, part, stop);
    if (texts)
      result.texts = std::move(*texts);
    else
      result.texts_trouble = render(texts.error());
    if (!x.http || std::ranges::find(result.texts, x.wanted) != result.texts.end())
      return result;
    auto places = names.addresses(x.domain, left() / 2, stop);
    if (places)
      result.addresses = std::move(*places);
    else
      result.addresses_trouble = render(places.error());
    for (size_t i = 0; i != std::min(result.addresses.size(), most_addresses); ++i)
      if (clock::now() < until && !stop.stop_requested() && !result.leads_here)
        result.leads_here
          = is_front_door(x.domain, result.addresses[i], std::min(left(), longest_answer), stop);
    return result;
  }

private:
  /// What answers there otherwise is told to nobody: who may name a domain may not look around in
  /// the network of the platform.
  bool is_front_door(const std::string& domain, const std::string& address, milliseconds limit,
                     std::stop_token stop) const {
    const auto port = std::to_string(options_.http_port);
    http::client_config config;
    config.url = "http://" + (address.find(':') == address.npos ? address : "[" + address + "]")
                 + ":" + port;
    config.connect_timeout = limit;
    config.total_timeout = limit;
    config.body_limit = 16 << 10;
    const auto nonce = options_.nonce();
    http::request question;
    question.target = std::string{challenge_path} + nonce;
    question.host = options_.http_port == 80 ? domain : domain + ":" + port;
    question.headers = {{"Accept", "application/json"}};
    const auto answer = http::client{config}.send(question, std::move(stop));
    return answer && answer->status == 200
           && answer->body.find(options_.mark(challenge_text(domain, nonce))) != std::string::npos;
  }

  inspector_options options_;
};

} // namespace

std::shared_ptr<domain_inspector> make_inspector(inspector_options options) {
  return std::make_shared<inspector>(std::move(options));
}

} // namespace backendim::dns
