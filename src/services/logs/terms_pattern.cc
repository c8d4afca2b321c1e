#include "services/logs/terms_pattern.h"

#include <algorithm>

#include "services/logs/pattern_reader.h"

namespace dew::logs {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

aws::ApiResult<std::string> read_term(PatternReader& in) {
  if (in.peek() == '"') return in.quoted();
  const auto term =
      in.run([](char c) { return c != '"' && kSpace.find(c) == std::string_view::npos; });
  std::string bad;
  std::ranges::copy_if(term, std::back_inserter(bad), [](char c) { return !is_word_char(c); });
  if (!bad.empty()) return aws::fail(invalid_characters(bad));
  return std::string(term);
}

}  // namespace

aws::ApiResult<TermsPattern> TermsPattern::parse(std::string_view text) {
  TermsPattern out;
  PatternReader in(text);
  for (in.skip_space(); !in.done(); in.skip_space()) {
    auto* list = &out.all_;
    const char sign = in.peek();
    if (sign == '-' || sign == '?') {
      in.take();
      list = sign == '-' ? &out.none_ : &out.any_;
      if (in.done() || kSpace.find(in.peek()) != std::string_view::npos)
        return aws::fail(invalid_characters(std::string_view(&sign, 1)));
    }
    TRY(auto term, read_term(in));
    // A phrase of spaces matches everything: the page's own example for that is " ".
    if (term.find_first_not_of(kSpace) != std::string::npos) list->push_back(std::move(term));
  }
  if (!out.all_.empty() || !out.none_.empty()) out.any_.clear();
  return out;
}

bool TermsPattern::matches(std::string_view message) const {
  const auto occurs = [&](const std::string& term) {
    return message.find(term) != std::string_view::npos;
  };
  return std::ranges::all_of(all_, occurs) && std::ranges::none_of(none_, occurs) &&
         (any_.empty() || std::ranges::any_of(any_, occurs));
}

}  // namespace dew::logs
