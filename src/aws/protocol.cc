#include "aws/protocol.h"

namespace dew::aws {

const Protocol& protocol(ProtocolKind kind) {
  switch (kind) {
    case ProtocolKind::kQuery:
      return query_protocol();
    case ProtocolKind::kRestJson:
      return rest_json_protocol();
    case ProtocolKind::kRestXml:
      return rest_xml_protocol();
    case ProtocolKind::kRpcCbor:
      return cbor_protocol();
    default:
      return json_protocol();
  }
}

int error_status(const ServiceModel& service, const ApiError& error) {
  // The modelled status of such a service is that of its query days.
  if (service.query_compatible) return error.status;
  const Shape* shape = service.error_shape(error.code);
  return shape && shape->error_status != 0 ? shape->error_status : error.status;
}

}  // namespace dew::aws
