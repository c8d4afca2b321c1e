// TraceSummary: what GetTraceSummaries says of a trace.
// docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
#pragma once

#include "services/xray/trace.h"

namespace dew::xray {

json::Object summarize(const Trace& trace);

// ServiceId of the API.
json::Object service_json(const ServiceId& service);

}  // namespace dew::xray
