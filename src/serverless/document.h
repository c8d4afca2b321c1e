// A serverless.yml (or .json) as a tree that remembers where every node stood.
//
// Why a tree of our own: an error must name file, line and path, also for a value that came through
// a variable from another file, and a template keeps the order in which its author wrote it. YAML's
// anchors, aliases and merge keys are expanded while reading; CloudFormation's short tags (!Ref,
// !Sub, ...) become their long form.
//
// Limits: a document of kDocumentBytes, kNodes nodes once its aliases are expanded, kDepth deep.
// Thread safety: a Node is a plain value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace dew::serverless {

inline constexpr size_t kDocumentBytes = 2 * 1024 * 1024;
inline constexpr size_t kNodes = 100'000;
inline constexpr int kDepth = 64;

// Where a node was written. `file` is the name to show, as the user would type it; line 0: unknown.
struct Mark {
  std::shared_ptr<const std::string> file;
  int line = 0;

  std::string text() const;  // serverless.yml:12
};

struct Entry;

struct Node {
  enum class Kind { kNull, kBool, kInt, kDouble, kString, kList, kMap };

  Kind kind = Kind::kNull;
  Mark mark;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string text;            // of a string; of a number its spelling
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the order written; keys are unique
  bool literal = false;        // a string whose variables have been resolved: what is left is text

  Node() = default;
  static Node null(Mark mark = {});
  static Node of(bool value, Mark mark = {});
  static Node of(int64_t value, Mark mark = {});
  static Node of(double value, Mark mark = {});
  static Node of(std::string value, Mark mark = {});
  static Node list(Mark mark = {});
  static Node map(Mark mark = {});

  bool is_null() const { return kind == Kind::kNull; }
  bool is_bool() const { return kind == Kind::kBool; }
  bool is_int() const { return kind == Kind::kInt; }
  bool is_number() const { return kind == Kind::kInt || kind == Kind::kDouble; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  bool is_scalar() const { return !is_list() && !is_map(); }
  std::string_view kind_name() const;  // "a string", "a list", ...

  const Node* find(std::string_view key) const;  // nullptr: not a map or no such key
  Node* find(std::string_view key);
  const Node* at(
      std::string_view dotted_path) const;  // "provider.iam.role"; list elements by number
  void set(std::string key, Node value);    // on a map: replaces or appends
  void erase(std::string_view key);

  // The value as text: of a string, a number or a bool; empty for anything else.
  std::string scalar_text() const;
  size_t count() const;  // nodes in this tree, itself included
};

struct Entry {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

// `name` is what errors call the file. A parse error says file, line and what is wrong.
Result<Node> parse_yaml(std::string_view text, std::string_view name);
Result<Node> parse_json(std::string_view text, std::string_view name);

json::Value to_json(const Node& node);
Node from_json(const json::Value& value, const Mark& mark);
std::string to_yaml(const Node& node);

// "{mark}: {path}: {message}" as an error of kind kInvalid; path may be empty.
std::unexpected<Error> fail_at(const Mark& mark, std::string_view path, std::string_view message);

// custom.users.0 and name make custom.users.0.name
std::string join_path(std::string_view parent, std::string_view key);

}  // namespace dew::serverless
