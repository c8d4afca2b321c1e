// ImportRestApi and PutRestApi: an API from its definition, all of it or nothing. What the
// definition says goes through the operations that clients use, over a staged store.
// docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html, API_PutRestApi.html,
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-errors-warnings.html
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "services/apigateway/api_definition.h"
#include "services/apigateway/definition_text.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/staged_store.h"

namespace dew::apigateway {

namespace {

enum class Mode { kMerge, kOverwrite };

// Why a definition cannot be imported, in one message.
constexpr size_t kMaxToldErrors = 25;
std::string told(std::string_view heading, const std::vector<std::string>& findings) {
  std::string out{heading};
  for (size_t i = 0; i < findings.size() && i < kMaxToldErrors; ++i) out += "\n\t" + findings[i];
  if (findings.size() > kMaxToldErrors)
    out += fmt::format("\n\t… and {} more", findings.size() - kMaxToldErrors);
  return out;
}

class Import {
 public:
  Import(const Control& control, std::string api_id)
      : staged_(control.context.store),
        stage_{control.context, Repository(staged_), {}, [](const std::string&) {}, control.usage},
        api_id_(std::move(api_id)) {}

  Control& stage() { return stage_; }
  store::Batch changes() const { return staged_.changes(); }

  aws::ApiResult<void> apply(const ApiDefinition& definition, Mode mode) {
    CHECK_OK(clear(definition, mode));
    CHECK_OK(put_models(definition));
    for (const auto& validator : definition.validators)
      CHECK_OK(put_named(kRequestValidator, create_request_validator, validator, "validator"));
    for (const auto& authorizer : definition.authorizers)
      CHECK_OK(put_named(kAuthorizer, create_authorizer, authorizer, "authorizer"));
    for (const auto& response : definition.gateway_responses)
      note("gateway response", json::string_or(response, "responseType"),
           run(put_gateway_response, response));
    CHECK_OK(put_paths(definition));
    for (const auto& method : definition.methods) CHECK_OK(put(method));
    if (errors_.empty()) return {};
    auto message = told("Errors found during import:", errors_);
    if (!definition.warnings.empty())
      message += "\n" + told("Additionally, these warnings were found:", definition.warnings);
    return aws::fail(bad_request(std::move(message)));
  }

 private:
  using Operation = Answer (*)(Control&, aws::Call&);

  Answer run(Operation operation, json::Object input) {
    aws::Call call;
    call.service = "apigateway";
    call.input = std::move(input);
    call.input["restApiId"] = api_id_;
    return operation(stage_, call);
  }

  void note(std::string_view what, std::string_view name, const Answer& answer) {
    if (!answer)
      errors_.push_back(
          fmt::format("Unable to put {} '{}': {}", what, name, answer.error().message));
  }

  // By name, as the definition has them: what is replaced keeps its id.
  aws::ApiResult<std::string> id_of(std::string_view kind, std::string_view name) const {
    TRY(const auto all, stage_.repository.list(api_id_, kind));
    for (const auto& one : all) {
      if (json::string_or(one, "name") == name) return json::string_or(one, "id");
    }
    return std::string();
  }

  aws::ApiResult<void> put_named(std::string_view kind, Operation create, const json::Object& input,
                                 std::string_view what) {
    const auto name = json::string_or(input, "name");
    TRY(const auto id, id_of(kind, name));
    store::Batch batch;
    if (!id.empty()) Repository::erase(batch, api_id_, kind, id);
    CHECK_OK(stage_.repository.commit(batch));
    auto made = run(create, input);
    note(what, name, made);
    if (!made || id.empty()) return {};
    auto document = made->as_object();
    store::Batch renamed;
    Repository::erase(renamed, api_id_, kind, json::string_or(document, "id"));
    document["id"] = id;
    Repository::put(renamed, api_id_, kind, id, document);
    return stage_.repository.commit(renamed);
  }

  // All of them first: they refer to each other.
  aws::ApiResult<void> put_models(const ApiDefinition& definition) {
    store::Batch batch;
    for (auto model : definition.models) {
      const auto name = json::string_or(model, "name");
      TRY(const auto old, stage_.repository.get(api_id_, kModel, name));
      model["id"] = old ? json::string_or(*old, "id") : random_alnum(6);
      Repository::put(batch, api_id_, kModel, name, model);
    }
    CHECK_OK(stage_.repository.commit(batch));
    TRY(const auto all, models_of(stage_, api_id_));
    for (const auto& model : definition.models) {
      if (auto good = check_model(model, all); !good)
        errors_.push_back(fmt::format("Unable to create model '{}': {}",
                                      json::string_or(model, "name"), good.error().message));
    }
    return {};
  }

