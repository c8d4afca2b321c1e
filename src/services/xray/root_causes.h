// RootCauses: where the fault or the error that a trace's client saw came from, and where the time
// went. docs.aws.amazon.com/xray/latest/api/API_FaultRootCause.html, API_ErrorRootCause.html,
// API_ResponseTimeRootCause.html
//
// A cause is a way from the root segment down; its services are the segments on the way, their
// entities the way within each. Of a failure: through segments and subsegments that all failed, to
// one below which nothing failed. A failure that somebody above it dealt with is no cause: the root
// did not fail. Of a response time: "X-Ray determines which path in your trace is the most likely
// cause" (docs.aws.amazon.com/xray/latest/devguide/xray-console-analytics.html), without saying
// how. Here: always to what took longest of the time of what is above it, as long as that is half
// of it. An entity's coverage is its share of the root segment's time.
//
// Pure functions. Limits: kMaxRootCauses a list.
#pragma once

#include "services/xray/trace.h"

namespace dew::xray {

inline constexpr size_t kMaxRootCauses = 20;

enum class Failure { kFault, kError };

// FaultRootCauses or ErrorRootCauses, in the order of the entities that they end in.
json::Array root_causes(const Trace& trace, Failure failure);
// ResponseTimeRootCauses: one, or none of a trace whose root segment is not there or not over.
json::Array response_time_root_causes(const Trace& trace);

}  // namespace dew::xray
