// Filters as text again.
#include <fmt/format.h>

#include <algorithm>

#include "services/xray/filter_words.h"

namespace dew::xray {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

std::string text_of(const Literal& literal) {
  if (const auto* flag = std::get_if<bool>(&literal)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&literal)) return fmt::format("{}", *number);
  return quoted(std::get<std::string>(literal));
}

std::string text_of(const NodeId& id) {
  std::string out = "id(";
  const auto add = [&](std::string_view name, const std::optional<std::string>& part) {
    if (!part) return;
    if (out.size() > 3) out += ", ";
    out.append(name).append(": ").append(quoted(*part));
  };
  add("name", id.name);
  add("type", id.type);
  add("account.id", id.account);
  return out + ")";
}

std::string keyword_text(const Filter& filter) {
  if (filter.keyword == Keyword::kAnnotation) return "annotation[" + quoted(filter.key) + "]";
  for (const auto& word : kWords) {
    if (word.keyword == filter.keyword) return std::string(word.text);
  }
  return {};
}

std::string_view comparison_text(Comparison comparison) {
  for (const auto& sign : kSigns) {
    if (sign.comparison == comparison) return sign.text;
  }
  for (const auto& verb : kVerbs) {
    if (verb.comparison == comparison) return verb.text;
  }
  return {};
}

std::string cause_text(const Filter& filter) {
  std::string out = "rootcause";
  for (const auto& [word, cause] : kCauses) {
    if (cause == filter.cause) out.append(".").append(word);
  }
  for (const auto& [word, element] : kElements) {
    if (element == filter.element) out.append(".").append(word);
  }
  return out;
}

}  // namespace

std::string to_string(const Filter& filter) {
  // Only where they change the meaning: printing must not nest deeper than what was parsed.
  const auto part = [&](const Filter& child) {
    const bool looser = child.kind == Filter::Kind::kOr ||
                        (child.kind == Filter::Kind::kAnd && filter.kind != Filter::Kind::kOr);
    return looser ? "(" + to_string(child) + ")" : to_string(child);
  };
  const auto joined = [&](std::string_view word) {
    std::string out;
    for (const auto& child : filter.children) {
      if (!out.empty()) out += word;
      out += part(child);
    }
    return out;
  };
  switch (filter.kind) {
    case Filter::Kind::kAnd:
      return joined(" AND ");
    case Filter::Kind::kOr:
      return joined(" OR ");
    case Filter::Kind::kNot:
      return "!" + part(filter.children.front());
    case Filter::Kind::kFlag:
      return keyword_text(filter);
    case Filter::Kind::kCompare:
      return fmt::format("{} {} {}", keyword_text(filter), comparison_text(filter.comparison),
                         text_of(filter.literal));
    case Filter::Kind::kCauseLike:
      return fmt::format("rootcause.json {} #{}", comparison_text(filter.comparison),
                         json::dump(filter.pattern));
    case Filter::Kind::kCause: {
      std::string out = cause_text(filter);
      if (!filter.children.empty()) out += " { " + to_string(filter.children.front()) + " }";
      return out;
    }
    case Filter::Kind::kService:
    case Filter::Kind::kEdge:
      break;
  }
  std::string out = filter.kind == Filter::Kind::kEdge ? "edge(" : "service(";
  if (filter.source) out += text_of(*filter.source);
  if (filter.target) out += ", " + text_of(*filter.target);
  out += ")";
  if (!filter.children.empty()) out += " { " + to_string(filter.children.front()) + " }";
  return out;
}

bool mentions_group(const Filter& filter) {
  if ((filter.kind == Filter::Kind::kCompare || filter.kind == Filter::Kind::kFlag) &&
      is_group(filter.keyword)) {
    return true;
  }
  return std::ranges::any_of(filter.children, mentions_group);
}

}  // namespace dew::xray
