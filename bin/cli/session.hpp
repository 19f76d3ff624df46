#pragma once

#include "bin/cli/credentials.hpp"
#include "bin/cli/interrupts.hpp"
#include "bin/cli/platform.hpp"

#include <boost/json/value.hpp>
#include <caf/expected.hpp>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace backendim::cli {

class arguments;

/// What the program sees of the machine; a test gives it another one.
struct surroundings {
  std::ostream& out;
  std::ostream& err;
  interrupts& signals;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  /// Asks the person at the terminal; without an answer when the input ended. Empty: nobody is
  /// there.
  std::function<std::optional<std::string>(const std::string& question, bool hidden)> ask;
  /// A variable of the environment, or the empty text.
  std::function<std::string(const std::string& name)> variable;
  std::filesystem::path folder; ///< The current one.
  patience wait;
  std::function<std::string()> input; ///< All that stands on stdin. Empty: a terminal.
};

/// One run of a verb: what was asked for globally, and the ways to talk.
class session {
public:
  session(surroundings& around, const arguments& args);

  /// A line of the result, made printable.
  void print(std::string_view line);
  /// Several lines; each is made printable.
  void print_text(std::string_view text);
  void print_json(const boost::json::value& x);
  /// A line for the person who waits, made printable; not when --quiet or --json.
  void say(std::string_view line);
  /// The same with *raw* instead of making it printable.
  void say_raw(std::string_view text);

  bool json() const { return json_; }
  /// Whether say says anything.
  bool talks() const { return talks_; }
  bool color() const { return color_; }
  surroundings& around() { return around_; }

  /// Where the verb is to go. Without a scheme "http://" is meant.
  std::string url() const;
  caf::expected<credentials_file> kept() const;
  /// The platform, with whatever token there is. Fails when there is none.
  caf::expected<platform> connect() const;
  /// One that asks for no token, or brings its own.
  platform connect_to(const std::string& url, const std::string& token = "") const;

  /// *operand* below the current folder, or that itself. Fails when it is none.
  caf::expected<std::filesystem::path> folder(const std::string& operand) const;

private:
  surroundings& around_;
  std::optional<std::string> url_;
  bool json_;
  bool talks_;
  bool color_;
  std::mutex lock_; ///< Of the two outputs.
};

} // namespace backendim::cli
