#include "adapters/source/ignored_files.hpp"

#include "adapters/source/docker_ignore.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace backendim::source {

namespace fs = std::filesystem;

namespace {

/// What is made from the source, or belongs to the machine.
constexpr std::array<std::string_view, 8> never_source{
  ".git", "node_modules", "__pycache__", ".venv", ".DS_Store", ".hg", ".svn", ".pytest_cache"};

bool is_never_source(const std::string& path) {
  return std::ranges::any_of(fs::path{path}, [](const fs::path& part) {
    return std::ranges::find(never_source, part.native()) != never_source.end();
  });
}

class scratch_folder {
public:
  scratch_folder() {
    auto name = (fs::temp_directory_path() / "backend-im-XXXXXX").string();
    if (::mkdtemp(name.data()))
      path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty())
      fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

caf::expected<std::vector<std::string>> walk(const fs::path& folder) {
  std::vector<std::string> result;
  std::error_code failed;
  for (fs::recursive_directory_iterator i{folder, failed}, end; !failed && i != end;
       i.increment(failed)) {
    const auto name = i->path().lexically_relative(folder).string();
    if (is_never_source(name)) {
      i.disable_recursion_pending();
      continue;
    }
    if (!i->is_directory() || i->is_symlink())
      result.push_back(name);
  }
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot read " + folder.string() + ": " + failed.message());
  return result;
}

bool has_gitignore(const std::vector<std::string>& files) {
  return std::ranges::any_of(
    files, [](const std::string& x) { return x == ".gitignore" || x.ends_with("/.gitignore"); });
}

/// What git printed: a name with odd characters stands in quotes, like a string in C.
std::string unquoted(std::string_view line) {
  if (line.size() < 2 || line.front() != '"')
    return std::string{line};
  line = line.substr(1, line.size() - 2);
  constexpr std::string_view letters = "abtnvfr"; // of \a, \b, \t, ... in their order
  std::string result;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      result += line[i];
    } else if (const auto c = line[++i]; c >= '0' && c <= '3' && i + 2 < line.size()) {
      result
        += static_cast<char>(((c - '0') << 6) | ((line[i + 1] - '0') << 3) | (line[i + 2] - '0'));
      i += 2;
    } else if (const auto letter = letters.find(c); letter != letters.npos) {
      result += static_cast<char>('\a' + static_cast<char>(letter));
    } else {
      result += c;
    }
  }
  return result;
}

caf::expected<std::vector<std::string>> list(const fs::path& folder);

/// git lists what is not ignored; a repository of its own, empty, makes it look at everything.
caf::expected<std::vector<std::string>> list_with_git(const fs::path& folder) {
  const scratch_folder scratch;
  if (scratch.path().empty())
    return caf::make_error(ec::unavailable, "cannot make a temporary folder");
  subprocess::command x;
  const auto* path = std::getenv("PATH");
  x.env = {{"PATH", path ? path : "/usr/bin:/bin"},
           {"HOME", scratch.path().string()},
           {"GIT_CONFIG_NOSYSTEM", "1"},
           {"LC_ALL", "C"}};
  x.limit = std::chrono::minutes{2};
  x.argv = {"git", "init", "-q", "--bare", (scratch.path() / "repository").string()};
  std::vector<std::string> result;
  for (const bool listing : {false, true}) {
    line_sink sink;
    if (listing) {
      x.argv = {"git",
                "-c",
                "core.quotePath=false",
                "--git-dir=" + (scratch.path() / "repository").string(),
                "--work-tree=" + folder.string(),
                "ls-files",
                "--others",
                "--exclude-per-directory=.gitignore"};
      x.folder = folder;
      sink = [&](std::string_view line) { result.push_back(unquoted(line)); };
    }
    auto ran = subprocess::run(x, sink, {});
    if (!ran && ran.error() == ec::not_found)
      return caf::make_error(ec::unavailable,
                             "git is needed to read .gitignore; install git and try again");
    if (!ran)
      return std::move(ran.error());
    if (!ran->good())
      return caf::make_error(ec::unavailable,
                             "git cannot list the files of " + folder.string()
                               + (ran->tail.empty() ? "" : ": " + ran->tail.back()));
  }
  std::vector<std::string> below;
  for (const auto& name : result)
    if (name.ends_with('/')) { // a repository of its own, which has its own rules
      auto inner = list(folder / name.substr(0, name.size() - 1));
      if (!inner)
        return inner;
      for (const auto& file : *inner)
        below.push_back(name + file);
    }
  std::erase_if(result,
                [](const std::string& y) { return y.ends_with('/') || is_never_source(y); });
  result.insert(result.end(), below.begin(), below.end());
  return result;
}

caf::expected<std::vector<std::string>> list(const fs::path& folder) {
  auto result = walk(folder);
  if (result && has_gitignore(*result))
    result = list_with_git(folder);
  return result;
}

/// Docker, too, sends these whatever .dockerignore says.
bool says_how_to_build(const std::string& path) {
  static constexpr std::array<std::string_view, 5> names{
    "Dockerfile", "Containerfile", ".dockerignore", "backend-im.yml", "backend-im.yaml"};
  return std::ranges::find(names, path) != names.end();
}

} // namespace

caf::expected<std::vector<std::string>> source_files(const fs::path& given) {
  std::error_code failed;
  const auto folder = fs::canonical(given, failed);
  if (failed || !fs::is_directory(folder, failed))
    return caf::make_error(ec::invalid_request, given.string() + " is not a folder");
  auto result = list(folder);
  if (!result)
    return result;
  const docker_ignore docker{folder / ".dockerignore"};
  std::erase_if(*result, [&](const std::string& name) {
    return docker.leaves_out(name) && !says_how_to_build(name);
  });
  std::ranges::sort(*result);
  return result;
}

bool holds_credentials(const std::string& path) {
  const auto name = fs::path{path}.filename().string();
  if (name.starts_with(".env"))
    return !name.ends_with(".example") && !name.ends_with(".sample") && !name.ends_with(".template")
           && (name.size() == 4 || name[4] == '.');
  static constexpr std::array<std::string_view, 11> names{
    ".netrc",     ".pypirc",   ".git-credentials", "id_rsa",  "id_dsa",     "id_ecdsa",
    "id_ed25519", ".htpasswd", ".pgpass",          ".my.cnf", "credentials"};
  static constexpr std::array<std::string_view, 5> endings{".key", ".p12", ".pfx", ".jks", ".kdbx"};
  return std::ranges::find(names, name) != names.end()
         || std::ranges::any_of(endings, [&](auto x) { return name.ends_with(x); });
}

} // namespace backendim::source
