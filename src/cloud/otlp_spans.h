// From X-Ray's segment documents to OpenTelemetry's spans, in OTLP's JSON encoding.
// opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
//
// A segment is a span of kind SERVER, a call (namespace aws or remote) of kind CLIENT, any other
// subsegment INTERNAL. Trace id 1-5759e988-bd86… becomes 5759e988bd86…; ids of segments stay.
// Segments in progress are left out: OTLP has finished spans only. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "json/json.h"
#include "services/xray/segment.h"

namespace dew::cloud {

// The body of a POST to /v1/traces; empty when there is no span in them.
std::string otlp_request(const std::vector<xray::Segment>& segments);

}  // namespace dew::cloud
