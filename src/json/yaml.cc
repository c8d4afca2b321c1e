#include "json/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <sstream>
#include <vector>

namespace dew::json {

namespace {

// Thrown through yaml-cpp's parser only, and caught in parse_yaml.
struct Refused {
  std::string message;
};

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const YamlRules& rules) : rules_(rules) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    throw Refused{"YAML aliases are not supported"};
  }
  // The parser does not say which of its forms it has: as a key it is "null".
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {
    add(wants_key() ? "null" : "", Scalar::kPlain);
  }
  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    add(text, tag == "?" ? Scalar::kPlain : Scalar::kText);
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    push(Array{});
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    push(Object{});
  }
  void OnMapEnd() override { pop(); }

  Value take() { return std::move(root_); }

 private:
  struct Open {
    Value value;
    bool has_key = false;
    std::string key;
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
  }
  void count() {
    if (++parts_ > rules_.max_parts) throw Refused{"it has too many parts"};
  }
  void push(Value empty) {
    if (wants_key()) throw Refused{"a key must be text"};
    if (open_.size() >= rules_.max_depth) throw Refused{"it is nested too deeply"};
    count();
    open_.push_back({std::move(empty), false, {}});
  }
  void pop() {
    auto closed = std::move(open_.back().value);
    open_.pop_back();
    place(std::move(closed));
  }
  // A scalar stays as it is written where it is a key (200:).
  void add(const std::string& text, Scalar kind) {
    count();
    if (!wants_key()) return place(rules_.scalar(text, kind));
    auto& map = open_.back();
    map.key = rules_.key ? rules_.key(text, open_.size()) : text;
    if (map.value.as_object().contains(map.key)) throw Refused{map.key + " is there twice"};
    map.has_key = true;
  }
  void place(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& top = open_.back();
    if (top.value.is_array()) {
      top.value.as_array().push_back(std::move(value));
    } else {
      top.value.as_object()[top.key] = std::move(value);
      top.has_key = false;
    }
  }

  const YamlRules& rules_;
  std::vector<Open> open_;
  Value root_;
  size_t parts_ = 0;
};

// A list at the beginning of a line may turn out to be a key, so that the parser reads on to the
// line's end before it tells of any part: what is too much for one line is refused before it does.
// Signs within quotation marks count too, of which no line has as many.
Result<void> check_lines(std::string_view text, const YamlRules& rules) {
  constexpr size_t kFewest = 1000;
  const size_t most = std::max(rules.max_parts, kFewest);
  size_t signs = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      signs = 0;
    } else if (c == '[' || c == '{' || c == ',' || c == '?') {
      if (++signs > most) return fail(ErrorKind::kInvalid, "it has too many parts");
    }
  }
  return {};
}

}  // namespace

Value core_scalar(std::string_view text, Scalar kind) {
  if (kind == Scalar::kText) return String(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const size_t digits = text.starts_with('-') ? 1 : 0;
  if (digits >= text.size() || text[digits] < '0' || text[digits] > '9') return String(text);
  const auto* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && at == end)
    return whole;
  double real = 0;
  const auto [at, error] = std::from_chars(text.data(), end, real);
  if (error == std::errc{} && at == end) return real;
  return String(text);
}

Result<Value> parse_yaml(std::string_view text, const YamlRules& rules) {
  if (text.size() > rules.max_bytes) {
    return fail(ErrorKind::kInvalid, fmt::format("it is longer than {} bytes", rules.max_bytes));
  }
  CHECK_OK(check_lines(text, rules));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(rules);
    if (!parser.HandleNextDocument(builder)) return fail(ErrorKind::kInvalid, "it is empty");
    return builder.take();
  } catch (const Refused& refused) {
    return fail(ErrorKind::kInvalid, refused.message);
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::kInvalid,
                fmt::format("it is no well-formed YAML or JSON (line {}, column {})",
                            error.mark.line + 1, error.mark.column + 1));
  }
}

}  // namespace dew::json
