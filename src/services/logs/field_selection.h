// fieldSelectionCriteria: which events a filter is about, by where they come from.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html:
//
//   @aws.region = "us-east-1" AND NOT (@aws.account IN ["123456789012", "987654321098"])
//
// "Uses selection criteria syntax with operators like =, !=, AND, OR, IN, NOT IN." Words in any
// case; AND binds closer than OR. All events of a cloud have one account and one region, so the
// answer is known when the filter is made. Pure function. Limits: kMaxSelectionDepth; the length is
// the model's.
#pragma once

#include <string_view>

#include "aws/api_error.h"

namespace dew::logs {

inline constexpr int kMaxSelectionDepth = 16;

struct SystemFields {
  std::string_view account;  // @aws.account
  std::string_view region;   // @aws.region

  // nullptr: there is no such field.
  const std::string_view* find(std::string_view name) const {
    return name == "@aws.account" ? &account : name == "@aws.region" ? &region : nullptr;
  }
};

// Whether events with these fields are meant; an empty text means all. InvalidParameterException
// says where it goes wrong.
aws::ApiResult<bool> selects(std::string_view text, const SystemFields& fields);

}  // namespace dew::logs
