#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backendim::proxy {

struct field;

/// An answer of our own.
struct page {
  unsigned status = 0;
  std::string title;        ///< Plain text.
  std::string text;         ///< A sentence or two. Plain text.
  std::string fields{};     ///< Further header fields, each with its line break.
  unsigned retry_after = 0; ///< Seconds; 0: 2 with a 503, else none.
};

/// The page for a status that needs no words of the app's.
page standard_page(unsigned status);

/// The page that leads to *place*.
page moved_page(unsigned status, std::string place);

struct page_form {
  bool json = false;      ///< application/problem+json instead of text/html.
  bool head_only = false; ///< The answer to HEAD.
  bool keep_alive = false;
  unsigned minor = 1;          ///< Of the request.
  std::string_view request_id; ///< May be empty.
};

/// Replaces *out* by the whole response.
void write_page(std::string& out, const page& what, const page_form& form);

/// Whether the Accept fields ask for JSON rather than for HTML.
bool prefers_json(const std::vector<field>& fields);

} // namespace backendim::proxy
