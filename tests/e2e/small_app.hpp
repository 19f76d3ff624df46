#pragma once

#include "tests/e2e/world.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace backendim::e2e {

/// An app in Node without dependencies.
class small_app {
public:
  explicit small_app(std::string name) : name_{std::move(name)}, folder_{copy_of("static", name_)} {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream{folder_ / "package.json"}
      << R"({"name": "small", "scripts": {"start": "node app.js"}})";
  }

  /// It answers *greeting*, and runs *more* besides.
  void write(const std::string& greeting, const std::string& more = "",
             const std::string& settings = "") const {
    write_handler("s.end('" + greeting + "')", settings, more);
  }

  /// It runs *handler* for each request q, whose answer is s.
  void write_handler(const std::string& handler, const std::string& settings = "",
                     const std::string& more = "") const {
    std::ofstream{folder_ / "app.js"}
      << "require('http').createServer((q, s) => { " << handler
      << " }).listen(process.env.PORT);\nprocess.on('SIGTERM', () => process.exit(0));\n"
      << more << '\n';
    std::ofstream{folder_ / "backend-im.yml"} << "name: " << name_ << "\nport: 3000\n" << settings;
  }

  run_result deploy() const { return say({"deploy"}); }
  run_result say(std::vector<std::string> words) const { return cli(std::move(words), folder_); }
  std::string shown() const { return get(url_of(name_) + "/").body; }
  boost::json::object info() const {
    return boost::json::parse(api("/v1/apps/" + name_).body).as_object();
  }
  /// The newest deployment.
  boost::json::object latest() const {
    const auto id = std::string{info().at("latest").as_string()};
    return boost::json::parse(api("/v1/deployments/" + id).body).as_object();
  }
  std::string state_of_latest() const { return std::string{latest().at("state").as_string()}; }

private:
  std::string name_;
  std::filesystem::path folder_;
};

} // namespace backendim::e2e
