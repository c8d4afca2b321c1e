// What a REST API was before an update that takes a definition, and the way back to it.
//
// PutRestApi changes an API as a whole, and what it merged cannot be told apart afterwards: the
// old definition, put again, would leave behind what the new one added. So the API is written down
// (its settings, resources with their methods, models, validators, authorizers and gateway
// responses) before the first call of a stack operation that changes it:
//
//   cfn api-before API-ID    what it was, and of which operation that is
//
// Thread-safe as the store and the services are; one API has one stack operation at a time.
#pragma once

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// Once for an operation on the stack: what is there already is kept, so that an update which a
// crash interrupted goes back to before its first call.
ApiResult<void> note_api(const Session& session, const std::string& api_id);
// Makes the API what note_api() wrote down in this operation, by the calls that it takes; may be
// repeated. Resources that were deleted meanwhile come back under other ids. Without a note of
// this operation nothing was changed, and nothing is.
ApiResult<void> restore_api(const Session& session, const std::string& api_id);
ApiResult<void> forget_api(const Session& session, const std::string& api_id);

}  // namespace dew::cloudformation
