// YAML to Node and back. yaml-cpp (its event interface) is named here alone.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "base/encoding.h"
#include "serverless/document.h"

namespace dew::serverless {

namespace {

// Thrown by the handler through yaml-cpp's parser and caught in parse_yaml: it never leaves this
// file.
struct Refused {
  int line;
  std::string message;
};

// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html: each
// has a short form.
std::string_view long_form(std::string_view tag) {
  static constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {"Ref", "Ref"},
      {"Condition", "Condition"},
      {"And", "Fn::And"},
      {"Base64", "Fn::Base64"},
      {"Cidr", "Fn::Cidr"},
      {"Equals", "Fn::Equals"},
      {"FindInMap", "Fn::FindInMap"},
      {"GetAtt", "Fn::GetAtt"},
      {"GetAZs", "Fn::GetAZs"},
      {"If", "Fn::If"},
      {"ImportValue", "Fn::ImportValue"},
      {"Join", "Fn::Join"},
      {"Length", "Fn::Length"},
      {"Not", "Fn::Not"},
      {"Or", "Fn::Or"},
      {"Select", "Fn::Select"},
      {"Split", "Fn::Split"},
      {"Sub", "Fn::Sub"},
      {"ToJsonString", "Fn::ToJsonString"},
      {"Transform", "Fn::Transform"},
  };
  for (const auto& [shorter, longer] : kForms) {
    if (tag == shorter) return longer;
  }
  return {};
}

constexpr std::string_view kCore = "tag:yaml.org,2002:";

bool parse_int(std::string_view text, int64_t& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const bool negative = text.front() == '-';
  std::string_view digits = negative ? text.substr(1) : text;
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (base != 10) digits.remove_prefix(2);
  if (digits.empty() || digits.front() == '-' || digits.front() == '+') return false;
  uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return false;
  if (magnitude > static_cast<uint64_t>(INT64_MAX)) return false;
  out = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}

bool parse_double(std::string_view text, double& out) {
  std::string_view body = text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
  if (body.empty() || body.find_first_not_of("0123456789.eE+-") != std::string_view::npos)
    return false;
  if (body.front() != '.' && (body.front() < '0' || body.front() > '9')) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(out);
}

// YAML 1.2's core schema. A date stays the text it is: CloudFormation's Version is one.
Node plain_scalar(std::string value, Mark mark) {
  if (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL")
    return Node::null(std::move(mark));
  if (value == "true" || value == "True" || value == "TRUE") return Node::of(true, std::move(mark));
  if (value == "false" || value == "False" || value == "FALSE")
    return Node::of(false, std::move(mark));
  if (int64_t integer = 0; parse_int(value, integer)) {
    Node node = Node::of(integer, std::move(mark));
    node.text = std::move(value);
    return node;
  }
  if (double number = 0; parse_double(value, number)) {
    Node node = Node::of(number, std::move(mark));
    node.text = std::move(value);
    return node;
  }
  return Node::of(std::move(value), std::move(mark));
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view name) : file_(std::make_shared<const std::string>(name)) {}

  Node take() { return std::move(root_); }
  bool seen() const { return seen_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(Node::null(here(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end())
      throw Refused{mark.line + 1, "an alias refers to an anchor that encloses it"};
    count(it->second.count(), mark.line + 1);
    if (static_cast<int>(stack_.size()) + it->second.depth > kDepth)
      throw Refused{mark.line + 1, too_deep()};
    finish(it->second.node, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const Mark where = here(mark);
    Node node;
    if (tag == "?" || tag.empty()) {
      node = plain_scalar(value, where);
    } else if (tag == "!" || tag == std::string(kCore) + "str") {
      node = Node::of(value, where);
    } else if (tag.starts_with(kCore)) {
      node = core(tag.substr(kCore.size()), value, where);
    } else {
      node = tagged(tag, Node::of(value, where), where);
    }
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::list(here(mark)), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::map(here(mark)), tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::string tag;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Mark key_mark;
    std::vector<Node> merges;  // values of <<
    int depth = 1;             // of the deepest child
  };
  struct Anchor {
    Node node;
    int depth = 1;
    size_t count() const { return node.count(); }
  };

  static std::string too_deep() {
    return "nested deeper than " + std::to_string(kDepth) + " levels";
  }

  Mark here(const YAML::Mark& mark) const { return Mark{file_, mark.line + 1}; }

  void count(size_t nodes, int line) {
    nodes_ += nodes;
    if (nodes_ > kNodes)
      throw Refused{line, "more than " + std::to_string(kNodes) + " values (aliases expanded)"};
  }

  Node core(std::string_view tag, const std::string& value, const Mark& where) const {
    Node node = plain_scalar(value, where);
    const bool fits = (tag == "null" && node.is_null()) || (tag == "bool" && node.is_bool()) ||
                      (tag == "int" && node.is_int()) || (tag == "float" && node.is_number());
    if (!fits)
      throw Refused{where.line, "'" + value + "' does not fit its tag !!" + std::string(tag)};
    return node;
  }

  Node tagged(std::string_view tag, Node value, const Mark& where) const {
    const std::string_view name = long_form(tag.starts_with('!') ? tag.substr(1) : tag);
    if (name.empty()) {
      throw Refused{where.line,
                    "unknown tag " + std::string(tag) +
                        ": only CloudFormation's short forms (!Ref, !Sub, !GetAtt, ...) are known"};
    }
    if (name == "Fn::GetAtt" && value.is_string()) {
      const size_t dot = value.text.find('.');
      if (dot == std::string::npos)
        throw Refused{where.line, "!GetAtt needs Resource.Attribute, not '" + value.text + "'"};
      Node list = Node::list(where);
      list.items.push_back(Node::of(value.text.substr(0, dot), where));
      list.items.push_back(Node::of(value.text.substr(dot + 1), where));
      value = std::move(list);
    }
    Node map = Node::map(where);
    map.set(std::string(name), std::move(value));
    return map;
  }

  void open(Node node, const std::string& tag, YAML::anchor_t anchor) {
    if (static_cast<int>(stack_.size()) >= kDepth) throw Refused{node.mark.line, too_deep()};
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key) {
      throw Refused{node.mark.line, "a key must be a scalar"};
    }
    Frame frame;
    frame.node = std::move(node);
    frame.tag = tag;
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (auto& merge : frame.merges) apply_merge(frame.node, merge);
    Node node = std::move(frame.node);
    if (!frame.tag.empty() && frame.tag != "?" && frame.tag != "!" &&
        !frame.tag.starts_with(kCore)) {
      const Mark where = node.mark;
      node = tagged(frame.tag, std::move(node), where);
    }
    finish(std::move(node), frame.anchor, frame.depth + 1);
  }

  // yaml.org/type/merge.html: keys of the map itself win, and earlier maps of a list win over later
  // ones.
  static void apply_merge(Node& into, const Node& from) {
    if (from.is_list()) {
      for (const auto& item : from.items) {
        if (!item.is_map()) throw Refused{item.mark.line, "<< merges maps only"};
        apply_merge(into, item);
      }
      return;
    }
    if (!from.is_map()) throw Refused{from.mark.line, "<< merges maps only"};
    for (const auto& entry : from.entries) {
      if (!into.find(entry.key)) into.entries.push_back(entry);
    }
  }

  void finish(Node node, YAML::anchor_t anchor, int depth = 1) {
    count(1, node.mark.line);
    if (anchor != 0) {
      count(node.count(), node.mark.line);  // the copy that aliases are made from
      anchors_[anchor] = Anchor{node, depth};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      seen_ = true;
      return;
    }
    Frame& frame = stack_.back();
    frame.depth = std::max(frame.depth, depth);
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      take_key(frame, node);
    } else if (frame.key == "<<") {
      frame.has_key = false;
      frame.merges.push_back(std::move(node));
    } else {
      frame.has_key = false;
      frame.node.entries.push_back(
          {std::move(frame.key), std::move(frame.key_mark), std::move(node)});
      frame.key.clear();
    }
  }

  static void take_key(Frame& frame, const Node& node) {
    if (!node.is_scalar()) throw Refused{node.mark.line, "a key must be a scalar"};
    std::string key = node.is_null() ? "null" : node.is_number() ? node.text : node.scalar_text();
    if (frame.node.find(key))
      throw Refused{node.mark.line, "the key '" + key + "' is written twice in the same map"};
    frame.key = std::move(key);
    frame.key_mark = node.mark;
    frame.has_key = true;
  }

  std::shared_ptr<const std::string> file_;
  Node root_;
  bool seen_ = false;
  size_t nodes_ = 0;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchor> anchors_;
};

bool needs_quotes(const std::string& text) {
  if (text.empty()) return true;
  if (!plain_scalar(text, {}).is_string()) return true;
  if (text.find_first_of("\n\r\t:#{}[]&*!|>'\"%@`,") != std::string::npos) return true;
  return text.front() == ' ' || text.back() == ' ' || text.front() == '-' || text.front() == '?' ||
         text.front() == '=' || text.front() == '<' ||
         static_cast<unsigned char>(text.front()) < ' ';
}

std::string yaml_string(const std::string& text) {
  return needs_quotes(text) ? json::dump(json::Value(text)) : text;
}

void write_yaml(const Node& node, std::string& out, size_t indent);

void write_value(const Node& node, std::string& out, size_t indent) {
  const bool nested =
      (node.is_map() && !node.entries.empty()) || (node.is_list() && !node.items.empty());
  if (nested) {
    out += '\n';
    write_yaml(node, out, indent);
    return;
  }
  out += ' ';
  write_yaml(node, out, indent);
  out += '\n';
}

void write_yaml(const Node& node, std::string& out, size_t indent) {
  switch (node.kind) {
    case Node::Kind::kNull:
      out += "null";
      return;
    case Node::Kind::kBool:
      out += node.boolean ? "true" : "false";
      return;
    case Node::Kind::kInt:
    case Node::Kind::kDouble:
      out += node.scalar_text();
      return;
    case Node::Kind::kString:
      out += yaml_string(node.text);
      return;
    case Node::Kind::kList:
      if (node.items.empty()) {
        out += "[]";
        return;
      }
      for (const auto& item : node.items) {
        out.append(indent, ' ');
        out += '-';
        if (item.is_map() && !item.entries.empty()) {
          // The first key stands beside the dash.
          std::string body;
          write_yaml(item, body, indent + 2);
          out += ' ';
          out += std::string_view(body).substr(indent + 2);
        } else {
          write_value(item, out, indent + 2);
        }
      }
      return;
    case Node::Kind::kMap:
      if (node.entries.empty()) {
        out += "{}";
        return;
      }
      for (const auto& entry : node.entries) {
        out.append(indent, ' ');
        out += yaml_string(entry.key);
        out += ':';
        write_value(entry.value, out, indent + 2);
      }
      return;
  }
}

}  // namespace

Result<Node> parse_yaml(std::string_view text, std::string_view name) {
  const auto refuse = [&](int line, std::string_view message) {
    return fail_at(Mark{std::make_shared<const std::string>(name), line}, "", message);
  };
  if (text.size() > kDocumentBytes)
    return refuse(0, "larger than " + std::to_string(kDocumentBytes) + " bytes");
  if (!is_valid_utf8(text)) return refuse(0, "not UTF-8 text");
  // YAML 1.2, section 5.1: no control characters but tab and line ends.
  for (const char c : text) {
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7f')
      return refuse(0, "holds a control character");
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(name);
    if (!parser.HandleNextDocument(builder) || !builder.seen())
      return refuse(1, "the document is empty");
    Builder second(name);
    if (parser.HandleNextDocument(second) && second.seen())
      return refuse(0, "holds more than one document (---)");
    return builder.take();
  } catch (const Refused& refused) {
    return refuse(refused.line, refused.message);
  } catch (const YAML::Exception& error) {
    return refuse(error.mark.is_null() ? 0 : error.mark.line + 1, "not valid YAML: " + error.msg);
  } catch (const std::exception& error) {
    return refuse(0, std::string("not valid YAML: ") + error.what());
  }
}

Result<Node> parse_json(std::string_view text, std::string_view name) {
  const Mark mark{std::make_shared<const std::string>(name), 0};
  if (text.size() > kDocumentBytes)
    return fail_at(mark, "", "larger than " + std::to_string(kDocumentBytes) + " bytes");
  auto value = json::parse(text);
  if (!value) return fail_at(mark, "", value.error().message);
  // JSON is YAML but for tabs between tokens and a few escapes: reading it as YAML keeps the lines.
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '\t') c = ' ';
  }
  if (auto with_lines = parse_yaml(spaced, name); with_lines && to_json(*with_lines) == *value)
    return with_lines;
  return from_json(*value, mark);
}

std::string to_yaml(const Node& node) {
  std::string out;
  write_yaml(node, out, 0);
  if (out.empty() || out.back() != '\n') out += '\n';
  return out;
}

}  // namespace dew::serverless
