// Where the control plane keeps its documents: one JSON object per REST API, resource (with its
// methods and integrations), deployment, snapshot, stage, gateway response, authorizer, model and
// validator; and one for each API key, usage plan, key of a plan, and day of its use.
//
// A document has the members of the API model's shape, so that most answers are the document
// itself. Keys: ("apigateway", "account"), ("apigateway", "apis", api), ("apigateway", kind, id)
// for what belongs to the account, and ("apigateway", "api", api, kind, id), so that one range
// holds everything of an API. Thread-safe as the store is; whoever reads, changes and writes holds
// Control::write.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "store/store.h"

namespace dew::apigateway {

// The kinds of documents that belong to an API.
inline constexpr std::string_view kResource = "resource";
inline constexpr std::string_view kDeployment = "deployment";
inline constexpr std::string_view kSnapshot = "snapshot";  // what a deployment froze
inline constexpr std::string_view kStage = "stage";
inline constexpr std::string_view kGatewayResponse = "gatewayresponse";
inline constexpr std::string_view kAuthorizer = "authorizer";
inline constexpr std::string_view kModel = "model";  // by name
inline constexpr std::string_view kRequestValidator = "requestvalidator";
// Those that belong to the account.
inline constexpr std::string_view kApiKey = "apikeys";
inline constexpr std::string_view kUsagePlan = "usageplans";
inline constexpr std::string_view kUsagePlanKey = "usageplankeys";  // PLAN/KEY
inline constexpr std::string_view kUsage = "usage";                 // PLAN/KEY/day

class Repository {
 public:
  using Document = json::Object;
  using Documents = std::vector<Document>;

  explicit Repository(store::Store& store) : store_(store) {}

  aws::ApiResult<std::optional<Document>> api(std::string_view api_id) const;
  aws::ApiResult<Documents> apis() const;  // in order of id
  aws::ApiResult<std::optional<Document>> get(std::string_view api_id, std::string_view kind,
                                              std::string_view id) const;
  aws::ApiResult<Documents> list(std::string_view api_id, std::string_view kind) const;
  aws::ApiResult<std::optional<Document>> get_global(std::string_view kind,
                                                     std::string_view id) const;
  aws::ApiResult<Documents> list_global(std::string_view kind) const;
  aws::ApiResult<Document> account() const;  // empty if never set

  static void put_api(store::Batch& batch, std::string_view api_id, const Document& document);
  static void erase_api(store::Batch& batch,
                        std::string_view api_id);  // and all that belongs to it
  static void put(store::Batch& batch, std::string_view api_id, std::string_view kind,
                  std::string_view id, const Document& document);
  static void erase(store::Batch& batch, std::string_view api_id, std::string_view kind,
                    std::string_view id);
  static void put_global(store::Batch& batch, std::string_view kind, std::string_view id,
                         const Document& document);
  static void erase_global(store::Batch& batch, std::string_view kind, std::string_view id);
  static void put_account(store::Batch& batch, const Document& document);

  aws::ApiResult<void> commit(const store::Batch& batch);

 private:
  aws::ApiResult<std::optional<Document>> read(std::string_view key) const;
  aws::ApiResult<Documents> scan(const std::string& prefix, const std::string& end) const;

  store::Store& store_;
};

}  // namespace dew::apigateway
