// RootCauses: where the fault or the error that a trace's client saw came from.
// docs.aws.amazon.com/xray/latest/api/API_FaultRootCause.html, API_ErrorRootCause.html
//
// A cause is a way from the root segment down through segments and subsegments that all failed, to
// one below which nothing failed; its services are the segments on the way, their entities the way
// within each. A failure that somebody above it dealt with is no cause: the root did not fail.
// Pure functions. Limits: kMaxRootCauses a list.
#pragma once

#include "services/xray/trace.h"

namespace dew::xray {

inline constexpr size_t kMaxRootCauses = 20;

enum class Failure { kFault, kError };

// FaultRootCauses or ErrorRootCauses, in the order of the entities that they end in.
json::Array root_causes(const Trace& trace, Failure failure);

}  // namespace dew::xray
