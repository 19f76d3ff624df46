#include "bin/cli/manual.hpp"

#include "bin/cli/terminal.hpp"

#include <algorithm>
#include <cstddef>

namespace backendim::cli {

namespace {

constexpr size_t text_width = 90;

constexpr std::string_view exit_codes = R"(| Code | Meaning |
|---|---|
| 0 | It worked |
| 1 | It failed: the deployment, or what was asked of the platform |
| 2 | The command line is wrong |
| 3 | Not logged in, or not allowed (401, 403) |
| 4 | There is no such thing (404) |
| 5 | The platform cannot be reached, or says that it cannot just now (429, 502, 503, 504) |
| 130 | Interrupted |

`run` ends with the exit code of the command when it has one.
)";

constexpr std::string_view variables = R"(| Variable | Meaning |
|---|---|
| `BACKEND_IM_URL` | The platform; before the one logged in to. Default `http://127.0.0.1:7780` |
| `BACKEND_IM_TOKEN` | API token or session; before the one that `auth login` kept |
| `XDG_CONFIG_HOME` | Folder of `backend-im/credentials.json`, the session; default `~/.config` |
| `NO_COLOR` | No colors |
)";

constexpr std::string_view json_lines = R"(`deploy --json` prints one JSON object in each line:

| `type` | Members |
|---|---|
| `packed` | `files`, `bytes`, `packed` (the archive's size), `held_back` |
| `deployment` | `deployment`, `app`, `url`, `state`: the platform took it |
| `event` | `id`, `event` (`step_began`, …), `data`: as in [rest.md](rest.md) |
| `log` | `line`: of the build, with `--verbose` |
| `result` | The end: `state`, `url`, `deployment`, `app`, `release`, `took_ms`, maybe `error` |
| `error` | The end without a deployment: a problem document, its own `type` as `problem` |

`run --json` prints a line `task` (`task`, `app`, `release`, `state`), then `line` (`stream`, `at`, `line`) and at its
end `result` (`task`, `app`, `release`, `state`, `exit_code`, `out_of_memory`, `took_ms`, maybe `error`).

`logs --json` prints `{"type":"line","line":"…"}`. The other verbs print one document, the
platform's answer. An error is one line `{"type":"error",…}` with every verb.
)";

std::string flag_name(const flag& x) {
  std::string result = x.letter ? std::string{"-"} + x.letter + ", " : "";
  result.append("--").append(x.name);
  if (!x.value.empty())
    result.append(" ").append(x.value);
  return result;
}

/// Markdown for a terminal: without the backquotes, broken at words.
std::string wrapped(std::string_view text, size_t indent) {
  std::string result;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty())
      result.append(indent, ' ').append(line);
    result += '\n';
    line.clear();
  };
  std::string word;
  const auto end_word = [&] {
    if (word.empty())
      return;
    if (!line.empty() && indent + line.size() + 1 + word.size() > text_width)
      end_line();
    line.append(line.empty() ? "" : " ").append(word);
    word.clear();
  };
  for (const char c : text) {
    if (c == ' ' || c == '\n')
      end_word();
    if (c == '\n')
      end_line();
    else if (c != ' ' && c != '`')
      word += c;
  }
  end_word();
  end_line();
  return result;
}

std::string flags_text(const std::vector<flag>& flags) {
  size_t widest = 0;
  for (const auto& x : flags)
    widest = std::max(widest, flag_name(x).size());
  std::string result;
  for (const auto& x : flags) {
    auto name = flag_name(x);
    name.append(widest - name.size() + 2, ' ');
    auto text = wrapped(x.doc, widest + 4);
    result.append("  ").append(name).append(text.substr(std::min(widest + 4, text.size())));
  }
  return result;
}

std::string flags_table(const std::vector<flag>& flags) {
  std::string result = "| Flag | |\n|---|---|\n";
  for (const auto& x : flags)
    result.append("| `")
      .append(flag_name(x))
      .append("` | ")
      .append(x.doc)
      .append(x.repeats ? " May be repeated." : "")
      .append(" |\n");
  return result;
}

/// "deploy" of "deploy": a heading's anchor.
std::string anchor(std::string_view name) {
  std::string result{name};
  std::ranges::replace(result, ' ', '-');
  return result;
}

} // namespace

std::string usage_line(const verb& x) {
  auto result = "backend-im " + std::string{x.name};
  std::string behind; // what ends the flags stands behind them
  for (const auto& operand : x.operands) {
    const std::string name = std::string{operand.name} + (operand.repeats ? "..." : "");
    if (name.starts_with("-- "))
      behind = " " + name;
    else
      result += operand.required ? " " + name : " [" + name + "]";
  }
  for (const auto& flag : x.flags) {
    result.append(" [--").append(flag.name);
    if (!flag.value.empty())
      result.append(" ").append(flag.value);
    result.append(flag.repeats ? "]..." : "]");
  }
  return result + behind;
}

std::string overview() {
  std::string result = "backend-im: deploys apps to a Backend.im platform\n\n";
  size_t widest = 0;
  for (const auto& x : verbs())
    widest = std::max(widest, x.name.size());
  for (const auto& x : verbs()) {
    std::string name{x.name};
    name.append(widest - name.size() + 2, ' ');
    result.append("  ").append(name).append(x.summary).append("\n");
  }
  result += "\nWith every verb:\n" + flags_text(global_flags());
  result += "\nMore about one: backend-im help VERB. In a folder with an app: backend-im deploy\n";
  return result;
}

std::string verb_help(const verb& x) {
  auto result = std::string{x.summary} + "\n\n  usage: " + usage_line(x) + "\n";
  if (!x.text.empty())
    result += "\n" + wrapped(x.text, 0);
  if (!x.flags.empty())
    result += "\n" + flags_text(x.flags);
  return result + "\nWith every verb:\n" + flags_text(global_flags());
}

std::string manual_markdown() {
  std::string result = "# The command line: `backend-im`\n"
                       "Made by `backend-im help --markdown`; a test compares the two.\n\n"
                       "Results go to stdout, everything else to stderr: stdout can be piped.\n\n"
                       "| Verb | |\n|---|---|\n";
  for (const auto& x : verbs())
    result.append("| [`")
      .append(x.name)
      .append("`](#")
      .append(anchor(x.name))
      .append(") | ")
      .append(x.summary)
      .append(" |\n");
  result += "\n## With every verb\n" + flags_table(global_flags());
  result += "\n## Exit codes\n" + std::string{exit_codes};
  result += "\n## Environment and files\n" + std::string{variables};
  result += "\n## JSON\n" + std::string{json_lines};
  for (const auto& x : verbs()) {
    result.append("\n## ").append(x.name).append("\n").append(x.summary).append("\n\n```\n");
    result.append(usage_line(x)).append("\n```\n");
    if (!x.text.empty())
      result.append("\n").append(x.text).append("\n");
    if (!x.flags.empty())
      result.append("\n").append(flags_table(x.flags));
  }
  return result;
}

} // namespace backendim::cli
