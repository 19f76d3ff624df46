#include "adapters/inspect/inspector.hpp"
#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_follower.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/random_key.hpp"
#include "bin/cli/upload.hpp"
#include "protocol/deployment.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <map>

namespace backendim::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

struct wish {
  std::string app;
  fs::path folder; ///< Empty: source says where it is.
  source_ref source;
  app_config overrides;
};

using variables = std::map<std::string, std::string>;

caf::expected<variables> given_variables(const arguments& args) {
  variables result;
  for (const auto& text : args.all("env")) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0)
      return usage_problem("--env needs K=V"); // not the text: it may be a secret
    result[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return result;
}

/// "https://host/path/shop.git" is called shop.
std::string name_of_repository(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  if (url.ends_with(".git"))
    url.remove_suffix(4);
  return valid_name(url.substr(url.find_last_of("/:") + 1));
}

caf::expected<wish> from_repository(const std::string& git, const arguments& args,
                                    const variables& env) {
  if (!args.operand(0).empty() || args.has("include"))
    return usage_problem("--git takes the source from the repository: no DIR, no --include");
  wish result;
  const auto hash = git.find('#');
  result.source.git = git.substr(0, hash);
  if (hash != git.npos && hash + 1 < git.size())
    result.source.ref = git.substr(hash + 1);
  result.app = args.value("app").value_or(name_of_repository(*result.source.git));
  if (result.app.empty())
    return usage_problem("nothing of the URL can be an app's name: give --app NAME");
  if (!env.empty())
    result.overrides.env = env;
  return result;
}

caf::expected<wish> from_folder(session& s, const arguments& args, const variables& env) {
  wish result;
  auto folder = s.folder(args.operand(0));
  if (!folder)
    return std::move(folder.error());
  result.folder = *folder;
  auto config = inspection::make_inspector()->read_config(result.folder);
  if (!config)
    return std::move(config.error());
  auto app = args.has("app") ? caf::expected<std::string>{*args.value("app")}
                             : app_of(result.folder, *config);
  if (!app)
    return std::move(app.error());
  result.app = *app;
  if (!env.empty()) { // the platform replaces whole keys: what the file says stays
    auto all = config->env ? *config->env : variables{};
    for (const auto& [key, value] : env)
      all[key] = value;
    result.overrides.env = std::move(all);
  }
  return result;
}

caf::expected<wish> read_wish(session& s, const arguments& args) {
  const auto env = given_variables(args);
  if (!env)
    return env.error();
  const auto git = args.value("git");
  auto result = git ? from_repository(*git, args, *env) : from_folder(s, args, *env);
  if (result && result->app != valid_name(result->app))
    return usage_problem("\"" + result->app
                           + "\" is no app's name: lower-case letters, digits "
                             "and dashes, a letter first, at most 40",
                         valid_name(result->app));
  return result;
}

} // namespace

caf::expected<exit_code> deploy(session& s, const arguments& args) {
  auto read = read_follow_options(args);
  if (!read)
    return std::move(read.error());
  const auto options = *read;
  auto what = read_wish(s, args);
  if (!what)
    return std::move(what.error());
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  // Before the work of packing: is somebody there, and does he know us?
  if (const auto who = door->get("/v1/whoami"); !who)
    return who.error();

  progress shown{s};
  shown.note("Deploying " + what->app + " to " + door->url());
  if (!what->folder.empty()) {
    auto digest = send_folder(s, *door, shown, what->folder, args.all("include"));
    if (!digest)
      return std::move(digest.error());
    what->source.blob = *digest;
  }
  const json::object body{{"source", to_json(what->source)}, {"config", to_json(what->overrides)}};
  const auto key = random_key();
  const auto made = door->patiently(
    [&] {
      return door->post("/v1/apps/" + http::percent_encode(what->app) + "/deployments", body, key);
    },
    [&] { shown.note("  the platform does not answer; trying again"); },
    [&](const json::object& busy) {
      shown.note("  not taken yet, trying again: " + text_at(busy, "detail"));
    },
    options.until.value_or(std::chrono::steady_clock::time_point::max()));
  if (!made)
    return made.error();
  return follow_accepted(s, *door, shown, *made, options, args.has("detach"));
}

} // namespace backendim::cli
