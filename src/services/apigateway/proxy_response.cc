#include "services/apigateway/proxy_response.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace dew::apigateway {

namespace {

namespace dom = simdjson::dom;

constexpr size_t kKeepParserBytes = 256 * 1024;  // a parser that grew beyond is not kept
constexpr size_t kMaxResponseHeaders = 500;

template <class... Args>
std::unexpected<Error> malformed(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalid, fmt::format(format, std::forward<Args>(args)...));
}

bool is_token_char(unsigned char c) {
  static constexpr auto kTable = [] {
    std::array<bool, 256> table{};
    for (int i = '0'; i <= '9'; ++i) table[i] = true;
    for (int i = 'a'; i <= 'z'; ++i) table[i] = true;
    for (int i = 'A'; i <= 'Z'; ++i) table[i] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
      table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  return kTable[c];
}

bool valid_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_token_char(static_cast<unsigned char>(c));
  });
}
bool valid_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

bool is_dropped(std::string_view name) {
  return http::iequals(name, "transfer-encoding") || http::iequals(name, "keep-alive") ||
         http::iequals(name, "te") || http::iequals(name, "trailer") ||
         http::iequals(name, "upgrade");
}
bool is_remapped(std::string_view name) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"connection", "content-length", "date", "server",
                                       "www-authenticate", "authorization", "x-amzn-requestid"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view other) { return http::iequals(name, other); });
}

class Reader {
 public:
  Result<ProxyResponse> read(dom::element document) {
    dom::object object;
    if (document.get(object) != simdjson::SUCCESS) return malformed("it is not a JSON object");
    for (const auto field : object) CHECK_OK(member(field.key, field.value));
    merge();
    return std::move(out_);
  }

 private:
  struct Named {
    std::string name;
    std::string value;
  };

  Result<void> member(std::string_view key, dom::element value) {
    if (key == "statusCode") return value.is_null() ? Result<void>() : status(value);
    if (key == "headers") return value.is_null() ? Result<void>() : headers(value);
    if (key == "multiValueHeaders")
      return value.is_null() ? Result<void>() : multi_value_headers(value);
    if (key == "body") return value.is_null() ? Result<void>() : body(value);
    if (key == "isBase64Encoded") return value.is_null() ? Result<void>() : base64(value);
    return malformed("it has the unknown member \"{}\"", key.substr(0, 64));
  }

  Result<void> body(dom::element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return malformed("its body is not a string");
    out_.body.assign(text);
    return {};
  }

  Result<void> base64(dom::element value) {
    if (std::string_view text;
        value.get(text) == simdjson::SUCCESS && (text == "true" || text == "false")) {
      out_.base64 = text == "true";  // in quotes it passes on AWS
      return {};
    }
    if (value.get(out_.base64) != simdjson::SUCCESS)
      return malformed("its isBase64Encoded is not a boolean");
    return {};
  }

  Result<void> status(dom::element value) {
    int64_t number = 0;
    double real = 0;
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) {  // "200" passes on AWS
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) {
        return malformed("its statusCode is not a whole number");
      }
    } else if (value.get(number) != simdjson::SUCCESS) {
      if (value.get(real) != simdjson::SUCCESS || !(real >= 0 && real < 1e6) ||
          real != std::floor(real)) {
        return malformed("its statusCode is not a whole number");
      }
      number = static_cast<int64_t>(real);
    }
    if (number < 200 || number > 599)
      return malformed("its statusCode {} is not between 200 and 599", number);
    out_.status = static_cast<int>(number);
    return {};
  }

  // A string, or a number or boolean as JSON writes it.
  Result<std::string> scalar(dom::element value, std::string_view name) {
    switch (value.type()) {
      case dom::element_type::STRING: {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS || !valid_value(text)) {
          return malformed("the value of its header \"{}\" has control characters",
                           name.substr(0, 64));
        }
        return std::string(text);
      }
      case dom::element_type::BOOL:
      case dom::element_type::INT64:
      case dom::element_type::UINT64:
      case dom::element_type::DOUBLE:
        return simdjson::minify(value);
      default:
        return malformed("the value of its header \"{}\" is not a string", name.substr(0, 64));
    }
  }

  Result<void> add(std::vector<Named>& to, std::string_view name, dom::element value) {
    if (!valid_name(name)) return malformed("it has a header whose name is not valid");
    if (to.size() >= kMaxResponseHeaders)
      return malformed("it has more than {} headers", kMaxResponseHeaders);
    TRY(auto text, scalar(value, name));
    to.push_back({std::string(name), std::move(text)});
    return {};
  }

  Result<void> headers(dom::element value) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return malformed("its headers are not an object");
    for (const auto field : object) {
      if (!field.value.is_null()) CHECK_OK(add(single_, field.key, field.value));
    }
    return {};
  }

  Result<void> multi_value_headers(dom::element value) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
      return malformed("its multiValueHeaders are not an object");
    for (const auto field : object) {
      if (field.value.is_null()) continue;
      dom::array array;
      if (field.value.get(array) != simdjson::SUCCESS) {
        return malformed("the value of its multiValueHeader \"{}\" is not an array",
                         field.key.substr(0, 64));
      }
      for (const auto element : array) CHECK_OK(add(multiple_, field.key, element));
    }
    return {};
  }

  // A name in both: only the values of multiValueHeaders count.
  void merge() {
    const auto in_multiple = [&](const Named& header) {
      return std::any_of(multiple_.begin(), multiple_.end(), [&](const Named& other) {
        return http::iequals(other.name, header.name);
      });
    };
    out_.headers.reserve(single_.size() + multiple_.size() + 4);
    for (const auto& header : single_) {
      if (multiple_.empty() || !in_multiple(header)) emit(header);
    }
    for (const auto& header : multiple_) emit(header);
  }

  void emit(const Named& header) {
    if (is_dropped(header.name)) return;
    if (is_remapped(header.name)) {
      out_.headers.add("x-amzn-Remapped-" + header.name, header.value);
    } else {
      out_.headers.add(header.name, header.value);
    }
  }

  ProxyResponse out_;
  std::vector<Named> single_;
  std::vector<Named> multiple_;
};

Result<ProxyResponse> parse_with(dom::parser& parser, const std::string& payload) {
  dom::element document;
  // The string has room for the padding that the parser reads.
  if (parser.parse(payload.data(), payload.size(), false).get(document) != simdjson::SUCCESS) {
    return malformed("it is not valid JSON");
  }
  return Reader().read(document);
}

}  // namespace

Result<ProxyResponse> parse_proxy_response(std::string& payload) {
  if (payload.empty()) return malformed("it is empty");
  payload.reserve(payload.size() + simdjson::SIMDJSON_PADDING);
  if (payload.size() > kKeepParserBytes) {
    dom::parser parser;
    return parse_with(parser, payload);
  }
  thread_local dom::parser parser;
  return parse_with(parser, payload);
}

}  // namespace dew::apigateway
