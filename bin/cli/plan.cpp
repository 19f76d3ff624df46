#include "adapters/inspect/inspector.hpp"
#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/plan_text.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

std::string plan_text(const build_plan& x) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty())
      rows.push_back({name, value});
  };
  const auto add_all = [&](std::string name, const std::vector<std::string>& values) {
    for (const auto& value : values) {
      rows.push_back({name, value});
      name.clear();
    }
  };
  add("framework", x.framework);
  add("runtime", x.runtime);
  add("base image", x.base_image);
  add("containerfile", x.containerfile ? *x.containerfile : "");
  add_all("install", x.install);
  add_all("build", x.build);
  add("start", x.start.empty() ? "the image's own command" : x.start);
  if (x.port != 0)
    add("port", std::to_string(x.port));
  if (x.writable)
    add_all("writable", *x.writable);
  add_all("why", x.why);
  return table_text(rows);
}

caf::expected<exit_code> plan(session& s, const arguments& args) {
  const auto folder = s.folder(args.operand(0));
  if (!folder)
    return folder.error();
  inspection::options options;
  options.hub = args.has("hub");
  const auto inspector = inspection::make_inspector(options);
  const auto config = inspector->read_config(*folder);
  if (!config)
    return config.error();
  const auto found = inspector->plan(*folder, *config);
  if (!found)
    return found.error();
  const auto containerfile
    = args.has("containerfile") ? inspector->containerfile(*found) : std::string{};
  if (s.json()) {
    auto document = to_json(*found).as_object();
    if (args.has("containerfile"))
      document["containerfile_text"] = containerfile;
    s.print_json(document);
    return exit_code::ok;
  }
  s.print_text(plan_text(*found));
  if (args.has("containerfile")) {
    s.print("");
    s.print_text(containerfile);
  }
  return exit_code::ok;
}

} // namespace backendim::cli
