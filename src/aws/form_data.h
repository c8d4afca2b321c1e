// multipart/form-data, read piece by piece as it arrives: what a browser's form sends.
// RFC 7578; the framing is RFC 2046, section 5.1.1.
//
// A part's data is handed out as it comes and never kept; what is kept is bounded by
// kPartHeadBytes. What stands before the first part and after the last one is dropped. Used by one
// thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::aws {

inline constexpr size_t kPartHeadBytes = 8192;

struct FormPart {
  std::string name;
  std::optional<std::string> filename;  // as sent: a browser may have sent a whole path
};

class FormReader {
 public:
  // Takes the parts. The first error ends the reading.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual ApiResult<void> begin(FormPart part) = 0;
    virtual ApiResult<void> data(std::string_view bytes) = 0;
    virtual ApiResult<void> end() = 0;
  };

  // `content_type`: the header, which names the boundary. MalformedPOSTRequest without a good one.
  static ApiResult<FormReader> open(std::string_view content_type);

  ApiResult<void> feed(std::string_view bytes, Sink& sink);
  ApiResult<void> finish() const;  // whether the closing boundary has come

 private:
  enum class State { kPreamble, kData, kAfterBoundary, kHead, kEpilogue };

  explicit FormReader(std::string_view boundary);
  ApiResult<bool> step(size_t& at, Sink& sink);
  ApiResult<bool> step_data(size_t& at, Sink& sink);
  ApiResult<bool> step_boundary(size_t& at);
  ApiResult<bool> step_head(size_t& at, Sink& sink);

  std::string delimiter_;  // CRLF, two dashes and the boundary
  std::string pending_;    // what has come and was not handed out
  size_t searched_ = 0;    // of a head in `pending_`
  State state_ = State::kPreamble;
};

// Whether a Content-Type is that of a form with files.
bool is_form_data(std::string_view content_type);
// The form of such a part's Content-Disposition; nullopt where it is none.
std::optional<FormPart> parse_form_disposition(std::string_view header);

}  // namespace dew::aws
