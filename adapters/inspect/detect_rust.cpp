#include "adapters/inspect/detect.hpp"

namespace backendim::inspection {

namespace {

/// The version that rust-toolchain asks for, or the least that Cargo.toml does.
std::optional<version_wish> wish_in(const source_tree& tree, caf::error& problem) {
  const auto channel
    = [&](const std::string& text, const std::string& where) -> std::optional<version_wish> {
    if (text == "stable" || text.starts_with("stable-"))
      return std::nullopt;
    auto range = parse_exact(text);
    if (!range)
      problem = unreadable_version(where, text, "stable or 1.96");
    return version_wish{text, where, range.value_or(version_range{})};
  };
  for (const std::string file : {"rust-toolchain.toml", "rust-toolchain"}) {
    const auto text = tree.text(file);
    if (!text)
      continue;
    if (const auto value = toml_find(*text, "toolchain", "channel"))
      return channel(value->text, file + ":" + std::to_string(value->line));
    if (text->find('[') == text->npos && !trim(*text).empty())
      return channel(std::string{trim(*text)}, file + ":1");
  }
  const auto least = toml_find(tree.text("Cargo.toml").value_or(""), "package", "rust-version");
  if (!least)
    return std::nullopt;
  const auto where = "Cargo.toml:" + std::to_string(least->line);
  auto range = parse_minimum(least->text);
  if (!range)
    problem = unreadable_version(where, least->text, "rust-version = \"1.85\"");
  return version_wish{least->text + " or newer", where, range.value_or(version_range{})};
}

bool is_crate_name(std::string_view name) {
  return !name.empty()
         && name.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
              == name.npos
         && name[0] != '-';
}

} // namespace

detection detect_rust(const detection_input& in) {
  const auto cargo = in.tree.text("Cargo.toml");
  if (!cargo)
    return std::optional<finding>{};
  caf::error problem;
  auto wanted = wish_of_config(in.config);
  if (!wanted)
    wanted = wish_in(in.tree, problem);
  if (problem)
    return problem;
  auto runtime = in.runtimes.choose("rust", wanted);
  if (!runtime)
    return std::move(runtime.error());

  finding result;
  auto& plan = result.plan;
  plan.framework = "rust";
  plan.runtime = runtime->name;
  plan.base_image = "rust:" + runtime->line;
  plan.port = 8080;
  plan.why = {"Rust, because there is a Cargo.toml.", runtime->why};
  plan.start = in.own_start;

  const auto package = toml_find(*cargo, "package", "name");
  const auto run = toml_find(*cargo, "package", "default-run");
  const auto bin = toml_find(*cargo, "bin", "name");
  const std::string name = run ? run->text : bin ? bin->text : package ? package->text : "";
  const bool single = cargo->find("[workspace") == cargo->npos && package
                      && is_crate_name(package->text) && is_crate_name(name);
  const bool own_build = in.config.build && in.config.build->command;
  const std::string locked = in.tree.has("Cargo.lock") ? " --locked" : "";
  // Outside of /app, so that the final image gets the program and none of its object files.
  const auto build = "cargo build --release --target-dir /tmp/target" + locked;

  const bool plain = single && in.tree.has("src/main.rs") && !in.tree.has("src/lib.rs")
                     && !in.tree.has("build.rs") && !in.tree.has_folder(".cargo") && !bin
                     && cargo->find("path =") == cargo->npos && cargo->find("path=") == cargo->npos
                     && !own_build;
  if (plain) {
    plan.manifests.emplace_back("Cargo.toml");
    if (!locked.empty())
      plan.manifests.emplace_back("Cargo.lock");
    // Dependencies in a layer of their own. Cargo judges by time stamps and would take the empty
    // program for the app's, whose files are older: so its traces are removed.
    plan.install.push_back("mkdir -p src && echo 'fn main() {}' > src/main.rs && " + build
                           + " && cargo clean --release --target-dir /tmp/target -p "
                           + package->text + " && rm -rf src");
    plan.why.emplace_back("Builds the dependencies first; they are kept while Cargo.lock stays.");
  }
  if (!own_build && single) {
    plan.build.push_back(build + " --bin " + name);
    plan.build.push_back("install -D /tmp/target/release/" + name + " /app/.bin/app");
    plan.why.push_back("Builds the program " + name + " of Cargo.toml.");
    if (in.own_start.empty())
      plan.start = "/app/.bin/app";
  }
  result.no_start = own_build ? "build.command decides what is built"
                              : "Cargo.toml is a workspace or names no package";
  result.no_start_next
    = "Set build.command and start in backend-im.yml, like cargo build --release "
      "-p shop and ./target/release/shop.";
  if (!single && !own_build && !in.own_start.empty())
    return cannot_plan("Rust: " + result.no_start + ".", {"Cargo.toml:1: no [package] to build"},
                       result.no_start_next);
  return std::optional{std::move(result)};
}

} // namespace backendim::inspection
