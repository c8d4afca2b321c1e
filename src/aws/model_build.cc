// Builds ServiceModels from their JSON form, and hands out the embedded ones.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/model.h"
#include "base/log.h"

namespace dew::aws {

class ModelBuilder {
 public:
  ModelBuilder(std::string name, const json::Value& source)
      : model_(std::make_unique<ServiceModel>()), source_(source) {
    model_->name = std::move(name);
  }

  Result<std::unique_ptr<ServiceModel>> build() {
    CHECK_OK(metadata());
    const auto* shapes = json::find(source_, "shapes");
    const auto* operations = json::find(source_, "operations");
    if (!shapes || !shapes->is_object() || !operations || !operations->is_object()) {
      return fail(ErrorKind::kInvalid, "the API model has no shapes or no operations");
    }
    for (const auto& entry : shapes->get_object()) {
      auto made = std::make_unique<Shape>();
      made->name = entry.key();
      model_->shapes_.emplace(made->name, std::move(made));
    }
    for (const auto& entry : shapes->get_object()) CHECK_OK(shape(entry.key(), entry.value()));
    for (const auto& [name, made] : model_->shapes_) finish_references(*made);
    propagate();
    for (const auto& entry : operations->get_object())
      CHECK_OK(operation(entry.key(), entry.value()));
    return std::move(model_);
  }

 private:
  Result<void> metadata() {
    const auto* found = json::find(source_, "metadata");
    if (!found || !found->is_object())
      return fail(ErrorKind::kInvalid, "the API model has no metadata");
    const auto& meta = found->get_object();
    model_->api_version = json::string_or(meta, "apiVersion");
    model_->json_version = json::string_or(meta, "jsonVersion", "1.0");
    model_->target_prefix = json::string_or(meta, "targetPrefix");
    model_->xml_namespace = json::string_or(meta, "xmlNamespace");
    model_->signing_name =
        json::string_or(meta, "signingName", json::string_or(meta, "endpointPrefix"));
    model_->query_compatible = meta.contains("awsQueryCompatible");
    const std::string protocol = json::string_or(meta, "protocol");
    if (protocol == "json") {
      model_->protocol = ProtocolKind::kJson;
    } else if (protocol == "query") {
      model_->protocol = ProtocolKind::kQuery;
    } else if (protocol == "rest-json") {
      model_->protocol = ProtocolKind::kRestJson;
    } else if (protocol == "rest-xml") {
      model_->protocol = ProtocolKind::kRestXml;
    } else {
      return fail(ErrorKind::kInvalid, "unknown protocol " + protocol);
    }
    return {};
  }

  static bool flag(const json::Object& source, std::string_view name) {
    return json::bool_at(source, name).value_or(false);
  }

  static TimestampFormat timestamp_format(const json::Object& source) {
    const auto text = json::string_at(source, "timestampFormat");
    if (text == "unixTimestamp") return TimestampFormat::kUnix;
    if (text == "iso8601") return TimestampFormat::kIso8601;
    if (text == "rfc822") return TimestampFormat::kRfc822;
    return TimestampFormat::kDefault;
  }

  Result<Member> member(std::string name, const json::Object& ref) {
    Member out;
    const std::string target = json::string_or(ref, "shape");
    const auto it = model_->shapes_.find(target);
    if (it == model_->shapes_.end()) return fail(ErrorKind::kInvalid, "no shape " + target);
    out.shape = it->second.get();
    out.name = std::move(name);
    out.renamed = ref.contains("locationName");
    out.wire_name = json::string_or(ref, "locationName", out.name);
    out.query_name = json::string_or(ref, "queryName");
    out.flattened = flag(ref, "flattened");
    out.xml_attribute = flag(ref, "xmlAttribute");
    out.streaming = flag(ref, "streaming");
    out.idempotency_token = flag(ref, "idempotencyToken");
    out.json_value = flag(ref, "jsonvalue");
    out.timestamp_format = timestamp_format(ref);
    xml_namespace(ref, out);
    const auto location = json::string_at(ref, "location");
    if (location == "uri") out.location = Location::kUri;
    if (location == "querystring") out.location = Location::kQuery;
    if (location == "header") out.location = Location::kHeader;
    if (location == "headers") out.location = Location::kHeaders;
    if (location == "statusCode") out.location = Location::kStatus;
    return out;
  }

