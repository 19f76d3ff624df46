#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What the end-to-end tests have: a platform that runs as its operator would run it, and the
/// tools of its users. Everything goes through the two programs and curl.
namespace backendim::e2e {

struct run_result {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs it to its end, at most for some minutes. BACKENDIM_URL and the credentials point at the
/// platform of these tests.
run_result run(const std::vector<std::string>& argv, const std::filesystem::path& folder = {});

/// backend-im with these arguments.
run_result cli(std::vector<std::string> arguments, const std::filesystem::path& folder = {});

/// The same as whoever has *token*.
run_result cli_as(const std::string& token, const std::vector<std::string>& arguments,
                  const std::filesystem::path& folder = {});

std::string first_line(const std::string& text);

struct http_answer {
  int status = 0;   ///< 0: none came.
  std::string body; ///< Without the end of its last line.
};

/// What curl says. *more* are arguments of curl's.
http_answer get(const std::string& url, const std::vector<std::string>& more = {});

/// The same as the platform's admin, path only.
http_answer api(const std::string& path, const std::vector<std::string>& more = {});

std::filesystem::path samples(); ///< tests/e2e/apps
std::filesystem::path broken();  ///< tests/e2e/broken

/// A copy of a sample that a test may change.
std::filesystem::path copy_of(const std::string& sample, const std::string& name);

/// Fails the test when *from* is not in it.
void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to);

std::string url_of(const std::string& app); ///< Where an app of the tenant main answers.

/// backendimd with a state folder and ports of its own.
class daemon_process {
public:
  static daemon_process& instance();

  /// Returns when it is ready; fails the test when it never is. *settings*: keys of its
  /// configuration, as JSON, that replace those of all tests.
  void start(const std::string& settings = "{}");
  /// *die_at* names a place where it ends as if killed (actors/fault_point.hpp).
  void start_to_die(const std::string& die_at);
  void begin(const std::string& settings = "{}",
             const std::string& die_at = ""); ///< Does not wait.
  void stop();                                ///< SIGTERM, and waits for its end.
  void restart_in_place();                    ///< SIGHUP, and waits until it is ready again.
  void hang_up();                             ///< SIGHUP; does not wait.
  void kill();                                ///< SIGKILL.
  bool dies();                                ///< By itself; false: it does not.

  std::filesystem::path state() const;
  void keep_state_in(const std::filesystem::path& folder); ///< From the next start on.
  size_t resident_kb() const;
  std::string log() const; ///< What it wrote to stderr.

private:
  void await();

  std::filesystem::path state_;
  pid_t pid_ = 0;
};

} // namespace backendim::e2e
