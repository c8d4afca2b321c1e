#include "serverless/compile_cors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dew::serverless {

namespace {

std::vector<std::string> texts(const Node* node) {
  std::vector<std::string> out;
  if (node) {
    for (const auto& item : node->items) out.push_back(item.text);
  }
  return out;
}

// `first`, then what `second` has besides.
std::vector<std::string> united(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& text) {
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  };
  for (const auto& text : first) add(text);
  for (const auto& text : second) add(text);
  return out;
}

// Several origins cannot stand in one header: the template answers the one that asked.
std::string origin_template(const std::vector<std::string>& origins) {
  std::vector<std::string> tests;
  for (const auto& origin : origins) {
    std::string pattern;
    bool starred = false;
    for (const char c : origin) {
      if (c == '.') {
        pattern += "[.]";
      } else if (c == '*' && !starred) {
        pattern += ".+";
        starred = true;
      } else {
        pattern += c;
      }
    }
    tests.push_back(fmt::format("$origin.matches(\"{}\")", pattern));
  }
  return fmt::format(
      "#set($origin = $input.params(\"Origin\"))\n#if($origin == \"\") #set($origin = "
      "$input.params(\"origin\")) #end\n"
      "#if({}) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end",
      fmt::join(tests, " || "));
}

}  // namespace

Preflight preflight_of(const std::string& method, const Node& cors) {
  Preflight out;
  out.origin = "*";
  out.methods = {"OPTIONS"};
  out.headers = {"Content-Type",         "X-Amz-Date",       "Authorization",  "X-Api-Key",
                 "X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"};
  if (cors.is_map()) {
    if (const Node* origins = cors.find("origins")) {
      out.origins = texts(origins);
      out.origin.clear();
    }
    if (const Node* origin = cors.find("origin")) out.origin = origin->text;
    if (const Node* methods = cors.find("methods")) out.methods = texts(methods);
    if (const Node* headers = cors.find("headers")) out.headers = texts(headers);
    if (const Node* credentials = cors.find("allowCredentials"))
      out.allow_credentials = credentials->boolean;
    if (const Node* max_age = cors.find("maxAge")) out.max_age = max_age->integer;
    if (const Node* cache_control = cors.find("cacheControl"))
      out.cache_control = cache_control->text;
  }
  out.methods = united(std::move(out.methods), {"OPTIONS", method});
  return out;
}

void add_preflight(Preflight& into, const Preflight& one) {
  into.headers = united(one.headers, into.headers);
  into.methods = united(one.methods, into.methods);
  into.origins = united(one.origins, into.origins);
  into.origin = one.origin;
  into.allow_credentials = into.allow_credentials || one.allow_credentials;
  if (one.max_age > 0) into.max_age = one.max_age;
  if (!one.cache_control.empty()) into.cache_control = one.cache_control;
}

// docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
json::Object preflight_method(const Preflight& cors) {
  std::vector<std::string> origins = cors.origins;
  std::string origin = cors.origin;
  if (origin.find(',') != std::string::npos) {
    origins.clear();
    for (size_t begin = 0; begin <= origin.size();) {
      const size_t end = std::min(origin.find(',', begin), origin.size());
      std::string one = origin.substr(begin, end - begin);
      one.erase(0, std::min(one.find_first_not_of(' '), one.size()));
      one.resize(one.find_last_not_of(' ') + 1);
      origins.push_back(std::move(one));
      begin = end + 1;
    }
  }
  if (!origins.empty()) origin = origins[0];
  std::string methods = fmt::format("{}", fmt::join(cors.methods, ","));
  if (const size_t any = methods.find("ANY"); any != std::string::npos)
    methods.replace(any, 3, "DELETE,GET,HEAD,PATCH,POST,PUT");
  std::vector<std::pair<std::string, std::string>> headers{
      {"Access-Control-Allow-Origin", origin},
      {"Access-Control-Allow-Headers", fmt::format("{}", fmt::join(cors.headers, ","))},
      {"Access-Control-Allow-Methods", methods}};
  if (cors.allow_credentials) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  if (cors.max_age > 0)
    headers.emplace_back("Access-Control-Max-Age", std::to_string(cors.max_age));
  if (!cors.cache_control.empty()) headers.emplace_back("Cache-Control", cors.cache_control);
  json::Object declared;
  json::Object values;
  for (const auto& [name, value] : headers) {
    declared["method.response.header." + name] = true;
    values["method.response.header." + name] = fmt::format("'{}'", value);
  }
  json::Object response{
      {"StatusCode", "200"},
      {"ResponseParameters", std::move(values)},
      {"ResponseTemplates",
       json::Object{
           {"application/json", origins.empty() ? std::string() : origin_template(origins)}}}};
  return {
      {"AuthorizationType", "NONE"},
      {"HttpMethod", "OPTIONS"},
      {"MethodResponses", json::Array{json::Object{{"StatusCode", "200"},
                                                   {"ResponseParameters", std::move(declared)},
                                                   {"ResponseModels", json::Object{}}}}},
      {"RequestParameters", json::Object{}},
      {"Integration",
       json::Object{{"Type", "MOCK"},
                    {"RequestTemplates", json::Object{{"application/json", "{statusCode:200}"}}},
                    {"ContentHandling", "CONVERT_TO_TEXT"},
                    {"IntegrationResponses", json::Array{std::move(response)}}}}};
}

}  // namespace dew::serverless