  static void xml_namespace(const json::Object& source, Member& out) {
    const auto* found = json::find(source, "xmlNamespace");
    if (!found) return;
    if (found->is_string()) {
      out.xml_uri = json::str(*found);
    } else if (found->is_object()) {
      out.xml_uri = json::string_or(found->get_object(), "uri");
      out.xml_prefix = json::string_or(found->get_object(), "prefix");
    }
  }

  static Result<Kind> kind_of(std::string_view type) {
    static constexpr std::array<std::pair<std::string_view, Kind>, 13> kKinds{
        {{"structure", Kind::kStructure},
         {"list", Kind::kList},
         {"map", Kind::kMap},
         {"string", Kind::kString},
         {"character", Kind::kString},
         {"integer", Kind::kInteger},
         {"long", Kind::kLong},
         {"float", Kind::kFloat},
         {"double", Kind::kDouble},
         {"boolean", Kind::kBoolean},
         {"timestamp", Kind::kTimestamp},
         {"blob", Kind::kBlob},
         {"bigdecimal", Kind::kDouble}}};
    for (const auto& [name, kind] : kKinds) {
      if (name == type) return kind;
    }
    return fail(ErrorKind::kInvalid, fmt::format("unknown shape type {}", type));
  }

  Result<void> shape(std::string_view name, const json::Value& value) {
    if (!value.is_object()) return fail(ErrorKind::kInvalid, "a shape is not an object");
    const auto& source = value.get_object();
    Shape& out = *model_->shapes_.find(name)->second;
    TRY(out.kind, kind_of(json::string_or(source, "type")));
    out.is_document = flag(source, "document");
    out.is_union = flag(source, "union");
    out.is_sensitive = flag(source, "sensitive");
    out.is_event_stream = flag(source, "eventstream");
    out.is_exception = flag(source, "exception") || source.contains("error");
    out.min = json::number_at(source, "min");
    out.max = json::number_at(source, "max");
    if (const auto pattern = json::string_at(source, "pattern")) {
      out.pattern = std::make_unique<Pattern>(std::string(*pattern));
    }
    if (const auto* values = json::array_at(source, "enum")) {
      for (const auto& v : *values) {
        if (v.is_string()) out.enum_values.push_back(json::str(v));
      }
    }
    if (const auto* element = json::object_at(source, "member")) {
      TRY(out.element, member("", *element));
    }
    if (const auto* mapped = json::object_at(source, "value")) {
      TRY(out.element, member("", *mapped));
    }
    if (const auto* key = json::object_at(source, "key")) {
      TRY(out.key, member("", *key));
    }
    if (const auto* members = json::object_at(source, "members"))
      CHECK_OK(structure(source, *members, out));
    own_.push_back({&out, &source});
    if (out.is_exception) error(source, out);
    return {};
  }

  Result<void> structure(const json::Object& source, const json::Object& members, Shape& out) {
    for (const auto& entry : members) {
      if (!entry.value().is_object()) return fail(ErrorKind::kInvalid, "a member is not an object");
      TRY(auto made, member(entry.key(), entry.value().get_object()));
      out.members.push_back(std::move(made));
    }
    for (uint16_t i = 0; i < out.members.size(); ++i) {
      out.by_name.push_back(i);
      if (out.members[i].location == Location::kBody) out.by_wire.push_back(i);
    }
    const auto sort_by = [&](std::vector<uint16_t>& order, auto name) {
      std::sort(order.begin(), order.end(), [&](uint16_t a, uint16_t b) {
        const std::string& x = name(out.members[a]);
        const std::string& y = name(out.members[b]);
        return x.size() != y.size() ? x.size() < y.size() : x < y;
      });
    };
    sort_by(out.by_name, [](const Member& m) -> const std::string& { return m.name; });
    sort_by(out.by_wire, [](const Member& m) -> const std::string& { return m.wire_name; });
    if (const auto* required = json::array_at(source, "required")) {
      for (const auto& name : *required) {
        if (!name.is_string()) continue;
        if (const auto* found = out.find(json::view(name.get_string())))
          const_cast<Member*>(found)->required = true;
      }
    }
    if (const auto payload = json::string_at(source, "payload")) out.payload = out.find(*payload);
    return {};
  }

