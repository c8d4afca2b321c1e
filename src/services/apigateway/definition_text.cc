#include "services/apigateway/definition_text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <sstream>
#include <vector>

namespace dew::apigateway {

namespace {

// Thrown through yaml-cpp's parser only, and caught in parse_yaml.
struct Refused {
  std::string message;
};

// yaml.org/spec/1.2.2/#103-core-schema
json::Value plain(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const auto digits = text.starts_with('-') ? 1U : 0U;
  if (digits >= text.size() || text[digits] < '0' || text[digits] > '9') return json::String(text);
  const auto* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && at == end)
    return whole;
  double real = 0;
  const auto [at, error] = std::from_chars(text.data(), end, real);
  if (error == std::errc{} && at == end) return real;
  return json::String(text);
}

class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    throw Refused{"YAML aliases are not supported"};
  }
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { add(nullptr, "null"); }
  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    add(tag == "?" ? plain(text) : json::Value(json::String(text)), text);
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    push(json::Array{});
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    push(json::Object{});
  }
  void OnMapEnd() override { pop(); }

  json::Value take() { return std::move(root_); }

 private:
  struct Open {
    json::Value value;
    bool has_key = false;
    std::string key;
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
  }
  void count() {
    if (++parts_ > kMaxDefinitionParts) throw Refused{"it has too many parts"};
  }
  void push(json::Value empty) {
    if (wants_key()) throw Refused{"a key must be text"};
    if (open_.size() >= kMaxDefinitionDepth) throw Refused{"it is nested too deeply"};
    count();
    open_.push_back({std::move(empty), false, {}});
  }
  void pop() {
    auto closed = std::move(open_.back().value);
    open_.pop_back();
    place(std::move(closed));
  }
  // `text` is the scalar as it is written, which it stays where it is a key (200:).
  void add(json::Value value, const std::string& text) {
    count();
    if (!wants_key()) return place(std::move(value));
    auto& map = open_.back();
    if (map.value.as_object().contains(text)) throw Refused{text + " is there twice"};
    map.key = text;
    map.has_key = true;
  }
  void place(json::Value value) {
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

  std::vector<Open> open_;
  json::Value root_;
  size_t parts_ = 0;
};

Result<json::Value> parse_yaml(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
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

}  // namespace

Result<json::Object> parse_definition(std::string_view text) {
  if (text.size() > kMaxDefinitionBytes) return fail(ErrorKind::kInvalid, "it is larger than 6 MB");
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && text[first] == '{';
  TRY(auto value, is_json ? json::parse(text) : parse_yaml(text));
  if (!value.is_object()) return fail(ErrorKind::kInvalid, "it is not an object");
  return std::move(value.as_object());
}

}  // namespace dew::apigateway
