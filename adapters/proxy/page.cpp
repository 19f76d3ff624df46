#include "adapters/proxy/page.hpp"

#include "adapters/proxy/head.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace backendim::proxy {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

/// The word of our error codes that tells what to do next.
std::string_view code_of(unsigned status) {
  switch (status) {
    case 200: return "ok";
    case 301:
    case 302:
    case 307:
    case 308: return "moved";
    case 401: return "unauthenticated";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 413:
    case 431: return "too_large";
    case 429: return "over_quota";
    case 408:
    case 504: return "timed_out";
    case 502:
    case 503: return "unavailable";
    default: return "invalid_request";
  }
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text)
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
}

std::string html(const page& what) {
  std::string result = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                       "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  append_escaped(result, what.title);
  result += "</title><style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh "
            "auto;padding:0 1.5rem;color:#222;background:#fafafa}small{color:#666}</style></head>"
            "<body><h1>";
  append_escaped(result, what.title);
  result += "</h1><p>";
  append_escaped(result, what.text);
  result += "</p><p><small>" + std::to_string(what.status) + " ";
  result.append(reason_of(what.status)).append("</small></p></body></html>\n");
  return result;
}

std::string json(const page& what) {
  return boost::json::serialize(boost::json::value{{"code", code_of(what.status)},
                                                   {"title", what.title},
                                                   {"detail", what.text},
                                                   {"status", what.status}});
}

/// The q of a media range, in thousandths.
int quality(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos)
    return 1000;
  int result = 0;
  int scale = 1000;
  for (char c : parameters.substr(at + 2, 5)) {
    if (c >= '0' && c <= '9' && scale != 0) {
      result += (c - '0') * scale;
      scale /= 10;
    } else if (c != '.') {
      break;
    }
  }
  return std::min(result, 1000);
}

} // namespace

page moved_page(unsigned status, std::string place) {
  page result{status, "This has moved", "It is at " + place, {}, 0};
  result.fields = "Location: " + std::move(place) + "\r\n";
  return result;
}

page standard_page(unsigned status) {
  switch (status) {
    case 404:
      return {404, "No app answers here",
              "No app has this host name. Check the spelling of the address."};
    case 401: return {401, "A password is needed", "This app asks for a user name and a password."};
    case 403:
      return {403, "Not from your address", "This app takes requests from certain addresses only."};
    case 405: return {405, "Method not allowed", "TRACE is not answered here."};
    case 408:
      return {408, "The request took too long", "The rest of the request did not come in time."};
    case 413: return {413, "The request is too large", "Its body is larger than this app takes."};
    case 429:
      return {429, "Too many requests",
              "Your address has sent more requests than this app takes. "
              "Try again in a moment."};
    case 431:
      return {431, "The request is too large",
              "Its header fields are larger than we take. Clearing this site's cookies may help."};
    case 501: return {501, "Not a forward proxy", "CONNECT is not supported here."};
    case 502:
      return {502, "The app does not answer",
              "The app could not be reached, or its answer could not be understood. Try again in a "
              "moment."};
    case 503: return {503, "Please try again soon", "Nothing serves this address at the moment."};
    case 504:
      return {504, "The app takes too long", "The app did not answer in time. Try again later."};
    case 505: return {505, "Unknown HTTP version", "HTTP/1.1 and HTTP/1.0 are spoken here."};
    default: return {status, "Bad request", "The request is not valid HTTP."};
  }
}

void write_page(std::string& out, const page& what, const page_form& form) {
  const auto body = form.json ? json(what) : html(what);
  out.assign("HTTP/1.1 ").append(std::to_string(what.status)).append(" ");
  out.append(reason_of(what.status)).append("\r\nContent-Type: ");
  out.append(form.json ? "application/problem+json" : "text/html; charset=utf-8");
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  const auto later = what.retry_after == 0 && what.status == 503 ? 2 : what.retry_after;
  if (later != 0)
    out.append("Retry-After: ").append(std::to_string(later)).append("\r\n");
  out.append(what.fields);
  if (what.status == 405)
    out.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
  if (!form.request_id.empty())
    out.append("X-Request-Id: ").append(form.request_id).append("\r\n");
  if (!form.keep_alive)
    out.append("Connection: close\r\n");
  else if (form.minor == 0)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  if (!form.head_only)
    out.append(body);
}

bool prefers_json(const std::vector<field>& fields) {
  int json_quality = 0;
  int html_quality = 0;
  for (const auto& x : fields) {
    if (x.id != field_id::accept)
      continue;
    auto rest = x.value;
    while (!rest.empty()) {
      const auto range = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(range.size() + 1, rest.size()));
      auto type = range.substr(0, range.find(';'));
      const auto parameters = range.substr(type.size());
      type.remove_prefix(std::min(type.find_first_not_of(" \t"), type.size()));
      type = type.substr(0, type.find_last_not_of(" \t") + 1);
      if (same_word(type, "application/json") || same_word(type, "application/problem+json"))
        json_quality = std::max(json_quality, quality(parameters));
      else if (same_word(type, "text/html"))
        html_quality = std::max(html_quality, quality(parameters));
    }
  }
  return json_quality > html_quality;
}

} // namespace backendim::proxy