  void error(const json::Object& source, Shape& out) {
    out.error_code = out.name;
    out.sender_fault = !flag(source, "fault");
    if (const auto* traits = json::object_at(source, "error")) {
      out.error_code = json::string_or(*traits, "code", out.name);
      out.error_status = static_cast<int>(json::int_at(*traits, "httpStatusCode").value_or(0));
      out.sender_fault = json::bool_at(*traits, "senderFault").value_or(out.error_status < 500);
      if (flag(*traits, "fault")) out.sender_fault = false;
    }
    model_->errors_.emplace(out.name, &out);
    model_->errors_.emplace(out.error_code, &out);
  }

  // Traits that a shape gives to every use of it.
  struct Own {
    Shape* shape;
    const json::Object* source;
  };

  void finish_references(Shape& shape) {
    for (auto& m : shape.members) inherit(m);
    inherit(shape.element);
    inherit(shape.key);
  }

  void inherit(Member& m) {
    if (!m.shape) return;
    if (sources_.empty()) {
      for (const auto& own : own_) sources_.emplace(own.shape, own.source);
    }
    const auto& source = *sources_.at(m.shape);
    m.flattened = m.flattened || flag(source, "flattened");
    m.streaming = m.streaming || flag(source, "streaming");
    if (m.timestamp_format == TimestampFormat::kDefault)
      m.timestamp_format = timestamp_format(source);
    if (m.xml_uri.empty()) xml_namespace(source, m);
    if (!m.renamed && m.name.empty() && source.contains("locationName")) {
      m.wire_name = json::string_or(source, "locationName");
      m.renamed = true;
    }
  }

  // What holds for a shape if it holds for any shape below it; shapes refer to each other in
  // circles.
  void propagate() {
    std::unordered_map<const Shape*, std::vector<Shape*>> users;
    std::vector<Shape*> constrained;
    std::vector<Shape*> binary;
    for (const auto& [name, made] : model_->shapes_) {
      Shape& s = *made;
      const auto use = [&](const Member& m) {
        if (m) users[m.shape].push_back(&s);
        return m.required;
      };
      bool any_required = false;
      for (const auto& m : s.members) any_required |= use(m);
      use(s.element);
      use(s.key);
      if (any_required || s.min || s.max || s.pattern || !s.enum_values.empty())
        constrained.push_back(&s);
      if (s.kind == Kind::kBlob || s.kind == Kind::kTimestamp) binary.push_back(&s);
    }
    spread(constrained, users, &Shape::constrained);
    spread(binary, users, &Shape::has_blob_or_time);
  }

  static void spread(std::vector<Shape*> from,
                     const std::unordered_map<const Shape*, std::vector<Shape*>>& users,
                     bool Shape::* mark) {
    while (!from.empty()) {
      Shape* shape = from.back();
      from.pop_back();
      if (shape->*mark) continue;
      shape->*mark = true;
      const auto it = users.find(shape);
      if (it != users.end()) from.insert(from.end(), it->second.begin(), it->second.end());
    }
  }

  static UriTemplate uri_template(std::string_view text) {
    UriTemplate out;
    const size_t mark = text.find('?');
    std::string_view path = text.substr(0, mark);
    std::string_view query = mark == std::string_view::npos ? "" : text.substr(mark + 1);
    if (path.starts_with('/')) path.remove_prefix(1);
    while (!path.empty()) {
      const size_t slash = path.find('/');
      const std::string_view part = path.substr(0, slash);
      using SegmentKind = UriTemplate::Segment::Kind;
      if (part.starts_with('{') && part.ends_with("+}")) {
        out.segments.push_back(
            {SegmentKind::kGreedy, std::string(part.substr(1, part.size() - 3))});
      } else if (part.starts_with('{') && part.ends_with('}')) {
        out.segments.push_back({SegmentKind::kLabel, std::string(part.substr(1, part.size() - 2))});
      } else {
        out.segments.push_back({SegmentKind::kLiteral, std::string(part)});
      }
      path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
    }
    while (!query.empty()) {
      const size_t amp = query.find('&');
      const std::string_view part = query.substr(0, amp);
      const size_t equals = part.find('=');
      std::optional<std::string> value;
      if (equals != std::string_view::npos) value = std::string(part.substr(equals + 1));
      if (!part.empty())
        out.query.emplace_back(std::string(part.substr(0, equals)), std::move(value));
      query = amp == std::string_view::npos ? "" : query.substr(amp + 1);
    }
    return out;
  }

