#include "adapters/inspect/yaml.hpp"

#include "protocol/json.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

namespace backendim::inspection {

namespace json = boost::json;

namespace {

constexpr size_t max_nodes = 2'000; // aliases of aliases grow exponentially
constexpr size_t max_depth = 30;    // below max_json_depth of the codec

position place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool is_float(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-'))
    text.remove_prefix(1);
  if (one_of(text, {".inf", ".Inf", ".INF"}))
    return true;
  auto exponent = text.find_first_of("eE");
  if (exponent != text.npos) {
    auto power = text.substr(exponent + 1);
    if (power.starts_with('+') || power.starts_with('-'))
      power.remove_prefix(1);
    if (!all_digits(power))
      return false;
    text = text.substr(0, exponent);
  }
  const auto dot = text.find('.');
  if (dot == text.npos)
    return all_digits(text);
  const auto whole = text.substr(0, dot), fraction = text.substr(dot + 1);
  return (whole.empty() || all_digits(whole)) && (fraction.empty() || all_digits(fraction))
         && !(whole.empty() && fraction.empty());
}

std::optional<int64_t> as_integer(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x"))
    base = 16;
  else if (text.starts_with("0o"))
    base = 8;
  if (base != 10)
    text.remove_prefix(2);
  else if (text.starts_with('+'))
    text.remove_prefix(1);
  int64_t result = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result, base);
  if (failed != std::errc{} || end != text.data() + text.size()
      || (base != 10 && text.starts_with('-')))
    return std::nullopt;
  return result;
}

/// A plain scalar by the core schema of YAML 1.2: "yes" and "on" are text.
json::value resolve(const std::string& text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"}))
    return nullptr;
  if (one_of(text, {"true", "True", "TRUE"}))
    return true;
  if (one_of(text, {"false", "False", "FALSE"}))
    return false;
  if (auto number = as_integer(text))
    return *number;
  if (one_of(text, {".nan", ".NaN", ".NAN"}))
    return std::numeric_limits<double>::quiet_NaN();
  if (is_float(text))
    return std::strtod(text.c_str(), nullptr);
  return json::string{text};
}

/// Unwinds yaml-cpp's parser; never leaves this file.
struct refused {
  yaml_problem problem;
};

[[noreturn]] void refuse(position at, std::string message, std::string next) {
  throw refused{{at, std::move(message), std::move(next)}};
}

class json_maker : public YAML::EventHandler {
public:
  explicit json_maker(yaml_document& out) : out_{out} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      refuse(place_of(mark), "a second document begins",
             "Keep one document in the file: remove the \"---\" line.");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, anchor, nullptr, "");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(place_of(mark), "this alias stands inside of its own anchor", "Write the value out.");
    if (expects_key())
      refuse(place_of(mark), "a key must be plain text, not an alias", "Write the key out.");
    count(mark, found->second.nodes);
    out_.values[pointer_of_next()] = place_of(mark);
    place(json::value{found->second.value});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    check_tag(mark, tag);
    const bool plain = tag == "?" || tag.empty();
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        refuse(place_of(mark), "this text holds a control character", "Remove it.");
    if (expects_key()) {
      take_key(mark, text);
      return;
    }
    auto value = plain ? resolve(text) : json::value(json::string{text});
    scalar(mark, anchor, std::move(value), text);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::array{});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::object{});
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    json::value value;
    std::string pointer;
    YAML::anchor_t anchor = 0;
    size_t nodes_before = 0;
    std::optional<std::string> key; ///< Of a map: set between a key and its value.
  };
  struct anchored {
    json::value value;
    size_t nodes = 1;
  };

  bool expects_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }

  std::string pointer_of_next() const {
    if (open_.empty())
      return "";
    const auto& top = open_.back();
    return child_pointer(top.pointer,
                         top.key ? *top.key : std::to_string(top.value.as_array().size()));
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(place_of(mark), "tags like !!str are not understood",
             "Remove the tag; put text in quotes.");
  }

  void count(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > max_nodes)
      refuse(place_of(mark), "more than " + std::to_string(max_nodes) + " values",
             "Remove what the app does not need; aliases count each time they are used.");
  }

  void take_key(const YAML::Mark& mark, const std::string& text) {
    auto& top = open_.back();
    if (const auto* object = top.value.if_object(); object->contains(text)) {
      const auto first = out_.keys[child_pointer(top.pointer, text)];
      refuse(place_of(mark),
             "key \"" + text + "\" appears twice, first on line " + std::to_string(first.line),
             "Remove one of the two.");
    }
    top.key = text;
    out_.keys[child_pointer(top.pointer, text)] = place_of(mark);
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, json::value value,
              const std::string& text) {
    if (expects_key())
      refuse(place_of(mark), "a key is empty", "Give the key a name.");
    count(mark, 1);
    const auto pointer = pointer_of_next();
    out_.values[pointer] = place_of(mark);
    if (!value.is_string())
      out_.plain[pointer] = text;
    if (anchor != 0)
      anchors_[anchor] = {value, 1};
    place(std::move(value));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            json::value empty) {
    check_tag(mark, tag);
    if (expects_key())
      refuse(place_of(mark), "a key must be plain text", "Put the key in quotes.");
    if (open_.size() >= max_depth)
      refuse(place_of(mark), "nested deeper than " + std::to_string(max_depth) + " levels",
             "Remove levels.");
    count(mark, 1);
    auto pointer = pointer_of_next();
    out_.values[pointer] = place_of(mark);
    open_.push_back({std::move(empty), std::move(pointer), anchor, nodes_ - 1, std::nullopt});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0)
      anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before};
    place(std::move(done.value));
  }

  void place(json::value value) {
    if (open_.empty()) {
      out_.root = std::move(value);
      return;
    }
    auto& top = open_.back();
    if (auto* array = top.value.if_array())
      array->push_back(std::move(value));
    else
      top.value.as_object()[*std::exchange(top.key, std::nullopt)] = std::move(value);
  }

  yaml_document& out_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, anchored> anchors_;
  size_t nodes_ = 0;
  int documents_ = 0;
};

/// The place of the first byte that is not UTF-8, if any. Overlong forms are left to the reader.
std::optional<position> bad_byte(std::string_view text) {
  position at;
  for (size_t i = 0; i < text.size(); ++i, ++at.column) {
    const auto c = static_cast<unsigned char>(text[i]);
    const int more = c < 0x80                ? 0
                     : c >= 0xc2 && c < 0xe0 ? 1
                     : c >= 0xe0 && c < 0xf0 ? 2
                     : c >= 0xf0 && c < 0xf5 ? 3
                                             : -1;
    if (more < 0 || c == 0)
      return at;
    for (int k = 0; k < more; ++k)
      if (++i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
        return at;
    if (c == '\n')
      at = {at.line + 1, 0};
  }
  return std::nullopt;
}

} // namespace

std::optional<yaml_problem> parse_yaml(std::string_view text, yaml_document& out) {
  if (const auto at = bad_byte(text))
    return yaml_problem{*at, "this byte is not UTF-8 text", "Save the file as UTF-8."};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    json_maker maker{out};
    while (parser.HandleNextDocument(maker)) {
    }
    return std::nullopt;
  } catch (const refused& x) {
    return x.problem;
  } catch (const YAML::Exception& x) {
    return yaml_problem{place_of(x.mark), x.msg,
                        "Correct the YAML there; indent with spaces and quote text that holds "
                        "\": \" or \" #\"."};
  } catch (const std::exception& x) { // yaml-cpp lets a few of the library's own escape
    return yaml_problem{{}, x.what(), "Correct the YAML."};
  }
}

} // namespace backendim::inspection
