// Dynamic labels: ${MAX}, ${LAST_TIME}, ${PROP('Dim.Name')} in a query's label.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
#pragma once

#include <string>

#include "aws/api_error.h"
#include "services/cloudwatch/queries.h"

namespace dew::cloudwatch {

struct LabelScope {
  std::string account;
  std::string region;
  int64_t offset_s = 0;  // of the time zone
};

// "+0130" in seconds.
aws::ApiResult<int64_t> parse_timezone(std::string_view text);
// What is not known stays as it is.
std::string expand_label(const std::string& label, const QueryResult& result,
                         const LabelScope& scope);

}  // namespace dew::cloudwatch
