// Layers: archives that functions find below /opt, and the versions of each.
// docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
//
// A version never changes but for its policy, and its number is never given out again. A function
// keeps what it needs of a layer version (LayerUse in function.h), so that deleting the version
// leaves the function working, as on AWS. Records are in the store, one document per layer, and in
// memory; the memory's hold their code in the code store.
//
// Thread-safe; changes are serialized and commit to the store.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "services/context.h"
#include "services/lambda/code_store.h"
#include "services/lambda/function.h"

namespace dew::lambda {

// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
inline constexpr size_t kMaxLayersPerFunction = 5;

struct LayerVersion {
  uint64_t number = 0;
  std::string description;
  std::string license;
  std::string created;  // 2026-01-31T12:34:56.789+0000
  std::vector<std::string> runtimes;
  std::vector<std::string> architectures;
  std::string code_id;
  std::string code_sha256;
  int64_t code_size = 0;
  Policy policy;
  CodePtr code;  // keeps its files; not stored
};

struct LayerRecord {
  std::string name;
  uint64_t next_version = 1;
  std::map<uint64_t, LayerVersion> versions;
};
using LayerPtr = std::shared_ptr<const LayerRecord>;

// arn:aws:lambda:REGION:ACCOUNT:layer:NAME[:VERSION], in its parts (views into what was parsed).
struct LayerArn {
  std::string_view region;
  std::string_view account;
  std::string_view name;
  std::optional<uint64_t> version;
};
std::optional<LayerArn> parse_layer_arn(std::string_view text);
std::string layer_arn(const std::string& region, const std::string& account, std::string_view name,
                      std::optional<uint64_t> version = std::nullopt);

std::string to_json(const LayerRecord& record);
Result<LayerRecord> layer_from_json(std::string_view text);

class Layers {
 public:
  Layers(const services::Context& context, CodeStore& code) : context_(context), code_(code) {}

  Result<void> load();

  LayerPtr find(std::string_view name) const;
  std::vector<LayerPtr> all() const;  // by name; some have no version left
  // Makes the layer when there is none of that name. `edit` may refuse.
  using Edit = std::function<aws::ApiResult<void>(LayerRecord&)>;
  aws::ApiResult<void> change(std::string_view name, const Edit& edit);

 private:
  using Map = std::map<std::string, LayerPtr, std::less<>>;

  const services::Context& context_;
  CodeStore& code_;
  std::mutex changes_;
  Guarded<Map> layers_;
};

}  // namespace dew::lambda
