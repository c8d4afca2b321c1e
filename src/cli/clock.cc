// dew clock: what time it is in the cloud, and moving it forward.
#include <fmt/format.h>

#include "cli/cloud_calls.h"
#include "cli/duration.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

int run_clock(const ClockOptions& options) {
  json::Object move;
  if (!options.advance.empty()) {
    const auto seconds = parse_seconds(options.advance);
    if (!seconds || *seconds <= 0) {
      report(seconds
                 ? Error{ErrorKind::kInvalid, "the clock never goes backwards: give a time above 0"}
                 : seconds.error(),
             options.common.json);
      return kUsage;
    }
    move["advanceSeconds"] = *seconds;
  }
  ApiClient api = client_for(options.common);
  if (api.destination().is_aws()) {
    report(
        {ErrorKind::kInvalid, "AWS has no clock to show or to move: name a cloud with --endpoint"},
        options.common.json);
    return kUsage;
  }
  const auto state =
      move.empty() ? api.admin("GET", "/_dew/clock") : api.admin("POST", "/_dew/clock", &move);
  if (!state) return report(state.error().to_error(), options.common.json);
  if (options.common.json) {
    print_out(json::dump_pretty(*state));
    return kDone;
  }
  print_out(json::string_or(*state, "now"));
  if (json::bool_at(*state, "moved").value_or(false)) {
    print_out(fmt::format("moved: {:.0f} s ahead of the machine's clock, which says {}",
                          json::number_at(*state, "offsetSeconds").value_or(0),
                          json::string_or(*state, "machine")));
  }
  return kDone;
}

}  // namespace dew::cli
