#include "serverless/variables.h"

#include <fmt/format.h>

#include <charconv>

#include "serverless/suggest.h"

namespace dew::serverless {

namespace {

std::vector<std::string> kinds() {
  return {"self", "opt", "env", "file", "sls", "aws", "ssm", "cf", "param", "strToBool"};
}

}  // namespace

Resolver::Resolver(Node& root, VariableSources sources)
    : root_(root), sources_(std::move(sources)) {}

Result<void> Resolver::charge(const Node& node) {
  nodes_ += 1;
  bytes_ += node.text.size();
  if (nodes_ > kNodes || bytes_ > kResolvedBytes) {
    return fail(ErrorKind::kInvalid,
                "the document grows too large once its variables are resolved");
  }
  for (const auto& item : node.items) CHECK_OK(charge(item));
  for (const auto& entry : node.entries) CHECK_OK(charge(entry.value));
  return {};
}

Result<void> Resolver::resolve_all() { return resolve_deep(root_, "", 0); }

Result<const Node*> Resolver::resolve(std::string_view dotted_path) {
  TRY(Node * node, navigate(root_, dotted_path, "", 0));
  if (node) CHECK_OK(resolve_deep(*node, std::string(dotted_path), 0));
  return node;
}

Result<std::string> Resolver::resolve_text(std::string_view text, const Mark& mark,
                                           const std::string& path) {
  auto parsed = parse_template(text);
  if (!parsed) return fail_at(mark, path, parsed.error().message);
  return evaluate_text(*parsed, Place{mark, path}, 0);
}

Result<std::string> Resolver::stage() {
  if (const auto it = sources_.options.find("stage"); it != sources_.options.end())
    return it->second;
  TRY(const Node* node, resolve("provider.stage"));
  if (!node || node->is_null()) return std::string("dev");
  if (!node->is_string()) return fail_at(node->mark, "provider.stage", "must be a string");
  return node->text;
}

Result<std::string> Resolver::region() {
  if (const auto it = sources_.options.find("region"); it != sources_.options.end())
    return it->second;
  TRY(const Node* node, resolve("provider.region"));
  if (!node || node->is_null()) return std::string("us-east-1");
  if (!node->is_string()) return fail_at(node->mark, "provider.region", "must be a string");
  return node->text;
}

Result<void> Resolver::resolve_deep(Node& node, const std::string& path, int depth) {
  if (depth > kResolveDepth) return fail_at(node.mark, path, "variables are nested too deeply");
  if (node.is_string()) CHECK_OK(resolve_string(node, path, depth));
  for (size_t i = 0; i < node.items.size(); ++i) {
    CHECK_OK(resolve_deep(node.items[i], join_path(path, std::to_string(i)), depth + 1));
  }
  for (auto& entry : node.entries)
    CHECK_OK(resolve_deep(entry.value, join_path(path, entry.key), depth + 1));
  return {};
}

Result<void> Resolver::resolve_string(Node& node, const std::string& path, int depth) {
  if (node.literal || node.text.find("${") == std::string::npos) return {};
  for (size_t i = 0; i < active_.size(); ++i) {
    if (active_[i].first != &node) continue;
    std::string circle;
    for (size_t j = i; j < active_.size(); ++j) circle += active_[j].second + " -> ";
    return fail_at(node.mark, path,
                   "its variables refer to each other in a circle: " + circle + path);
  }
  const Place place{node.mark, path};
  auto parsed = parse_template(node.text);
  if (!parsed) return fail_at(place.mark, path, parsed.error().message);
  if (!parsed->has_variables()) {
    if (!parsed->parts.empty()) node.text = parsed->parts[0].text;
    node.literal = true;
    return {};
  }
  active_.emplace_back(&node, path);
  auto value = evaluate(*parsed, place, depth + 1);
  active_.pop_back();
  if (!value) return std::unexpected(std::move(value).error());
  node = std::move(*value);
  return {};
}

Result<Node> Resolver::evaluate(const Template& text, const Place& place, int depth) {
  if (depth > kResolveDepth)
    return fail_at(place.mark, place.path, "variables are nested too deeply");
  if (text.is_one_variable()) {
    TRY(auto value, evaluate_variable(*text.parts[0].variable, place, depth));
    if (value.is_scalar() || !value.mark.file)
      value.mark = place.mark;  // an error shows where the value is used
    return value;
  }
  TRY(auto joined, evaluate_text(text, place, depth));
  Node node = Node::of(std::move(joined), place.mark);
  node.literal = true;
  if (auto charged = charge(node); !charged)
    return fail_at(place.mark, place.path, charged.error().message);
  return node;
}

Result<std::string> Resolver::evaluate_text(const Template& text, const Place& place, int depth) {
  std::string out;
  for (const auto& part : text.parts) {
    if (!part.variable) {
      out += part.text;
    } else {
      const auto& variable = *part.variable;
      TRY(const auto value, evaluate_variable(variable, place, depth));
      if (!value.is_scalar() || value.is_null()) {
        return fail_at(place.mark, place.path,
                       fmt::format("{} gives {}, which cannot stand within text", variable.text,
                                   value.kind_name()));
      }
      out += value.scalar_text();
    }
    if (out.size() > kResolvedBytes)
      return fail_at(place.mark, place.path, "the text grows too large");
  }
  return out;
}

Result<Node> Resolver::evaluate_variable(const Variable& variable, const Place& place, int depth) {
  if (depth > kResolveDepth)
    return fail_at(place.mark, place.path, "variables are nested too deeply");
  for (const auto& source : variable.sources) {
    if (source.type.empty()) {
      Node literal = source.literal;
      literal.mark = place.mark;
      literal.literal = true;
      return literal;
    }
    auto value = from_source(source, place, depth + 1);
    if (!value) {
      // Errors from below carry no place of their own unless they come from another node.
      if (value.error().message.starts_with('\x01')) {
        return fail_at(
            place.mark, place.path,
            fmt::format("cannot resolve {}: {}", variable.text, value.error().message.substr(1)));
      }
      return std::unexpected(std::move(value).error());
    }
    if (!*value || (*value)->is_null()) continue;
    if (auto charged = charge(**value); !charged)
      return fail_at(place.mark, place.path, charged.error().message);
    return std::move(**value);
  }
  return fail_at(place.mark, place.path,
                 fmt::format("cannot resolve {}: {}", variable.text, why_missing(variable, place)));
}

namespace {

// An error that the caller places (see evaluate_variable).
std::unexpected<Error> unplaced(std::string_view message) {
  return fail(ErrorKind::kInvalid, '\x01' + std::string(message));
}

}  // namespace

std::string Resolver::why_missing(const Variable& variable, const Place&) const {
  const Source& source = variable.sources.back();
  std::string address;
  if (source.address) {
    for (const auto& part : source.address->parts) {
      address += part.variable ? part.variable->text : part.text;
    }
  }
  std::string why;
  if (source.type == "env") {
    why = fmt::format("the environment has no variable {}; set it", address);
  } else if (source.type == "opt") {
    why = fmt::format("the option --{} is not given; give it", address);
  } else if (source.type == "self") {
    why = fmt::format("the document has no value at {}; add it", address);
  } else if (source.type == "ssm") {
    why = fmt::format("SSM has no parameter {}; create it (a local cloud: custom.dew.parameters)",
                      address);
  } else if (source.type == "param") {
    why = fmt::format("no parameter {} is given; give it with --param {}=VALUE or under params",
                      address, address);
  } else if (source.type == "file") {
    why = "the file, or what is asked of it, does not exist; create it";
  } else if (source.type == "cf") {
    why = fmt::format("there is no stack output {}; deploy that stack", address);
  } else {
    why = "there is no such value; set it";
  }
  return why + fmt::format(", or give a default: {}, 'default'}}",
                           variable.text.substr(0, variable.text.size() - 1));
}

Result<Node> Resolver::resolve_again(Node node, const Place& place, int depth) {
  const std::string path = place.path;
  CHECK_OK(resolve_deep(node, path, depth + 1));
  return node;
}

Result<Resolver::Value> Resolver::from_source(const Source& source, const Place& place, int depth) {
  std::vector<std::string> params;
  for (const auto& param : source.params) {
    TRY(auto text, evaluate_text(param, place, depth));
    params.push_back(std::move(text));
  }
  std::string address;
  if (source.address) {
    TRY(address, evaluate_text(*source.address, place, depth));
  }
  const std::string& type = source.type;
  if (type == "self") return from_self(address, depth);
  if (type == "file") return from_file(params, address, depth);
  if (type == "strToBool") {
    if (params.empty()) return unplaced("strToBool needs a value: ${strToBool(${env:FLAG})}");
    if (params[0] == "true" || params[0] == "1" || params[0] == "True" || params[0] == "TRUE")
      return Node::of(true, place.mark);
    if (params[0] == "false" || params[0] == "0" || params[0] == "False" || params[0] == "FALSE")
      return Node::of(false, place.mark);
    return unplaced(fmt::format("'{}' is not one of true, false, 1, 0", params[0]));
  }
  if (address.empty()) {
    if (suggest(type, kinds()) == type)
      return unplaced(fmt::format("{} needs an address: ${{{}:name}}", type, type));
  }
  if (type == "ssm") return from_ssm(params, address, place);
  if (type == "cf") return from_cf(params, address);
  if (type == "sls" || type == "aws") return from_scope(source, address);
  Value value;
  if (type == "env") {
    if (auto found = sources_.env(address)) {
      value = Node::of(std::move(*found), place.mark);
    } else {
      for (const auto& [name, text] : dotenv_) {
        if (name == address) value = Node::of(text, place.mark);
      }
    }
  } else if (type == "opt") {
    if (const auto it = sources_.options.find(address); it != sources_.options.end())
      value = Node::of(it->second, place.mark);
  } else if (type == "param") {
    TRY(value, from_param(address, depth));
  } else {
    return unplaced(
        fmt::format("unknown source '{}'{}; the sources are self, opt, env, file, sls, aws, ssm, "
                    "cf, param and strToBool",
                    type, did_you_mean(type, kinds())));
  }
  if (!value) return value;
  TRY(auto again, resolve_again(std::move(*value), place, depth));
  return again;
}

Result<Resolver::Value> Resolver::from_scope(const Source& source, const std::string& address) {
  if (source.type == "sls" && address == "stage") {
    TRY(auto value, stage());
    return Node::of(std::move(value));
  }
  if (source.type == "sls" && address == "instanceId") return Node::of(sources_.instance_id);
  if (source.type == "aws" && address == "region") {
    TRY(auto value, region());
    return Node::of(std::move(value));
  }
  if (source.type == "aws" && address == "accountId") {
    if (!sources_.account_id)
      return unplaced("the account is known only where a cloud is reachable");
    auto account = sources_.account_id();
    if (!account) return unplaced(account.error().message);
    return Node::of(std::move(*account));
  }
  return unplaced(
      fmt::format("{} has {} only, not '{}'", source.type,
                  source.type == "sls" ? "stage and instanceId" : "accountId and region", address));
}

Result<Resolver::Value> Resolver::from_param(const std::string& address, int depth) {
  if (const auto it = sources_.params.find(address); it != sources_.params.end())
    return Node::of(it->second);
  TRY(const auto stage_name, stage());
  for (const auto& scope : {stage_name, std::string("default")}) {
    const std::string path = "params." + scope;
    TRY(Node * group, navigate(root_, path, "", depth));
    if (!group || !group->is_map()) continue;
    Node* value = group->find(address);
    if (!value) continue;
    CHECK_OK(resolve_deep(*value, path + "." + address, depth + 1));
    if (!value->is_null()) return *value;
  }
  return Value{};
}

Result<Resolver::Value> Resolver::from_self(const std::string& address, int depth) {
  TRY(Node * node, navigate(root_, address, "", depth));
  if (!node) return Value{};
  CHECK_OK(resolve_deep(*node, address, depth + 1));
  return *node;
}

Result<Resolver::Value> Resolver::from_ssm(const std::vector<std::string>& params,
                                           const std::string& address, const Place& place) const {
  bool raw = false;
  bool decrypt = true;
  std::string region;
  for (const auto& param : params) {
    if (param == "raw") {
      raw = true;
    } else if (param == "noDecrypt") {
      decrypt = false;
    } else {
      region = param;
    }
  }
  if (!sources_.ssm) return unplaced("SSM is not reachable here");
  auto parameter = sources_.ssm(address, decrypt, region);
  if (!parameter) return unplaced(parameter.error().message);
  if (!*parameter) return Value{};
  const std::string& text = (*parameter)->value;
  Node value;
  if ((*parameter)->type == "StringList" && !raw) {
    value = Node::list(place.mark);
    for (size_t begin = 0; begin <= text.size();) {
      const size_t comma = std::min(text.find(',', begin), text.size());
      value.items.push_back(Node::of(text.substr(begin, comma - begin), place.mark));
      value.items.back().literal = true;
      begin = comma + 1;
    }
    return value;
  }
  if ((*parameter)->type == "SecureString" && !raw && text.starts_with('{')) {
    if (auto parsed = json::parse(text); parsed && parsed->is_object()) {
      value = from_json(*parsed, place.mark);
      const auto freeze = [](auto&& self, Node& node) -> void {
        node.literal = true;
        for (auto& item : node.items) self(self, item);
        for (auto& entry : node.entries) self(self, entry.value);
      };
      freeze(freeze, value);
      return value;
    }
  }
  value = Node::of(text, place.mark);
  value.literal = true;
  return value;
}

Result<Resolver::Value> Resolver::from_cf(const std::vector<std::string>& params,
                                          const std::string& address) const {
  const size_t dot = address.find('.');
  if (dot == std::string::npos) return unplaced("cf needs stack.output: ${cf:my-stack.MyOutput}");
  if (!sources_.cf) return unplaced("CloudFormation is not reachable here");
  auto output =
      sources_.cf(address.substr(0, dot), address.substr(dot + 1), params.empty() ? "" : params[0]);
  if (!output) return unplaced(output.error().message);
  if (!*output) return Value{};
  Node value = Node::of(std::move(**output));
  value.literal = true;
  return value;
}

// Follows a dotted address, resolving what lies on the way; nullptr when something is not there.
Result<Node*> Resolver::navigate(Node& start, std::string_view address, std::string path,
                                 int depth) {
  Node* node = &start;
  while (true) {
    if (node->is_string()) CHECK_OK(resolve_string(*node, path, depth + 1));
    if (address.empty()) return node;
    const size_t dot = address.find('.');
    const std::string_view key = address.substr(0, dot);
    address = dot == std::string_view::npos ? std::string_view{} : address.substr(dot + 1);
    Node* next = nullptr;
    if (node->is_list()) {
      size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error == std::errc{} && end == key.data() + key.size() && index < node->items.size())
        next = &node->items[index];
    } else {
      next = node->find(key);
    }
    if (!next) return static_cast<Node*>(nullptr);
    path = join_path(path, key);
    node = next;
  }
}

}  // namespace dew::serverless
