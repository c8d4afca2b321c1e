#include "services/apigateway/json_schema.h"

#include <fmt/format.h>

#include <cmath>

#include "services/apigateway/json_schema_node.h"

namespace dew::apigateway {

namespace {

using Node = JsonSchema::Node;

uint8_t type_of(const json::Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return Node::kNull;
    case boost::json::kind::bool_:
      return Node::kBoolean;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return Node::kInteger;
    case boost::json::kind::double_:
      return Node::kNumber;
    case boost::json::kind::string:
      return Node::kString;
    case boost::json::kind::array:
      return Node::kArray;
    case boost::json::kind::object:
      break;
  }
  return Node::kObject;
}

double as_double(const json::Value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return value.get_double();
}

// Values are equal as JSON is: 1 and 1.0 are, the order of an object's members does not count.
bool equal(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    return std::ranges::equal(a.get_array(), b.get_array(), equal);
  }
  if (a.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    return std::ranges::all_of(a.get_object(), [&](const auto& one) {
      const auto* other = b.get_object().if_contains(one.key());
      return other && equal(one.value(), *other);
    });
  }
  return a == b;
}

uint64_t code_points(std::string_view text) {
  return static_cast<uint64_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_multiple(const json::Value& value, const json::Value& of) {
  if (value.is_int64() && of.is_int64()) return value.get_int64() % of.get_int64() == 0;
  const double number = as_double(value);
  const double divisor = as_double(of);
  const double quotient = number / divisor;
  if (!std::isfinite(quotient)) return std::fmod(number, divisor) == 0;
  // 0.0075 is a multiple of 0.0001, whatever binary fractions make of it.
  constexpr double kTolerance = 1e-12;
  return std::fabs(quotient - std::round(quotient)) <=
         kTolerance * std::max(1.0, std::fabs(quotient));
}

// One comparison of one value; says the first thing that is wrong.
class Check {
 public:
  std::optional<std::string> error;

  bool matches(const Node* node, const json::Value& value, int depth) {
    if (++steps_ > JsonSchema::kMaxSteps) return stop("the body takes too long to check");
    if (depth > JsonSchema::kMaxDepth) return stop("the body is nested too deeply");
    while (node->reference) node = node->reference;
    const uint8_t type = type_of(value);
    if (node->types != 0 && (node->types & type) == 0) return says("is of a wrong type");
    if (node->values && std::ranges::none_of(*node->values, [&](const json::Value& one) {
          return equal(one, value);
        })) {
      return says("is none of the allowed values");
    }
    if (type == Node::kString && !string(*node, json::view(value.get_string()))) return false;
    if (value.is_number() && !number(*node, value)) return false;
    if (type == Node::kArray && !array(*node, value.get_array(), depth)) return false;
    if (type == Node::kObject && !object(*node, value, depth)) return false;
    return combined(*node, value, depth);
  }

  bool stopped() const { return stopped_; }

 private:
  bool stop(std::string_view why) {
    stopped_ = true;
    error = std::string(why);
    return false;
  }
  bool says(std::string_view what) {
    if (!error) error = fmt::format("{} {}", path_.empty() ? "the body" : path_, what);
    return false;
  }
  // In a branch whose failure is not yet the value's.
  bool tries(const Node* node, const json::Value& value, int depth) {
    auto outer = error;
    const bool out = matches(node, value, depth + 1);
    if (!stopped_) error = std::move(outer);
    return out;
  }
  bool inside(std::string_view step, const Node* node, const json::Value& value, int depth) {
    const auto length = path_.size();
    path_ += '/';
    path_ += step;
    const bool out = matches(node, value, depth + 1);
    path_.resize(length);
    return out;
  }

  bool string(const Node& node, std::string_view text) {
    if (node.min_length || node.max_length) {
      const auto length = code_points(text);
      if (node.min_length && length < *node.min_length) return says("is too short");
      if (node.max_length && length > *node.max_length) return says("is too long");
    }
    if (node.pattern && !RE2::PartialMatch(text, *node.pattern))
      return says(fmt::format("does not match {}", node.pattern->pattern()));
    if (node.format && !node.format(text)) return says(fmt::format("is no {}", node.format_name));
    return true;
  }

  bool number(const Node& node, const json::Value& value) {
    if (node.minimum) {
      const int order = compare_numbers(value, *node.minimum);
      if (order < 0 || (order == 0 && node.exclusive_minimum)) return says("is too small");
    }
    if (node.maximum) {
      const int order = compare_numbers(value, *node.maximum);
      if (order > 0 || (order == 0 && node.exclusive_maximum)) return says("is too large");
    }
    if (node.multiple_of && !is_multiple(value, *node.multiple_of))
      return says(fmt::format("is no multiple of {}", json::dump(*node.multiple_of)));
    return true;
  }

  bool array(const Node& node, const json::Array& items, int depth) {
    if (node.min_items && items.size() < *node.min_items) return says("has too few elements");
    if (node.max_items && items.size() > *node.max_items) return says("has too many elements");
    for (size_t i = 0; i < items.size(); ++i) {
      const Node* of = node.item;
      if (node.tuple) {
        if (i < node.tuple->size()) {
          of = (*node.tuple)[i];
        } else if (!node.more_items.allowed) {
          return says("has too many elements");
        } else {
          of = node.more_items.schema;
        }
      }
      if (of && !inside(std::to_string(i), of, items[i], depth)) return false;
    }
    return !node.unique_items || unique(items);
  }

  bool unique(const json::Array& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (++steps_ > JsonSchema::kMaxSteps) return stop("the body takes too long to check");
        if (equal(items[i], items[j])) return says("has an element twice");
      }
    }
    return true;
  }

  bool object(const Node& node, const json::Value& value, int depth) {
    const auto& members = value.get_object();
    if (node.min_properties && members.size() < *node.min_properties)
      return says("has too few properties");
    if (node.max_properties && members.size() > *node.max_properties)
      return says("has too many properties");
    for (const auto& name : node.required) {
      if (!members.contains(name)) return says(fmt::format("lacks the property {}", name));
    }
    for (const auto& one : node.dependencies) {
      if (!members.contains(one.property)) continue;
      for (const auto& name : one.required) {
        if (!members.contains(name)) return says(fmt::format("lacks the property {}", name));
      }
      if (one.schema && !matches(one.schema, value, depth + 1)) return false;
    }
    return std::ranges::all_of(members, [&](const auto& member) {
      return property(node, {member.key().data(), member.key().size()}, member.value(), depth);
    });
  }

  bool property(const Node& node, std::string_view name, const json::Value& value, int depth) {
    bool known = false;
    if (const auto own = node.properties.find(name); own != node.properties.end()) {
      known = true;
      if (!inside(name, own->second, value, depth)) return false;
    }
    steps_ += node.pattern_properties.size();
    for (const auto& [pattern, schema] : node.pattern_properties) {
      if (!RE2::PartialMatch(name, *pattern)) continue;
      known = true;
      if (!inside(name, schema, value, depth)) return false;
    }
    if (known) return true;
    if (!node.more_properties.allowed)
      return says(fmt::format("has the unknown property {}", name));
    return !node.more_properties.schema || inside(name, node.more_properties.schema, value, depth);
  }

  bool combined(const Node& node, const json::Value& value, int depth) {
    for (const auto* one : node.all_of) {
      if (!matches(one, value, depth + 1)) return false;
    }
    if (!node.any_of.empty() && std::ranges::none_of(node.any_of, [&](const Node* one) {
          return tries(one, value, depth);
        })) {
      return says("matches none of the schemas of anyOf");
    }
    if (!node.one_of.empty()) {
      const auto matching = std::ranges::count_if(
          node.one_of, [&](const Node* one) { return tries(one, value, depth); });
      if (matching != 1) return says(fmt::format("matches {} of the schemas of oneOf", matching));
    }
    if (node.none_of && (tries(node.none_of, value, depth) || stopped_))
      return says("matches the schema of not");
    return !stopped_;
  }

  size_t steps_ = 0;
  bool stopped_ = false;
  std::string path_;
};

}  // namespace

int compare_numbers(const json::Value& a, const json::Value& b) {
  const auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.is_int64() && b.is_int64()) return order(a.get_int64(), b.get_int64());
  if (a.is_uint64() && b.is_uint64()) return order(a.get_uint64(), b.get_uint64());
  // Beyond int64 is only what is larger than any of it.
  if (a.is_int64() && b.is_uint64())
    return a.get_int64() < 0 ? -1 : order(static_cast<uint64_t>(a.get_int64()), b.get_uint64());
  if (a.is_uint64() && b.is_int64()) return -compare_numbers(b, a);
  return order(as_double(a), as_double(b));
}

std::optional<std::string> JsonSchema::check(const json::Value& value) const {
  Check one;
  if (one.matches(program_->root, value, 0) && !one.stopped()) return std::nullopt;
  return one.error.value_or("the body does not match");
}

}  // namespace dew::apigateway