  // What the definition takes the place of.
  aws::ApiResult<void> clear(const ApiDefinition& definition, Mode mode) {
    store::Batch batch;
    TRY(auto resources, stage_.repository.list(api_id_, kResource));
    for (auto& resource : resources) {
      const auto id = json::string_or(resource, "id");
      const auto path = json::string_or(resource, "path");
      if (mode == Mode::kOverwrite) {
        if (!is_on_the_way(definition, path)) {
          Repository::erase(batch, api_id_, kResource, id);
        } else if (resource.erase("resourceMethods") > 0) {
          Repository::put(batch, api_id_, kResource, id, resource);
        }
        continue;
      }
      auto* methods = resource.if_contains("resourceMethods");
      if (!methods) continue;
      size_t gone = 0;
      for (const auto& method : definition.methods) {
        if (method.path == path) gone += methods->as_object().erase(method.verb);
      }
      if (gone > 0) Repository::put(batch, api_id_, kResource, id, resource);
    }
    if (mode == Mode::kOverwrite) {
      CHECK_OK(clear_unnamed(batch, kModel, definition.models, "name"));
      CHECK_OK(clear_unnamed(batch, kAuthorizer, definition.authorizers, "name"));
      CHECK_OK(clear_unnamed(batch, kRequestValidator, definition.validators, "name"));
      CHECK_OK(
          clear_unnamed(batch, kGatewayResponse, definition.gateway_responses, "responseType"));
    }
    return stage_.repository.commit(batch);
  }

  aws::ApiResult<void> clear_unnamed(store::Batch& batch, std::string_view kind,
                                     const std::vector<json::Object>& named,
                                     std::string_view member) const {
    TRY(const auto all, stage_.repository.list(api_id_, kind));
    for (const auto& one : all) {
      const auto name = json::string_or(one, member);
      if (std::ranges::any_of(
              named, [&](const auto& wanted) { return json::string_or(wanted, member) == name; }))
        continue;
      const bool by_name = kind == kModel || kind == kGatewayResponse;
      Repository::erase(batch, api_id_, kind, by_name ? name : json::string_or(one, "id"));
    }
    return {};
  }

  static bool is_on_the_way(const ApiDefinition& definition, const std::string& path) {
    return path == "/" || std::ranges::any_of(definition.paths, [&](const auto& wanted) {
             return wanted == path || wanted.starts_with(path + "/");
           });
  }

  aws::ApiResult<void> put_paths(const ApiDefinition& definition) {
    TRY(const auto resources, stage_.repository.list(api_id_, kResource));
    for (const auto& resource : resources)
      ids_[json::string_or(resource, "path")] = json::string_or(resource, "id");
    for (const auto& path : definition.paths) {
      std::string parent = "/";
      for (size_t begin = 1; begin < path.size();) {
        const size_t end = std::min(path.find('/', begin), path.size());
        const auto whole = path.substr(0, end);
        if (!ids_.contains(whole)) {
          auto made = run(create_resource, {{"parentId", ids_[parent]},
                                            {"pathPart", path.substr(begin, end - begin)}});
          note("resource", whole, made);
          if (!made && made.error().code == "LimitExceededException") return {};
          if (!made) break;
          ids_[whole] = json::string_or(made->as_object(), "id");
        }
        parent = whole;
        begin = end + 1;
      }
    }
    return {};
  }

  // "Unable to put WHAT on 'GET' for resource at path '/users': why"
  bool put_part(const DefinedMethod& defined, std::string_view what, Operation operation,
                json::Object input) {
    input["resourceId"] = ids_[defined.path];
    input["httpMethod"] = defined.verb;
    const auto answer = run(operation, std::move(input));
    if (!answer) {
      errors_.push_back(fmt::format("Unable to put {} on '{}' for resource at path '{}': {}", what,
                                    defined.verb, defined.path, answer.error().message));
    }
    return answer.has_value();
  }

