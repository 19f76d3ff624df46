#include "adapters/inspect/detect.hpp"

#include <algorithm>
#include <vector>

namespace backendim::inspection {

namespace {

struct go_version {
  std::string text;
  int line = 0;
};

/// What "toolchain go1.22.4" or "go 1.22" of go.mod asks for; the toolchain line is the newer.
go_version version_in(std::string_view mod) {
  go_version result;
  bool toolchain = false;
  int number = 0;
  for (const auto whole : lines_of(mod)) {
    ++number;
    const auto line = trim(whole.substr(0, whole.find("//")));
    if (line.starts_with("toolchain go")) {
      result = {std::string{trim(line.substr(12))}, number};
      toolchain = true;
    } else if (line.starts_with("go ") && !toolchain) {
      result = {std::string{trim(line.substr(3))}, number};
    }
  }
  // "1.22rc1" is part of the 1.22 line.
  result.text = result.text.substr(0, result.text.find_first_not_of("0123456789."));
  return result;
}

bool is_main(const source_tree& tree, const std::string& folder) {
  for (const auto& name : tree.names(folder)) {
    if (!name.ends_with(".go") || name.ends_with("_test.go"))
      continue;
    const auto text = tree.text(folder.empty() ? name : folder + "/" + name).value_or("");
    for (const auto line : lines_of(text)) {
      if (line.starts_with("//go:build ignore"))
        break;
      if (has_word(line, "package")) {
        if (trim(line.substr(0, line.find("//"))) == "package main")
          return true;
        if (line.starts_with("package "))
          break;
      }
    }
  }
  return false;
}

bool is_plain(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
         == name.npos;
}

/// The packages that can be started: "." alone, or all of cmd.
std::vector<std::string> mains(const source_tree& tree) {
  if (is_main(tree, ""))
    return {"."};
  std::vector<std::string> result;
  if (tree.has_folder("cmd") && is_main(tree, "cmd"))
    result.emplace_back("./cmd");
  for (const auto& name : tree.names("cmd"))
    if (is_plain(name) && tree.has_folder("cmd/" + name) && is_main(tree, "cmd/" + name))
      result.push_back("./cmd/" + name);
  return result;
}

/// The one to start of several: a usual name, or the module's own.
std::string choose_main(const std::vector<std::string>& found, std::string_view mod) {
  if (found.size() == 1)
    return found[0];
  std::vector<std::string> usual{"./cmd/server", "./cmd/web", "./cmd/api", "./cmd/app",
                                 "./cmd/http"};
  for (const auto line : lines_of(mod))
    if (line.starts_with("module ")) {
      const auto path = trim(line.substr(7));
      usual.insert(usual.begin(), "./cmd/" + std::string{path.substr(path.rfind('/') + 1)});
    }
  for (const auto& name : usual)
    if (std::ranges::find(found, name) != found.end())
      return name;
  return "";
}

} // namespace

detection detect_go(const detection_input& in) {
  const auto mod = in.tree.text("go.mod");
  if (!mod)
    return std::optional<finding>{};
  auto wanted = wish_of_config(in.config);
  if (const auto written = version_in(*mod); !wanted && !written.text.empty()) {
    const auto where = "go.mod:" + std::to_string(written.line);
    auto range = parse_minimum(written.text);
    if (!range)
      return unreadable_version(where, written.text, "go 1.25");
    wanted = version_wish{written.text + " or newer", where, std::move(*range)};
  }
  auto runtime = in.runtimes.choose("go", wanted);
  if (!runtime)
    return std::move(runtime.error());

  finding result;
  auto& plan = result.plan;
  plan.framework = "go";
  plan.runtime = runtime->name;
  plan.base_image = "golang:" + runtime->line;
  plan.port = 8080;
  plan.why = {"Go, because there is a go.mod.", runtime->why};
  if (in.tree.has_folder("vendor") && in.tree.has("vendor/modules.txt")) {
    plan.why.push_back("Downloads no modules: they are in vendor.");
  } else {
    plan.install.emplace_back("go mod download");
    const bool local = mod->find("=> ./") != mod->npos || mod->find("=> ../") != mod->npos;
    if (!local && !in.tree.has("go.work"))
      for (const auto* file : {"go.mod", "go.sum"})
        if (in.tree.has(file))
          plan.manifests.emplace_back(file);
  }
  const auto found = mains(in.tree);
  const auto package = choose_main(found, *mod);
  if (!package.empty()) {
    plan.build.push_back("CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o "
                         "/app/.bin/app "
                         + package);
    plan.why.push_back("Builds " + package + " without cgo, so that the image needs no C library.");
  }
  plan.start = in.own_start;
  const bool own_build = in.config.build && in.config.build->command;
  if (own_build) {
    result.no_start = "build.command decides what is built";
    result.no_start_next = "Set start in backend-im.yml to the program that it makes.";
  } else if (package.empty()) {
    std::string names;
    for (const auto& name : found)
      names += (names.empty() ? "" : ", ") + name;
    result.no_start = found.empty() ? "no package main in the folder or below cmd"
                                    : "several packages can be started: " + names;
    result.no_start_next = "Set build.command and start in backend-im.yml, like go build -o server "
                           "./cmd/shop and ./server.";
    if (!in.own_start.empty())
      return cannot_plan("Go: " + result.no_start + ".", {"go.mod:1: " + names},
                         result.no_start_next);
  } else if (in.own_start.empty()) {
    plan.start = "/app/.bin/app";
  }
  return std::optional{std::move(result)};
}

} // namespace backendim::inspection
