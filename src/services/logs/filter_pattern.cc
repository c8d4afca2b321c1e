#include "services/logs/filter_pattern.h"

#include <algorithm>

namespace dew::logs {

aws::ApiResult<FilterPattern> FilterPattern::parse(std::string_view text) {
  const auto refuse = [](std::string what) {
    return aws::fail("InvalidParameterException", std::move(what));
  };
  FilterPattern out;
  size_t at = 0;
  while (true) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) return out;
    if (text[at] == '{')
      return refuse("Dewpoint does not support JSON filter patterns ({ … }) yet");
    if (text[at] == '[')
      return refuse("Dewpoint does not support space-delimited filter patterns ([ … ]) yet");
    if (text[at] == '%')
      return refuse("Dewpoint does not support regular expressions in filter patterns (%…%) yet");
    auto* list = &out.all_;
    if ((text[at] == '-' || text[at] == '?') && at + 1 < text.size())
      list = text[at++] == '-' ? &out.none_ : &out.any_;
    std::string term;
    if (at < text.size() && text[at] == '"') {
      ++at;
      bool closed = false;
      for (; at < text.size() && !closed; ++at) {
        if (text[at] == '\\' && at + 1 < text.size() &&
            (text[at + 1] == '"' || text[at + 1] == '\\')) {
          term += text[++at];
        } else if (text[at] == '"') {
          closed = true;
        } else {
          term += text[at];
        }
      }
      if (!closed) return refuse("Invalid filter pattern: a quote is not closed");
    } else {
      const size_t end = std::min(text.find_first_of(" \t\r\n\"", at), text.size());
      term = text.substr(at, end - at);
      at = end;
    }
    if (!term.empty()) list->push_back(std::move(term));
  }
}

bool FilterPattern::matches(std::string_view message) const {
  const auto occurs = [&](const std::string& term) {
    return message.find(term) != std::string_view::npos;
  };
  return std::all_of(all_.begin(), all_.end(), occurs) &&
         std::none_of(none_.begin(), none_.end(), occurs) &&
         (any_.empty() || std::any_of(any_.begin(), any_.end(), occurs));
}

}  // namespace dew::logs
