// What filters say of root causes: their lists' elements, and whole ones.
#include <algorithm>

#include "services/xray/filter.h"
#include "services/xray/root_causes.h"

namespace dew::xray {

namespace {

json::Array causes_of(const Trace& trace, Filter::Cause cause) {
  switch (cause) {
    case Filter::Cause::kFault:
      return root_causes(trace, Failure::kFault);
    case Filter::Cause::kError:
      return root_causes(trace, Failure::kError);
    case Filter::Cause::kResponseTime:
      break;
  }
  return response_time_root_causes(trace);
}

struct Element {
  const json::Object& object;
  size_t index;
  size_t count;
};

std::optional<Literal> value_of(Keyword keyword, const Element& element) {
  const auto text = [&](std::string_view name) -> std::optional<Literal> {
    if (const auto found = json::string_at(element.object, name)) return std::string(*found);
    return std::nullopt;
  };
  switch (keyword) {
    case Keyword::kFirst:
      return element.index == 0;
    case Keyword::kLast:
      return element.index + 1 == element.count;
    case Keyword::kRemote:
      return json::bool_at(element.object, "Remote").value_or(false);
    case Keyword::kInferred:
      return json::bool_at(element.object, "Inferred").value_or(false);
    case Keyword::kIndex:
      return static_cast<double>(element.index);
    case Keyword::kCoverage:
      if (const auto share = json::number_at(element.object, "Coverage")) return *share;
      return std::nullopt;
    case Keyword::kName:
      return text("Name");
    case Keyword::kType:
      return text("Type");
    case Keyword::kMessage:
      return text("Message");
    default:
      return std::nullopt;
  }
}

bool holds(const Filter& filter, const Element& element) {
  const auto of_child = [&](const Filter& child) { return holds(child, element); };
  switch (filter.kind) {
    case Filter::Kind::kAnd:
      return std::ranges::all_of(filter.children, of_child);
    case Filter::Kind::kOr:
      return std::ranges::any_of(filter.children, of_child);
    case Filter::Kind::kNot:
      return !of_child(filter.children.front());
    case Filter::Kind::kFlag: {
      const auto value = value_of(filter.keyword, element);
      const bool* flag = value ? std::get_if<bool>(&*value) : nullptr;
      return flag != nullptr ? *flag : value.has_value();
    }
    case Filter::Kind::kCompare: {
      const auto value = value_of(filter.keyword, element);
      return value && compare(*value, filter.comparison, filter.literal);
    }
    default:
      return false;  // the parser lets nothing else in
  }
}

// What a cause has of the list, in order.
std::vector<const json::Object*> elements_of(const json::Object& cause, Filter::Element element) {
  std::vector<const json::Object*> out;
  for (const auto& service : cause.at("Services").as_array()) {
    if (element == Filter::Element::kService) {
      out.push_back(&service.as_object());
      continue;
    }
    for (const auto& entity : service.at("EntityPath").as_array()) {
      if (element == Filter::Element::kEntity) {
        out.push_back(&entity.as_object());
        continue;
      }
      const auto* exceptions = json::array_at(entity.as_object(), "Exceptions");
      if (exceptions == nullptr) continue;
      for (const auto& exception : *exceptions) out.push_back(&exception.as_object());
    }
  }
  return out;
}

// "For every field present in the JSON, any candidate match must be exact […]. Removed fields
// become wildcard values." A field that is null is one that the cause lacks.
bool is_like(const json::Value& pattern, const json::Value* value) {
  if (value == nullptr || pattern.is_null())
    return pattern.is_null() && (value == nullptr || value->is_null());
  if (const auto* object = pattern.if_object()) {
    const auto* other = value->if_object();
    return other != nullptr && std::ranges::all_of(*object, [&](const auto& member) {
             return is_like(member.value(), json::find(*other, member.key()));
           });
  }
  if (const auto* list = pattern.if_array()) {
    const auto* other = value->if_array();
    if (other == nullptr || other->size() != list->size()) return false;
    for (size_t i = 0; i < list->size(); ++i) {
      if (!is_like((*list)[i], &(*other)[i])) return false;
    }
    return true;
  }
  if (pattern.is_number())
    return value->is_number() && value->to_number<double>() == pattern.to_number<double>();
  return pattern == *value;
}

}  // namespace

bool matches_cause(const Filter& filter, const Trace& trace) {
  if (filter.kind == Filter::Kind::kCauseLike) {
    bool found = false;
    for (const auto kind :
         {Filter::Cause::kFault, Filter::Cause::kError, Filter::Cause::kResponseTime}) {
      for (const auto& cause : causes_of(trace, kind)) {
        found |= std::ranges::any_of(
            filter.pattern, [&](const json::Value& pattern) { return is_like(pattern, &cause); });
      }
    }
    return found == (filter.comparison == Comparison::kEqual);
  }
  for (const auto& cause : causes_of(trace, filter.cause)) {
    const auto elements = elements_of(cause.as_object(), filter.element);
    for (size_t i = 0; i < elements.size(); ++i) {
      if (filter.children.empty() ||
          holds(filter.children.front(), {*elements[i], i, elements.size()}))
        return true;
    }
  }
  return false;
}

}  // namespace dew::xray
