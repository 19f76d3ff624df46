#include "bin/cli/session.hpp"

#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <ostream>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view default_url = "http://127.0.0.1:7780";

std::string trimmed_url(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  return url.find("://") == url.npos ? "http://" + url : url;
}

} // namespace

session::session(surroundings& around, const arguments& args)
  : around_{around}, url_{args.value("url")}, json_{args.has("json")},
    talks_{!json_ && !args.has("quiet")}, color_{around.err_is_terminal && !json_
                                                 && !args.has("no-color")
                                                 && around.variable("NO_COLOR").empty()
                                                 && around.variable("TERM") != "dumb"} {}

void session::print(std::string_view line) {
  const std::lock_guard guard{lock_};
  around_.out << printable(line) << '\n' << std::flush;
}

void session::print_text(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    print(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

void session::print_json(const boost::json::value& x) {
  auto text = boost::json::serialize(x);
  const std::lock_guard guard{lock_};
  around_.out << (around_.out_is_terminal ? printable(text) : text) << '\n' << std::flush;
}

void session::say(std::string_view line) {
  say_raw(printable(line) + "\n");
}

void session::say_raw(std::string_view text) {
  if (!talks_)
    return;
  const std::lock_guard guard{lock_};
  around_.err << text << std::flush;
}

std::string session::url() const {
  if (url_)
    return trimmed_url(*url_);
  if (const auto wish = around_.variable("BACKEND_IM_URL"); !wish.empty())
    return trimmed_url(wish);
  // A damaged file is connect's business: a new login must be able to replace it.
  const auto file = kept();
  const auto known = file ? file->load() : std::optional<credentials>{};
  return known && *known ? (*known)->url : std::string{default_url};
}

caf::expected<credentials_file> session::kept() const {
  auto folder = fs::path{around_.variable("XDG_CONFIG_HOME")};
  if (!folder.is_absolute()) { // as the XDG base directory specification has it
    const auto home = around_.variable("HOME");
    if (home.empty())
      return local_problem("no_home", "neither HOME nor XDG_CONFIG_HOME says where to keep tokens",
                           "Set HOME, or give BACKEND_IM_TOKEN.");
    folder = fs::path{home} / ".config";
  }
  return credentials_file{folder / "backend-im" / "credentials.json"};
}

caf::expected<platform> session::connect() const {
  const auto where = url();
  if (const auto token = around_.variable("BACKEND_IM_TOKEN"); !token.empty())
    return connect_to(where, token);
  const auto file = kept();
  if (!file)
    return file.error();
  auto known = file->load();
  if (!known)
    return std::move(known.error());
  // A token goes to the platform it was made by and to no other.
  if (!*known || (*known)->url != where)
    return make_problem({{"code", "unauthenticated"},
                         {"detail", "not logged in to " + where},
                         {"next", "Log in: backend-im auth login --url " + where},
                         {"exit", static_cast<int>(exit_code::refused)}});
  return connect_to(where, (*known)->token);
}

platform session::connect_to(const std::string& url, const std::string& token) const {
  return {url, token, around_.wait};
}

caf::expected<fs::path> session::folder(const std::string& operand) const {
  const auto path = operand.empty() ? around_.folder : around_.folder / operand;
  std::error_code failed;
  if (!fs::is_directory(path, failed))
    return usage_problem(path.string() + " is no folder");
  return fs::canonical(path, failed);
}

} // namespace backendim::cli
