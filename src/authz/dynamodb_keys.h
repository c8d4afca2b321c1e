// DynamoDB's condition keys: dynamodb:LeadingKeys, Attributes, Select, ReturnValues,
// ReturnConsumedCapacity, EnclosingOperation. Read from the request as it is, before the service
// has looked at it: what does not parse names no attribute here, and fails there.
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
#pragma once

#include <string_view>

#include "authz/rule.h"

namespace dew::authz {

bool dynamodb_keys(const Scope& scope, const Check& check, std::string_view key,
                   policy::Values& out);

}  // namespace dew::authz
