#include "adapters/s3/signature.hpp"

#include "adapters/crypto/digest.hpp"

#include <array>
#include <ctime>

namespace backendim::s3 {

namespace {

constexpr std::string_view service = "s3";
constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

/// Segment by segment: slashes stay.
std::string encode_path(std::string_view path) {
  std::string result;
  for (;;) {
    const auto slash = path.find('/');
    result += http::percent_encode(path.substr(0, slash));
    if (slash == path.npos)
      return result;
    result += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string encode_query(const std::map<std::string, std::string>& query) {
  std::map<std::string, std::string> encoded; // the order is that of the encoded keys
  for (const auto& [key, value] : query)
    encoded.emplace(http::percent_encode(key), http::percent_encode(value));
  std::string result;
  for (const auto& [key, value] : encoded)
    result += (result.empty() ? "" : "&") + key + "=" + value;
  return result;
}

/// 20130524T000000Z
std::string basic_time(std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 20> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

std::string mac(std::string_view key, std::string_view text) {
  const auto bytes = crypto::hmac_sha256(key, text);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

signed_parts sign(const unsigned_request& what, const std::string& host,
                  const std::string& body_digest, const identity_keys& keys,
                  std::chrono::system_clock::time_point now) {
  const auto time = basic_time(now);
  const auto day = time.substr(0, 8);
  auto fields = what.headers;
  fields["x-amz-date"] = time;
  fields["x-amz-content-sha256"] = body_digest;
  std::string signed_names = "host";
  std::string signed_fields = "host:" + host + "\n";
  for (const auto& [name, value] : fields)
    if (name.starts_with("x-amz-")) {
      signed_names += ";" + name;
      signed_fields += name + ":" + value + "\n";
    }
  const auto path = encode_path(what.path);
  const auto query = encode_query(what.query);
  const auto canonical = what.method + "\n" + path + "\n" + query + "\n" + signed_fields + "\n"
                         + signed_names + "\n" + body_digest;
  const auto scope = day + "/" + keys.region + "/" + std::string{service} + "/aws4_request";
  const auto to_sign
    = std::string{algorithm} + "\n" + time + "\n" + scope + "\n" + crypto::sha256_hex(canonical);
  const auto key
    = mac(mac(mac(mac("AWS4" + keys.secret_key, day), keys.region), service), "aws4_request");
  signed_parts result;
  result.target = path + (query.empty() ? "" : "?" + query);
  for (const auto& [name, value] : fields)
    result.headers.push_back({name, value});
  result.headers.push_back(
    {"Authorization", std::string{algorithm} + " Credential=" + keys.access_key + "/" + scope
                        + ", SignedHeaders=" + signed_names
                        + ", Signature=" + crypto::hex(crypto::hmac_sha256(key, to_sign))});
  return result;
}

} // namespace backendim::s3
