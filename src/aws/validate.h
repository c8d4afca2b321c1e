// An operation's input against its model: required members, lengths, ranges, patterns,
// enumerations, worded as AWS words them: "2 validation errors detected: Value '' at 'tableName'
// failed to satisfy constraint: Member must have length greater than or equal to 3; Value null at
// 'item' ...". At most kMaxValidationErrors are reported, as AWS does.
//
// What needs a service's knowledge (an AttributeValue's contents, a key schema) is the service's to
// check. Shapes without a constraint anywhere below are skipped. Pure functions; thread-safe.
#pragma once

#include "aws/api_error.h"
#include "aws/model.h"
#include "json/json.h"

namespace dew::aws {

inline constexpr size_t kMaxValidationErrors = 10;
inline constexpr size_t kMaxShownValue = 2048;  // bytes of an offending value that are shown

ApiResult<void> validate(const ServiceModel& service, const Operation& operation,
                         const json::Object& input);

// The code under which a service reports that its input breaks the model: ValidationException
// mostly.
std::string_view validation_code(const ServiceModel& service);

}  // namespace dew::aws