  aws::ApiResult<void> put(const DefinedMethod& defined) {
    if (!ids_.contains(defined.path)) return {};  // told already
    auto method = defined.method;
    if (!defined.authorizer.empty()) {
      TRY(const auto id, id_of(kAuthorizer, defined.authorizer));
      if (!id.empty()) method["authorizerId"] = id;
    }
    if (!defined.validator.empty()) {
      TRY(const auto id, id_of(kRequestValidator, defined.validator));
      if (id.empty()) {
        errors_.push_back(fmt::format(
            "Unable to put method on '{}' for resource at path '{}': the request validator '{}' is "
            "not defined",
            defined.verb, defined.path, defined.validator));
        return {};
      }
      method["requestValidatorId"] = id;
    }
    if (!put_part(defined, "method", put_method, std::move(method))) return {};
    for (const auto& response : defined.responses)
      put_part(defined, "method response", put_method_response, response);
    if (!defined.integration ||
        !put_part(defined, "integration", put_integration, *defined.integration))
      return {};
    for (const auto& response : defined.integration_responses)
      put_part(defined, "integration response", put_integration_response, response);
    return {};
  }

  StagedStore staged_;
  Control stage_;
  std::string api_id_;
  std::map<std::string, std::string> ids_;  // of resources, by path
  std::vector<std::string> errors_;
};

struct Options {
  DefinitionOptions definition;
  std::string endpoint_type;
};

aws::ApiResult<Options> read_options(const aws::Call& call) {
  Options out;
  const auto* parameters = json::object_at(call.input, "parameters");
  if (!parameters) return out;
  for (const auto& [name, value] : *parameters) {
    const auto text = value.is_string() ? json::str(value) : std::string();
    if (name == "ignore" && text == "documentation") {
      out.definition.ignore_documentation = true;
    } else if (name == "endpointConfigurationTypes") {
      out.endpoint_type = text;
    } else if (name == "basepath" && text == "ignore") {
      out.definition.base_path = BasePath::kIgnore;
    } else if (name == "basepath" && text == "prepend") {
      out.definition.base_path = BasePath::kPrepend;
    } else if (name == "basepath" && text == "split") {
      out.definition.base_path = BasePath::kSplit;
    } else {
      return aws::fail(
          unsupported(fmt::format("the parameter {}={}", std::string_view(name), text)));
    }
  }
  return out;
}

aws::ApiResult<ApiDefinition> read(const aws::Call& call, const std::string& api_id,
                                   Options& options) {
  auto document = parse_definition(text(call, "body"));
  if (!document) {
    return aws::fail(
        bad_request(fmt::format("Invalid OpenAPI input: {}", document.error().message)));
  }
  options.definition.api_id = api_id;
  TRY(auto definition, read_definition(*document, options.definition));
  if (!options.endpoint_type.empty())
    definition.api["endpointConfiguration"] =
        json::Object{{"types", json::Array{json::Value(options.endpoint_type)}}};
  if (!definition.warnings.empty() && json::bool_at(call.input, "failOnWarnings").value_or(false))
    return aws::fail(bad_request(told("Warnings found during import:", definition.warnings)));
  return definition;
}

Answer finished(Control& control, const std::string& api_id, const Import& import,
                const ApiDefinition& definition) {
  CHECK_OK(control.repository.commit(import.changes()));
  control.publish(api_id);
  aws::Call get;
  get.input["restApiId"] = api_id;
  TRY(auto api, get_rest_api(control, get));
  if (!definition.warnings.empty())
    api.as_object()["warnings"] =
        json::Array(definition.warnings.begin(), definition.warnings.end());
  return api;
}

}  // namespace

Answer import_rest_api(Control& control, aws::Call& call) {
  TRY(auto options, read_options(call));
  const std::scoped_lock lock(control.write);
  const auto api_id = new_api_id();
  TRY(const auto definition, read(call, api_id, options));
  Import import(control, api_id);
  aws::Call create;
  create.input = definition.api;
  CHECK_OK(create_rest_api_as(import.stage(), create, api_id));
  CHECK_OK(import.apply(definition, Mode::kMerge));
  return finished(control, api_id, import, definition);
}

Answer put_rest_api(Control& control, aws::Call& call) {
  const auto mode_name = json::string_or(call.input, "mode", "merge");
  if (mode_name != "merge" && mode_name != "overwrite")
    return aws::fail(bad_request("Invalid mode specified. Valid options are merge, overwrite"));
  const auto mode = mode_name == "merge" ? Mode::kMerge : Mode::kOverwrite;
  TRY(auto options, read_options(call));
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  const auto api_id = text(call, "restApiId");
  TRY(const auto definition, read(call, api_id, options));
  Import import(control, api_id);
  CHECK_OK(set_api(import.stage(), api_id, definition.api, mode == Mode::kOverwrite));
  CHECK_OK(import.apply(definition, mode));
  return finished(control, api_id, import, definition);
}

}  // namespace dew::apigateway
