#include "adapters/s3/bucket.hpp"

#include "adapters/crypto/digest.hpp"
#include "adapters/s3/answer.hpp"

#include <boost/url/parse.hpp>

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

namespace backendim::s3 {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto first_pause = 100ms;
constexpr auto last_pause = 2'000ms;
constexpr auto silence_limit = 10s;
constexpr size_t page = 1'000; // most that a server lists at once

http::client_config client_of(const bucket_config& x) {
  http::client_config result;
  result.url = x.endpoint;
  result.ca_file = x.ca_file;
  result.idle_timeout = std::min<std::chrono::milliseconds>(silence_limit, x.patience);
  return result;
}

/// What the client will send as Host.
std::string host_of(const std::string& endpoint) {
  const auto url = boost::urls::parse_uri(endpoint);
  return url ? std::string{url->encoded_host_and_port()} : "";
}

uint64_t number_in(std::string_view text) {
  uint64_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

} // namespace

bucket::bucket(bucket_config config)
  : config_{std::move(config)}, host_{host_of(config_.endpoint)}, client_{client_of(config_)} {}

/// Any answer that another try would not better; else the last failure.
caf::expected<http::response> bucket::call(unsigned_request what, std::string body) {
  const auto digest = crypto::sha256_hex(body);
  const auto name = what.method + " " + what.path;
  const auto deadline = clock::now() + config_.patience;
  http::request request;
  request.method = what.method;
  request.body = std::move(body);
  for (auto pause = first_pause;;
       pause = std::min<std::chrono::milliseconds>(2 * pause, last_pause)) {
    auto parts = sign(what, host_, digest, config_.keys, std::chrono::system_clock::now());
    request.target = std::move(parts.target);
    request.headers = std::move(parts.headers);
    request.total_timeout = std::max(
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()), 1ms);
    auto answer = client_.send(request);
    caf::error why;
    if (answer) {
      const bool content = what.method == "GET" && answer->status / 100 == 2; // anybody's bytes
      const auto said = content ? complaint{} : complaint_of(*answer);
      if (!worth_another_try(*answer, said))
        return answer;
      why = refusal(*answer, said, name);
    } else {
      if (answer.error() != ec::unavailable && answer.error() != ec::timed_out)
        return std::move(answer.error());
      why = caf::make_error(ec::unavailable, name + ": " + render(answer.error()));
    }
    if (clock::now() + pause >= deadline)
      return why;
    std::this_thread::sleep_for(pause);
  }
}

caf::expected<caf::unit_t> bucket::ensure() {
  if (host_.empty())
    return caf::make_error(ec::invalid_request, "not an http or https URL: " + config_.endpoint);
  const unsigned_request look{"HEAD", "/" + config_.bucket, {}, {}};
  auto answer = call(look);
  if (!answer)
    return std::move(answer.error());
  if (answer->status == 200)
    return caf::unit;
  if (answer->status != 404) // a HEAD has no words
    return caf::make_error(ec::unavailable, "the S3 server " + config_.endpoint
                                              + " refuses the bucket " + config_.bucket + " (HTTP "
                                              + std::to_string(answer->status)
                                              + "): check access key, secret key and region");
  answer = call({"PUT", "/" + config_.bucket, {}, {}});
  if (!answer)
    return std::move(answer.error());
  const auto why = complaint_of(*answer);
  if (answer->status != 200 && why.code != "BucketAlreadyOwnedByYou")
    return refusal(*answer, why, "to make the bucket " + config_.bucket);
  return caf::unit;
}

caf::expected<caf::unit_t> bucket::put(const std::string& key, std::string body) {
  auto answer = call({"PUT", path_of(key), {}, {}}, std::move(body));
  if (!answer)
    return std::move(answer.error());
  if (answer->status != 200)
    return refusal(*answer, complaint_of(*answer), key);
  return caf::unit;
}

caf::expected<bucket::range> bucket::get(const std::string& key, uint64_t offset, uint64_t length) {
  const auto wanted = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1);
  auto answer = call({"GET", path_of(key), {}, {{"range", wanted}}});
  if (!answer)
    return std::move(answer.error());
  if (answer->status == 416)
    return range{{}, offset};
  if (answer->status != 206)
    return refusal(*answer, complaint_of(*answer), key);
  const auto place = answer->field("Content-Range"); // bytes 0-99/1234
  const auto slash = place.rfind('/');
  return range{std::move(answer->body),
               slash == place.npos ? 0 : number_in(place.substr(slash + 1))};
}

caf::expected<caf::unit_t> bucket::remove(const std::string& key) {
  auto answer = call({"DELETE", path_of(key), {}, {}});
  if (!answer)
    return std::move(answer.error());
  if (answer->status != 204 && answer->status != 200 && answer->status != 404)
    return refusal(*answer, complaint_of(*answer), key);
  return caf::unit;
}

