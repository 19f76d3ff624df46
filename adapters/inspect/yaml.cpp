#include "adapters/inspect/yaml.hpp"

#include "adapters/inspect/yaml_text.hpp"
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
  json_maker(const yaml_text& text, yaml_document& out) : text_{text}, out_{out} {}

  /// What is wrong where yaml-cpp stopped after the events so far.
  yaml_problem explain(const YAML::Exception& x) const {
    const auto at = x.mark.is_null() ? 0 : offset(x.mark);
    if (x.msg == YAML::ErrorMsg::EOF_IN_SCALAR)
      if (const auto quote = text_.unclosed_quote(last_))
        return unclosed(*quote);
    if (const auto tab = text_.indenting_tab(at + 1); tab && !in_flow())
      return indented_by(*tab);
    if (text_.is_quote(last_))
      if (const auto end = text_.end_of_quote(last_)) {
        const auto begin = place_at(last_), close = place_at(*end - 1);
        if (begin.line != close.line)
          return {begin,
                  "the text in quotes that begins here ends on line " + std::to_string(close.line)
                    + ", and what follows there does not fit",
                  "Close the quote on the line where the text ends."};
      }
    return {place_at(at), x.msg,
            "Correct the YAML there; indent with spaces and quote text that holds \": \" or "
            "\" #\"."};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      refuse(place_of(mark), "a second document begins",
             "Keep one document in the file: remove the \"---\" line.");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key())
      refuse(place_of(mark), "a key is empty", "Give the key a name.");
    const auto at = offset(mark);
    // The mark of an empty value is that of whatever comes next, which may be a key named null.
    bool written = text_.writes_null(at);
    auto empty = at;
    if (!open_.empty() && open_.back().key) {
      const auto& top = open_.back();
      const auto key = place_at(top.key_at), here = place_at(at);
      written = written && (here.line == key.line || here.column > key.column);
      empty = text_.behind_colon(top.key_at, *top.key);
    } else if (!open_.empty()) {
      empty = text_.behind_dash(at);
    }
    scalar(written ? at : empty, anchor, nullptr, "");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(place_of(mark), "this alias stands inside of its own anchor", "Write the value out.");
    if (expects_key())
      refuse(place_of(mark), "a key must be plain text, not an alias", "Write the key out.");
    count(offset(mark), found->second.nodes);
    const auto pointer = pointer_of_next();
    out_.values[pointer] = place_of(mark);
    copy_plain(found->second.pointer, pointer);
    place(found->second.value);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    begin(mark, tag);
    const bool plain = tag == "?" || tag.empty();
    if (!plain && text_.is_quote(last_) && !text_.end_of_quote(last_))
      throw refused{unclosed(last_)};
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        refuse(place_of(mark), "this text holds a control character", "Remove it.");
    if (expects_key()) {
      take_key(mark, text);
      return;
    }
    auto value = plain ? resolve(text) : json::value(json::string{text});
    scalar(offset(mark), anchor, std::move(value), text);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, json::array{}, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, json::object{}, style);
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    json::value value;
    std::string pointer;
    YAML::anchor_t anchor = 0;
    size_t nodes_before = 0;
    bool flow = false;              ///< In brackets or braces, where lines mean nothing.
    std::optional<std::string> key; ///< Of a map: set between a key and its value.
    size_t key_at = 0;
  };
  struct anchored {
    json::value value;
    size_t nodes = 1;
    std::string pointer;
  };

  static size_t offset(const YAML::Mark& mark) { return static_cast<size_t>(mark.pos); }
  position place_at(size_t at) const { return text_.place(at); }
  position place_of(const YAML::Mark& mark) const { return place_at(offset(mark)); }

  bool in_flow() const { return !open_.empty() && open_.back().flow; }

  yaml_problem unclosed(size_t quote) const {
    return {place_at(quote), "an unclosed quote: the text that begins here has no end",
            "Close it on the line where the text ends."};
  }

  yaml_problem indented_by(size_t tab) const {
    return {place_at(tab), "a tab indents this line, which YAML does not allow",
            "Indent with spaces."};
  }

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

  /// What holds for all that is written out.
  void begin(const YAML::Mark& mark, const std::string& tag) {
    const auto at = offset(mark);
    last_ = text_.behind_properties(at);
    if (!in_flow() && text_.begins_line(at))
      if (const auto tab = text_.indenting_tab(at))
        throw refused{indented_by(*tab)};
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(place_of(mark), "tags like !!str are not understood",
             "Remove the tag; put text in quotes.");
  }

  void count(size_t at, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > max_nodes)
      refuse(place_at(at), "more than " + std::to_string(max_nodes) + " values",
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
    top.key_at = last_;
    out_.keys[child_pointer(top.pointer, text)] = place_of(mark);
  }

  void scalar(size_t at, YAML::anchor_t anchor, json::value value, std::string_view text) {
    count(at, 1);
    auto pointer = pointer_of_next();
    out_.values[pointer] = place_at(at);
    if (!value.is_string())
      out_.plain[pointer] = std::string{text};
    if (anchor != 0)
      anchors_[anchor] = {value, 1, std::move(pointer)};
    place(std::move(value));
  }

  /// Lets what stands at *to* have been written as what stands at *from*.
  void copy_plain(const std::string& from, const std::string& to) {
    std::vector<std::pair<std::string, std::string>> copies;
    for (auto i = out_.plain.lower_bound(from); i != out_.plain.end() && i->first.starts_with(from);
         ++i)
      if (i->first.size() == from.size() || i->first[from.size()] == '/')
        copies.emplace_back(to + i->first.substr(from.size()), i->second);
    out_.plain.insert(copies.begin(), copies.end());
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            json::value empty, YAML::EmitterStyle::value style) {
    const bool flow = in_flow() || style == YAML::EmitterStyle::Flow;
    begin(mark, tag);
    if (expects_key())
      refuse(place_of(mark), "a key must be plain text", "Put the key in quotes.");
    if (open_.size() >= max_depth)
      refuse(place_of(mark), "nested deeper than " + std::to_string(max_depth) + " levels",
             "Remove levels.");
    count(offset(mark), 1);
    auto pointer = pointer_of_next();
    out_.values[pointer] = place_of(mark);
    open_.push_back({std::move(empty), std::move(pointer), anchor, nodes_ - 1, flow, {}});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0)
      anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before, done.pointer};
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

  const yaml_text& text_;
  yaml_document& out_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, anchored> anchors_;
  size_t nodes_ = 0;
  int documents_ = 0;
  size_t last_ = 0; ///< Where the last word or bracket begins.
};

} // namespace

std::optional<yaml_problem> parse_yaml(std::string_view text, yaml_document& out) {
  const yaml_text source{text};
  if (const auto at = source.bad_byte())
    return yaml_problem{source.place(*at), "this byte is not UTF-8 text",
                        "Save the file as UTF-8."};
  json_maker maker{source, out};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(maker)) {
    }
    return std::nullopt;
  } catch (const refused& x) {
    return x.problem;
  } catch (const YAML::Exception& x) {
    return maker.explain(x);
  } catch (const std::exception& x) { // yaml-cpp lets a few of the library's own escape
    return yaml_problem{{}, x.what(), "Correct the YAML."};
  }
}

} // namespace backendim::inspection