  Result<void> operation(std::string_view name, const json::Value& value) {
    if (!value.is_object()) return fail(ErrorKind::kInvalid, "an operation is not an object");
    const auto& source = value.get_object();
    auto out = std::make_unique<Operation>();
    out->name = std::string(name);
    if (const auto* http = json::object_at(source, "http")) {
      out->method = json::string_or(*http, "method", "POST");
      out->uri = uri_template(json::string_or(*http, "requestUri", "/"));
      out->status = static_cast<int>(json::int_at(*http, "responseCode").value_or(200));
    }
    if (const auto* input = json::object_at(source, "input")) {
      TRY(out->input, member("", *input));
      inherit(out->input);
    }
    if (const auto* output = json::object_at(source, "output")) {
      TRY(out->output, member("", *output));
      inherit(out->output);
      const bool wrapped = model_->protocol == ProtocolKind::kQuery;
      out->result_wrapper =
          json::string_or(*output, "resultWrapper", wrapped ? out->name + "Result" : "");
    }
    if (const auto* errors = json::array_at(source, "errors")) {
      for (const auto& entry : *errors) {
        const std::string shape_name =
            entry.is_string()
                ? json::str(entry)
                : (entry.is_object() ? json::string_or(entry.get_object(), "shape") : "");
        if (const Shape* found = model_->shape(shape_name)) out->errors.push_back(found);
      }
    }
    model_->operations_.emplace(out->name, std::move(out));
    return {};
  }

  std::unique_ptr<ServiceModel> model_;
  const json::Value& source_;
  std::vector<Own> own_;
  std::unordered_map<const Shape*, const json::Object*> sources_;
};

Result<std::unique_ptr<ServiceModel>> ServiceModel::build(std::string name,
                                                          const json::Value& source) {
  return ModelBuilder(std::move(name), source).build();
}

#define DEW_MODEL(name, ...)                              \
  extern "C" const char dew_embed_model_##name##_begin[]; \
  extern "C" const char dew_embed_model_##name##_end[];
#include "models.inc"
#undef DEW_MODEL

namespace {

struct Embedded {
  std::string_view name;
  const char* begin;
  const char* end;
  std::once_flag once;
  std::unique_ptr<ServiceModel> model;
};

#define DEW_MODEL(name, ...) \
  Embedded{#name, dew_embed_model_##name##_begin, dew_embed_model_##name##_end, {}, {}},
Embedded g_embedded[] = {
#include "models.inc"
};
#undef DEW_MODEL

}  // namespace

const std::vector<ModelInfo>& embedded_models() {
#define DEW_MODEL(name, ...) ModelInfo{#name, __VA_ARGS__},
  static const std::vector<ModelInfo> kModels = {
#include "models.inc"
  };
#undef DEW_MODEL
  return kModels;
}

const ServiceModel* service_model(std::string_view name) {
  for (auto& embedded : g_embedded) {
    if (embedded.name != name) continue;
    std::call_once(embedded.once, [&] {
      auto parsed =
          json::parse({embedded.begin, static_cast<size_t>(embedded.end - embedded.begin)});
      auto built = parsed ? ServiceModel::build(std::string(name), *parsed)
                          : std::unexpected(parsed.error());
      if (built) {
        embedded.model = *std::move(built);
      } else {
        log::error("the embedded API model of {} is broken: {}", name, built.error().message);
      }
    });
    return embedded.model.get();
  }
  return nullptr;
}

}  // namespace dew::aws
