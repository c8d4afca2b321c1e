#include "services/xray/filter.h"

namespace dew::xray {

namespace {

// What a filter is about at the moment: the trace, or one of its segments (which was called by
// `call`).
struct Scope {
  const Trace& trace;
  const GroupFilter& groups;
  const Entity* segment = nullptr;
  const Entity* call = nullptr;
};

std::optional<Literal> literal_of(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  if (value->is_number()) return value->to_number<double>();
  if (value->is_string()) return std::string(json::view(value->get_string()));
  return std::nullopt;
}

const json::Value* nested(const json::Object& document,
                          std::initializer_list<std::string_view> path) {
  const json::Object* at = &document;
  for (auto it = path.begin(); it != path.end() - 1; ++it) {
    at = json::object_at(*at, *it);
    if (at == nullptr) return nullptr;
  }
  return json::find(*at, *(path.end() - 1));
}

template <class Visit>
bool any_segment(const Scope& scope, Visit&& visit) {
  if (scope.segment != nullptr) return visit(*scope.segment);
  return std::ranges::any_of(scope.trace.entities,
                             [&](const Entity& one) { return one.segment && visit(one); });
}

// Of the segment and everything in it, or of the whole trace.
template <class Visit>
bool any_entity(const Scope& scope, Visit&& visit) {
  return std::ranges::any_of(scope.trace.entities, [&](const Entity& one) {
    if (scope.segment != nullptr && &scope.trace.entities[one.owner] != scope.segment) return false;
    return visit(one);
  });
}

bool flag(Keyword keyword, const Scope& scope) {
  switch (keyword) {
    case Keyword::kOk:
      return !any_segment(scope, [](const Entity& one) { return !one.ok(); });
    case Keyword::kError:
      return any_segment(scope, [](const Entity& one) { return one.error; });
    case Keyword::kThrottle:
      return any_segment(scope, [](const Entity& one) { return one.throttle; });
    case Keyword::kFault:
      return any_segment(scope, [](const Entity& one) { return one.fault; });
    case Keyword::kPartial:
      return any_segment(scope, [](const Entity& one) { return one.in_progress; });
    case Keyword::kInferred:
      return any_segment(scope, [](const Entity& one) { return one.inferred; });
    case Keyword::kRoot:
      return scope.segment == nullptr || scope.segment == scope.trace.root_entity();
    default:
      return false;
  }
}

bool any_annotation(const Filter& filter, const Scope& scope) {
  return any_entity(scope, [&](const Entity& one) {
    const auto* annotations = json::object_at(*one.document, "annotations");
    const auto value =
        annotations == nullptr ? std::nullopt : literal_of(json::find(*annotations, filter.key));
    if (!value) return false;
    return filter.kind == Filter::Kind::kFlag || compare(*value, filter.comparison, filter.literal);
  });
}

bool any_message(const Filter& filter, const Scope& scope) {
  return any_entity(scope, [&](const Entity& one) {
    const auto* cause = json::object_at(*one.document, "cause");
    const auto* exceptions = cause == nullptr ? nullptr : json::array_at(*cause, "exceptions");
    if (exceptions == nullptr) return false;
    return std::ranges::any_of(*exceptions, [&](const json::Value& exception) {
      const auto message = literal_of(json::find(exception, "message"));
      return message && compare(*message, filter.comparison, filter.literal);
    });
  });
}

std::optional<Literal> text_value(Keyword keyword, const Scope& scope, const Entity& segment) {
  const auto& document = *segment.document;
  switch (keyword) {
    case Keyword::kHttpStatus:
      return literal_of(nested(document, {"http", "response", "status"}));
    case Keyword::kHttpUrl:
      return literal_of(nested(document, {"http", "request", "url"}));
    case Keyword::kHttpMethod:
      return literal_of(nested(document, {"http", "request", "method"}));
    case Keyword::kHttpUserAgent:
      return literal_of(nested(document, {"http", "request", "user_agent"}));
    case Keyword::kHttpClientIp:
      return literal_of(nested(document, {"http", "request", "client_ip"}));
    case Keyword::kUser:
      return literal_of(json::find(document, "user"));
    case Keyword::kName:
      return scope.trace.services[segment.service].name;
    case Keyword::kType:
      return scope.trace.services[segment.service].type;
    case Keyword::kAvailabilityZone:
      return literal_of(nested(document, {"aws", "ec2", "availability_zone"}));
    case Keyword::kInstanceId:
      return literal_of(nested(document, {"aws", "ec2", "instance_id"}));
    case Keyword::kResourceArn:
      return literal_of(json::find(document, "resource_arn"));
    default:
      return std::nullopt;
  }
}

bool compares(const Filter& filter, const Scope& scope) {
  const auto check = [&](Literal value) {
    return compare(value, filter.comparison, filter.literal);
  };
  switch (filter.keyword) {
    case Keyword::kResponseTime:
      if (scope.call != nullptr) return check(scope.call->seconds());
      if (scope.segment != nullptr) return check(scope.segment->seconds());
      return scope.trace.root_entity() != nullptr && check(scope.trace.root_entity()->seconds());
    case Keyword::kDuration:
      return check(scope.segment != nullptr ? scope.segment->seconds() : scope.trace.seconds());
    case Keyword::kAnnotation:
      return any_annotation(filter, scope);
    case Keyword::kMessage:
      return any_message(filter, scope);
    case Keyword::kGroupName:
    case Keyword::kGroupArn: {
      const Filter* group =
          scope.groups ? scope.groups(filter.keyword, std::get<std::string>(filter.literal))
                       : nullptr;
      const bool inside = group != nullptr && matches(*group, scope.trace, {});
      return inside == (filter.comparison == Comparison::kEqual);
    }
    default:
      break;
  }
  if (filter.keyword <= Keyword::kRoot) return check(flag(filter.keyword, scope));
  return any_segment(scope, [&](const Entity& segment) {
    const auto value = text_value(filter.keyword, scope, segment);
    return value && check(*value);
  });
}

// "http.url AND responseTime > 2": whether there is any such text.
bool is_set(Keyword keyword, const Scope& scope) {
  const Filter any{.kind = Filter::Kind::kCompare,
                   .keyword = keyword,
                   .comparison = Comparison::kContains,
                   .literal = std::string()};
  return compares(any, scope);
}

bool is_node(const std::optional<NodeId>& wanted, const ServiceId& service) {
  if (!wanted) return true;
  return (!wanted->name || *wanted->name == service.name) &&
         (!wanted->type || *wanted->type == service.type) &&
         (!wanted->account || *wanted->account == service.account);
}

bool holds(const Filter& filter, const Scope& scope) {
  switch (filter.kind) {
    case Filter::Kind::kAnd:
      return std::ranges::all_of(filter.children,
                                 [&](const Filter& child) { return holds(child, scope); });
    case Filter::Kind::kOr:
      return std::ranges::any_of(filter.children,
                                 [&](const Filter& child) { return holds(child, scope); });
    case Filter::Kind::kNot:
      return !holds(filter.children.front(), scope);
    case Filter::Kind::kFlag:
      if (filter.keyword <= Keyword::kRoot) return flag(filter.keyword, scope);
      if (filter.keyword == Keyword::kAnnotation) return any_annotation(filter, scope);
      return is_set(filter.keyword, scope);
    case Filter::Kind::kCompare:
      return compares(filter, scope);
    case Filter::Kind::kCause:
    case Filter::Kind::kCauseLike:
      return matches_cause(filter, scope.trace);
    case Filter::Kind::kService:
    case Filter::Kind::kEdge:
      break;
  }
  const auto& trace = scope.trace;
  const auto inside = [&](const Entity& segment, const Entity* call) {
    return filter.children.empty() ||
           holds(filter.children.front(), {trace, scope.groups, &segment, call});
  };
  return std::ranges::any_of(trace.entities, [&](const Entity& segment) {
    if (!segment.segment) return false;
    const auto& service = trace.services[segment.service];
    if (filter.kind == Filter::Kind::kService)
      return is_node(filter.source, service) && inside(segment, nullptr);
    if (segment.parent == kNoEntity) return false;
    const Entity& call = trace.entities[segment.parent];
    return is_node(filter.source, trace.services[call.service]) &&
           is_node(filter.target, service) && inside(segment, call.segment ? nullptr : &call);
  });
}

}  // namespace

bool compare(const Literal& value, Comparison comparison, const Literal& wanted) {
  if (value.index() != wanted.index()) return comparison == Comparison::kNotEqual;
  switch (comparison) {
    case Comparison::kEqual:
      return value == wanted;
    case Comparison::kNotEqual:
      return value != wanted;
    case Comparison::kLess:
      return value < wanted;
    case Comparison::kLessEqual:
      return value <= wanted;
    case Comparison::kGreater:
      return value > wanted;
    case Comparison::kGreaterEqual:
      return value >= wanted;
    default:
      break;
  }
  const auto* text = std::get_if<std::string>(&value);
  const auto* part = std::get_if<std::string>(&wanted);
  if (text == nullptr || part == nullptr) return false;
  if (comparison == Comparison::kContains) return text->find(*part) != std::string::npos;
  return comparison == Comparison::kBeginsWith ? text->starts_with(*part) : text->ends_with(*part);
}

bool matches(const Filter& filter, const Trace& trace, const GroupFilter& groups) {
  return holds(filter, {trace, groups});
}

}  // namespace dew::xray