caf::expected<caf::unit_t> bucket::copy(const std::string& from, const std::string& to) {
  auto answer = call({"PUT", path_of(to), {}, {{"x-amz-copy-source", path_of(from)}}});
  if (!answer)
    return std::move(answer.error());
  const auto why = complaint_of(*answer);
  if (answer->status != 200 || !why.code.empty())
    return refusal(*answer, why, from);
  return caf::unit;
}

caf::expected<std::vector<object>> bucket::list(const std::string& prefix, const std::string& after,
                                                size_t limit) {
  std::vector<object> result;
  auto last = after;
  while (result.size() < limit) {
    auto answer = call({"GET",
                        "/" + config_.bucket,
                        {{"list-type", "2"},
                         {"prefix", prefix},
                         {"start-after", last},
                         {"max-keys", std::to_string(std::min(limit - result.size(), page))}},
                        {}});
    if (!answer)
      return std::move(answer.error());
    if (answer->status != 200)
      return refusal(*answer, complaint_of(*answer), "to list " + prefix);
    auto listed = parse_xml(answer->body, "ListBucketResult");
    if (!listed)
      return std::move(listed.error());
    for (const auto& [name, x] : *listed)
      if (name == "Contents")
        result.push_back(
          {x.get("Key", ""), number_in(x.get("Size", "")), parse_time(x.get("LastModified", ""))});
    if (listed->get("IsTruncated", "false") != "true" || result.empty())
      break;
    last = result.back().key;
  }
  return result;
}

caf::expected<std::string> bucket::begin_upload(const std::string& key) {
  auto answer = call({"POST", path_of(key), {{"uploads", ""}}, {}});
  if (!answer)
    return std::move(answer.error());
  if (answer->status != 200)
    return refusal(*answer, complaint_of(*answer), key);
  auto begun = parse_xml(answer->body, "InitiateMultipartUploadResult");
  if (!begun)
    return std::move(begun.error());
  return begun->get("UploadId", "");
}

caf::expected<std::string> bucket::put_part(const std::string& key, const std::string& upload,
                                            size_t number, std::string body) {
  auto answer = call(
    {"PUT", path_of(key), {{"partNumber", std::to_string(number)}, {"uploadId", upload}}, {}},
    std::move(body));
  if (!answer)
    return std::move(answer.error());
  const auto tag = answer->field("ETag");
  if (answer->status != 200 || tag.empty())
    return refusal(*answer, complaint_of(*answer), "a part of " + key);
  return std::string{tag};
}

caf::expected<caf::unit_t> bucket::complete_upload(const std::string& key,
                                                   const std::string& upload,
                                                   const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < etags.size(); ++i)
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + etags[i]
            + "</ETag></Part>";
  body += "</CompleteMultipartUpload>";
  auto answer = call({"POST", path_of(key), {{"uploadId", upload}}, {}}, std::move(body));
  if (!answer)
    return std::move(answer.error());
  const auto why = complaint_of(*answer);
  if (answer->status != 200 || !why.code.empty())
    return refusal(*answer, why, key);
  return caf::unit;
}

caf::expected<caf::unit_t> bucket::abort_upload(const std::string& key, const std::string& upload) {
  auto answer = call({"DELETE", path_of(key), {{"uploadId", upload}}, {}});
  if (!answer)
    return std::move(answer.error());
  if (answer->status != 204 && answer->status != 404)
    return refusal(*answer, complaint_of(*answer), key);
  return caf::unit;
}

caf::expected<std::vector<std::string>> bucket::uploads(const std::string& key) {
  auto answer = call({"GET", "/" + config_.bucket, {{"uploads", ""}, {"prefix", key}}, {}});
  if (!answer)
    return std::move(answer.error());
  if (answer->status != 200)
    return refusal(*answer, complaint_of(*answer), "to list the uploads of " + key);
  auto listed = parse_xml(answer->body, "ListMultipartUploadsResult");
  if (!listed)
    return std::move(listed.error());
  std::vector<std::string> result;
  for (const auto& [name, x] : *listed)
    if (name == "Upload" && x.get("Key", "") == key)
      result.push_back(x.get("UploadId", ""));
  return result;
}

caf::expected<uint64_t> bucket::upload_size(const std::string& key, const std::string& upload) {
  uint64_t result = 0;
  std::string marker = "0";
  for (bool more = true; more;) {
    auto answer
      = call({"GET", path_of(key), {{"uploadId", upload}, {"part-number-marker", marker}}, {}});
    if (!answer)
      return std::move(answer.error());
    if (answer->status == 404)
      return result;
    if (answer->status != 200)
      return refusal(*answer, complaint_of(*answer), "to list the parts of " + key);
    auto listed = parse_xml(answer->body, "ListPartsResult");
    if (!listed)
      return std::move(listed.error());
    for (const auto& [name, x] : *listed)
      if (name == "Part")
        result += number_in(x.get("Size", ""));
    const auto next = listed->get("NextPartNumberMarker", "");
    more = listed->get("IsTruncated", "false") == "true" && next != marker;
    marker = next;
  }
  return result;
}

} // namespace backendim::s3
