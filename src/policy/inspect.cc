#include "policy/inspect.h"

#include "json/json.h"
#include "policy/policy.h"

namespace dew::policy {

namespace {

// Walks over well-formed JSON, counting lines.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Place place() const { return place_; }
  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) next();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  char next() {
    if (at_ >= text_.size()) return '\0';
    const char c = text_[at_++];
    if (c == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++place_.column;  // of characters, not of bytes
    }
    return c;
  }
  std::string string() {
    std::string out;
    peek();
    next();
    for (char c = next(); c != '"' && c != '\0'; c = next()) {
      out += c;
      if (c == '\\') out += next();
    }
    return out;
  }
  // A whole value of any kind.
  void skip() {
    int depth = 0;
    do {
      const char c = peek();
      if (c == '\0') return;
      if (c == '"') {
        string();
      } else {
        next();
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (depth == 0 && c != '}' && c != ']') skip_plain();
      }
    } while (depth > 0);
  }

 private:
  void skip_plain() {
    while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == text_.npos)
      next();
  }

  std::string_view text_;
  size_t at_ = 0;
  Place place_;
};

void statements(Scanner& scan, std::vector<Extent>& out) {
  if (scan.peek() == '{') {
    // The brace's own end is where it begins; a copy looks ahead.
    Scanner inside = scan;
    inside.next();
    const auto begin = inside.place();
    scan.skip();
    out.push_back({begin, scan.place()});
    return;
  }
  if (scan.peek() != '[') return scan.skip();
  scan.next();
  while (true) {
    const auto begin = scan.place();
    const char c = scan.peek();
    if (c == ']' || c == '\0') {
      scan.next();
      return;
    }
    if (c == ',') scan.next();
    scan.skip();
    out.push_back({begin, scan.place()});
  }
}

void variables(std::string_view text, std::set<std::string>& out) {
  for (size_t at = text.find("${"); at != text.npos; at = text.find("${", at + 2)) {
    const auto end = text.find('}', at);
    if (end == text.npos) return;
    auto name = text.substr(at + 2, end - at - 2);
    name = name.substr(0, name.find(','));
    while (name.ends_with(' ')) name.remove_suffix(1);
    // ${*}, ${?} and ${$} stand for the characters.
    if (name.size() > 1) out.emplace(name);
  }
}

void variables_in(const json::Value& value, std::set<std::string>& out) {
  if (value.is_string()) return variables(json::view(value.as_string()), out);
  if (!value.is_array()) return;
  for (const auto& one : value.as_array()) variables_in(one, out);
}

void keys_of(const json::Object& statement, std::set<std::string>& out) {
  for (const auto* name : {"Resource", "NotResource"}) {
    if (const auto* resources = json::find(statement, name)) variables_in(*resources, out);
  }
  const auto* conditions = json::object_at(statement, "Condition");
  if (conditions == nullptr) return;
  for (const auto& [name, keys] : *conditions) {
    for (const auto& [key, values] : keys.as_object()) {
      out.emplace(std::string_view(key));
      variables_in(values, out);
    }
  }
}

}  // namespace

std::vector<Extent> statement_extents(std::string_view document) {
  std::vector<Extent> out;
  Scanner scan(document);
  if (scan.peek() != '{') return out;
  scan.next();
  while (scan.peek() == '"') {
    const auto name = scan.string();
    if (scan.peek() != ':') return out;
    scan.next();
    if (name == "Statement") {
      statements(scan, out);
    } else {
      scan.skip();
    }
    if (scan.peek() == ',') scan.next();
  }
  return out;
}

Result<std::set<std::string>> context_keys(std::string_view document) {
  CHECK_OK(Policy::parse(document, Kind::kIdentity));
  TRY(const auto parsed, json::parse(document));
  std::set<std::string> out;
  const auto& statement = parsed.as_object().at("Statement");
  if (statement.is_object()) {
    keys_of(statement.as_object(), out);
  } else {
    for (const auto& one : statement.as_array()) keys_of(one.as_object(), out);
  }
  return out;
}

}  // namespace dew::policy
