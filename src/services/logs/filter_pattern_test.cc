// The filter pattern language, rule by rule. The examples are those of
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html and
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html.
#include "services/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace dew::logs {
namespace {

constexpr bool kYes = true;
constexpr bool kNo = false;

struct Case {
  const char* rule;
  std::string pattern;
  std::string message;
  bool matches;
};

constexpr const char* kTrail =
    R"({"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111",)"
    R"("arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],)"
    R"("SomeObject":null,"ThisFlag":true,"OtherFlag":false,"cluster.name":"c"})";
constexpr const char* kUsers =
    R"({"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":)"
    R"("John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],"actions":["GET","PUT",)"
    R"("DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]})";
constexpr const char* k400 = "[ERROR 400] BAD REQUEST";
constexpr const char* k401 = "[ERROR 401] UNAUTHORIZED REQUEST";
constexpr const char* k419 = "[ERROR 419] MISSING ARGUMENTS";
constexpr const char* k420 = "[ERROR 420] INVALID ARGUMENTS";
constexpr const char* kApache =
    R"(127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";
constexpr const char* kGif =
    R"(127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534)";
constexpr const char* kInfo = "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200";
constexpr const char* kPart = "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310";
constexpr const char* kWarning = "WARNING 09/25/2014 12:00:02 Invalid user request";
constexpr const char* kError = "ERROR 09/25/2014 12:00:02 Failed to process request";

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      // Terms
      {"no pattern matches everything", "", "anything", kYes},
      {"white space alone matches everything", "  \t", "anything", kYes},
      {"\" \" matches everything", "\" \"", "anything", kYes},
      {"\"\" matches everything", "\"\"", "anything", kYes},
      {"a term occurs", "ERROR", k400, kYes},
      {"a term occurs", "ERROR", k420, kYes},
      {"a term does not occur", "ERROR", "[INFO 200] OK", kNo},
      {"a term is part of a word", "ERROR", "Exiting with ERRORCODE: -1", kYes},
      {"terms are case sensitive", "error", k400, kNo},
      {"all terms must occur", "ERROR ARGUMENTS", k419, kYes},
      {"all terms must occur", "ERROR ARGUMENTS", k420, kYes},
      {"all terms must occur", "ERROR ARGUMENTS", k400, kNo},
      {"all terms must occur", "ERROR ARGUMENTS", k401, kNo},
      {"the order of terms does not matter", "ARGUMENTS ERROR", k419, kYes},
      {"terms stand anywhere", "Failed to process the request",
       "[ERROR] Unable to continue: Failed to process the request", kYes},
      {"one of the ?terms occurs", "?ERROR ?ARGUMENTS", k400, kYes},
      {"one of the ?terms occurs", "?ERROR ?ARGUMENTS", "MISSING ARGUMENTS", kYes},
      {"none of the ?terms occurs", "?ERROR ?ARGUMENTS", "[INFO 200] OK", kNo},
      {"?terms are ignored beside others", "?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED",
       kYes},
      {"?terms are ignored beside others", "?ERROR ?ARGUMENTS REQUEST", "[ERROR] MISSING ARGUMENTS",
       kNo},
      {"?terms are ignored beside -terms", "?ERROR -WARN", "[INFO] fine", kYes},
      {"a ?phrase", "?\"BAD REQUEST\" ?WARN", k400, kYes},
      {"an exact phrase", "\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", kYes},
      {"an exact phrase", "\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR of a SERVER", kNo},
      {"other characters stand in quotes", "\"[ERROR]\"",
       "02 May 2014 00:34:16,142 [ERROR] Unhanded exception: InvalidQueryException", kYes},
      {"other characters stand in quotes", "\"[ERROR]\"",
       "02 May 2014 00:34:12,525 [INFO] Starting the application", kNo},
      {"a phrase and a term", "\"[ERROR]\" Exception",
       "02 May 2014 00:34:16,142 [ERROR] Unhanded exception: InvalidQueryException", kYes},
      {"a phrase and a term", "\"[ERROR]\" Exception",
       "02 May 2014 00:34:16,224 [ERROR] Terminating the application", kNo},
      {"an escaped quote", R"("say \"hi\"")", R"(they say "hi" here)", kYes},
      {"an escaped backslash", R"("a\\b")", R"(a\b)", kYes},
      {"a -term does not occur", "ERROR -ARGUMENTS", k400, kYes},
      {"a -term does not occur", "ERROR -ARGUMENTS", k401, kYes},
      {"a -term occurs", "ERROR -ARGUMENTS", k419, kNo},
      {"a -term occurs", "ERROR -ARGUMENTS", k420, kNo},
      {"a -term alone", "-ARGUMENTS", k400, kYes},
      {"a -phrase", "ERROR -\"BAD REQUEST\"", k400, kNo},
      // Regular expressions
      {"a regex occurs", "%AUTHORIZED%", k401, kYes},
      {"a regex occurs", "%AUTHORIZED%", "[SUCCESS 200] AUTHORIZED REQUEST", kYes},
      {"a regex does not occur", "%AUTHORIZED%", k400, kNo},
      {"^ is the beginning", "%^[hc]at%", "hat trick", kYes},
      {"^ is the beginning", "%^[hc]at%", "a hat", kNo},
      {"$ is the end", "%[hc]at$%", "the cat", kYes},
      {"$ is the end", "%[hc]at$%", "cats", kNo},
      {"? is once or not at all", "%colou?r%", "color", kYes},
      {"? is once or not at all", "%colou?r%", "colour", kYes},
      {"[] is a class", "%[abcx-z]%", "y", kYes},
      {"[] is a class", "%^[abcx-z]+$%", "d", kNo},
      {"{m,n} is a count", "%^a{3,5}$%", "aaaa", kYes},
      {"{m,n} is a count", "%^a{3,5}$%", "aa", kNo},
      {"{m,} has no maximum", "%^a{3,}$%", "aaaaaaaa", kYes},
      {"{,n} has no minimum", "%^a{,2}$%", "", kYes},
      {"{,n} has no minimum", "%^a{,2}$%", "aaa", kNo},
      {"| is or", "%gra|ey%", "gray", kYes},
      {"| is or", "%gra|ey%", "grey", kYes},
      {"| is or", "%^starting|^initializing|^shutting down%", "shutting down now", kYes},
      {"| is or", "%^starting|^initializing|^shutting down%", "skipping initializing ...", kNo},
      {"| is or", "%abcc|ab[^c]$%", "abcc ...", kYes},
      {"| is or", "%abcc|ab[^c]$%", "aac ...", kNo},
      {"\\ takes an operator literally", R"(%\[.\]%)", "[7]", kYes},
      {"\\ takes an operator literally", R"(%\[.\]%)", "7", kNo},
      {"\\ takes an operator literally", R"(%10\.10\.0\.1%)", "10.10.0.1", kYes},
      {"\\ takes an operator literally", R"(%10\.10\.0\.1%)", "10010,051", kNo},
      {". is any character", "%10.10.0.1%", "10010,051", kYes},
      {". is any character", "%.at%", " at", kYes},
      {"* is any count", "%ab*c%", "ac", kYes},
      {"* is any count", "%ab*c%", "abbbc", kYes},
      {"+ is once or more", "%ab+c%", "abbc", kYes},
      {"+ is once or more", "%ab+c%", "ac", kNo},
      {"\\d is a digit", R"(%\d%)", "a7", kYes},
      {"\\D is no digit", R"(%^\D+$%)", "a7", kNo},
      {"\\s is white space", R"(%a\sb%)", "a\tb", kYes},
      {"\\S is no white space", R"(%^\S+$%)", "a b", kNo},
      {"\\w is a word's character", R"(%^\w+$%)", "a_9", kYes},
      {"\\W is none", R"(%\W%)", "a_9", kNo},
      {"\\xhh is a character", R"(%\x28%)", "f(x)", kYes},
      {"\\xhh is a character", R"(%\x3A%)", "a:b", kYes},
      {"an escaped underscore", R"(%a\_b%)", "a_b", kYes},
      // JSON: strings
      {"a string is equal", R"({ $.eventType = "UpdateTrail" })", kTrail, kYes},
      {"a string is not equal", R"({ $.eventType = "Update" })", kTrail, kNo},
      {"a word needs no quotes", "{ $.eventType = UpdateTrail }", kTrail, kYes},
      {"no space is needed", "{$.eventType=UpdateTrail}", kTrail, kYes},
      {"a wildcard at the end", "{ $.sourceIPAddress != 123.123.* }", kTrail, kYes},
      {"a wildcard at the end", "{ $.sourceIPAddress = 111.111.* }", kTrail, kYes},
      {"a wildcard at the end", "{ $.sourceIPAddress != 111.111.* }", kTrail, kNo},
      {"a wildcard at the beginning", R"({ $.eventType = "*Trail" })", kTrail, kYes},
      {"a wildcard at both ends", "{ $.eventType = *dateTr* }", kTrail, kYes},
      {"a star within is itself", "{ $.n = Ev*ent }", R"({"n":"Event"})", kNo},
      {"a star within is itself", "{ $.n = Ev*ent }", R"({"n":"Ev*ent"})", kYes},
      {"* matches every value node", "{ $.eventType = * }", kTrail, kYes},
      {"* does not match null", "{ $.SomeObject = * }", kTrail, kNo},
      {"* does not match what is absent", "{ $.nothing = * }", kTrail, kNo},
      {"an element of an array", R"({ $.arrayKey[0] = "value" })", kTrail, kYes},
      {"an element of an array", R"({ $.arrayKey[1] = "value" })", kTrail, kNo},
      {"an element beyond the end", R"({ $.arrayKey[7] != "value" })", kTrail, kNo},
      {"a property of an element", "{ $.objectList[1].id = 2 }", kTrail, kYes},
      {"no element: not an array", "{ $.eventType[0] = U }", kTrail, kNo},
      {"an array is no value node", "{ $.arrayKey = value }", kTrail, kNo},
      {"an array is no value node, nor for !=", "{ $.arrayKey != value }", kTrail, kNo},
      {"an object is no value node", "{ $.objectList[0] != x }", kTrail, kNo},
      {"a field that is absent satisfies no comparison", "{ $.absent != x }", kTrail, kNo},
      {"a property with a period", "{ $.['cluster.name'] = \"c\" }", kTrail, kYes},
      {"a property with a period, double quotes", "{ $.[\"cluster.name\"] = c }", kTrail, kYes},
      {"a property with a period, no dot before", "{ $['cluster.name'] = c }", kTrail, kYes},
      {"a hyphen in a property", "{ $.detail-type = x }", R"({"detail-type":"x"})", kYes},
      {"a regex on a property", "{ $.eventType = %Trail% }", kTrail, kYes},
      {"a regex on a property", "{ $.eventType = %^Trail% }", kTrail, kNo},
      {"a regex on a property, !=", "{ $.eventType != %^Trail% }", kTrail, kYes},
      {"a wildcard for any element", "{ $.arrayKey[*] = %val.{2}% }", kTrail, kYes},
      {"a wildcard for any element", "{ $.arrayKey[*] = nonmatch }", kTrail, kNo},
      {"a wildcard for any element's property", "{ $.objectList[*].name = b }", kTrail, kYes},
      {"a wildcard for any field", R"({ $.* = %111\.111\.111\.1[0-9]{1,2}% })", kTrail, kYes},
      {"a wildcard for any field", "{ $.* = UpdateTrail }", kTrail, kYes},
      {"not JSON", "{ $.eventType = UpdateTrail }", "eventType=UpdateTrail", kNo},
      {"not JSON as a whole", "{ $.a = 1 }", R"(INFO {"a":1})", kNo},
      {"broken JSON", "{ $.a NOT EXISTS }", R"({"a":)", kNo},
      {"a line's end after the JSON", "{ $.a = 1 }", "{\"a\":1}\n", kYes},
      {"strings with escapes", R"({ $.a = "x\"y" })", R"({"a":"x\"y"})", kYes},
      // JSON: numbers
      {"greater", "{ $.bandwidth > 75 }", R"({"bandwidth":75.5})", kYes},
      {"greater", "{ $.bandwidth > 75 }", R"({"bandwidth":75})", kNo},
      {"less", "{ $.latency < 50 }", R"({"latency":49})", kYes},
      {"less", "{ $.latency < 50 }", R"({"latency":50})", kNo},
      {"greater or equal", "{ $.refreshRate >= 60 }", R"({"refreshRate":60})", kYes},
      {"less or equal", "{ $.responseTime <= 5 }", R"({"responseTime":5})", kYes},
      {"less or equal", "{ $.responseTime <= 5 }", R"({"responseTime":5.01})", kNo},
      {"equal", "{ $.errorCode = 400}", R"({"errorCode":400})", kYes},
      {"equal", "{ $.errorCode = 400}", R"({"errorCode":400.0})", kYes},
      {"not equal", "{ $.errorCode != 500 }", R"({"errorCode":400})", kYes},
      {"not equal", "{ $.errorCode != 500 }", R"({"errorCode":500})", kNo},
      {"scientific notation", "{ $.number[0] = 1e+3 }", R"({"number":[1000]})", kYes},
      {"scientific notation", "{ $.number[0] != 1e-3 }", R"({"number":[0.001]})", kNo},
      {"scientific notation", "{ $.numbers[0] < 10e3 }", R"({"numbers":[9999]})", kYes},
      {"a plus sign", "{ $.latency > +1000 }", R"({"latency":1001})", kYes},
      {"a minus sign", "{ $.latency > -1 }", R"({"latency":0})", kYes},
      {"a decimal", "{ $.processes[0].averageRuntime <= 55.5 }",
       R"({"processes":[{"averageRuntime":55.5}]})", kYes},
      {"a wildcard in a number", "{ $.statusCode = 4* }", R"({"statusCode":404})", kYes},
      {"a wildcard in a number", "{ $.statusCode = 4* }", R"({"statusCode":504})", kNo},
      {"a wildcard in a decimal", "{ $.took = 55.* }", R"({"took":55.25})", kYes},
      {"every number", "{ $.latency = * }", R"({"latency":12.5})", kYes},
      {"a quoted number is its text", "{ $.id = \"2\" }", R"({"id":2})", kYes},
      {"a string is no number", "{ $.latency > 5 }", R"({"latency":"10"})", kNo},
      {"an unquoted number is a string too", "{ $.code = 404 }", R"({"code":"404"})", kYes},
      {"large integers are exact", "{ $.id = 9007199254740993 }", R"({"id":9007199254740992})",
       kNo},
      // JSON: IS, NOT EXISTS
      {"IS NULL", "{ $.SomeObject IS NULL }", kTrail, kYes},
      {"IS NULL of a value", "{ $.eventType IS NULL }", kTrail, kNo},
      {"IS NULL of what is absent", "{ $.SomeOtherObject IS NULL }", kTrail, kNo},
      {"IS TRUE", "{ $.ThisFlag IS TRUE }", kTrail, kYes},
      {"IS TRUE of false", "{ $.OtherFlag IS TRUE }", kTrail, kNo},
      {"IS TRUE of a string", "{ $.f IS TRUE }", R"({"f":"true"})", kNo},
      {"IS FALSE", "{ $.OtherFlag IS FALSE }", kTrail, kYes},
      {"a boolean is no value node", "{ $.ThisFlag = true }", kTrail, kNo},
      {"NOT EXISTS", "{ $.SomeOtherObject NOT EXISTS }", kTrail, kYes},
      {"NOT EXISTS of null", "{ $.SomeObject NOT EXISTS }", kTrail, kNo},
      {"NOT EXISTS below what is absent", "{ $.a.b.c NOT EXISTS }", kTrail, kYes},
      // JSON: compounds
      {"&&", R"({ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") })", kUsers, kYes},
      {"&& before ||",
       R"({ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" })",
       kUsers, kYes},
      {"() before &&",
       R"({ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" })",
       kUsers, kNo},
      {"||", R"({ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" })",
       kUsers, kNo},
      {"||", R"({ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "DELETE" })",
       kUsers, kYes},
      {"arrays of arrays", "{ $.coordinates[1][2] = 6 }", kUsers, kYes},
      {"|| of strings", "{$.foo = bar || $.foo = baz }", R"({"foo":"baz"})", kYes},
      {"three wildcards", "{ $.users[*].id = 9 || $.actions[*] = PUT || $.* = 3 }", kUsers, kYes},
      // Space-delimited
      {"a regex, wildcards",
       R"([ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes])",
       kApache, kYes},
      {"a regex, wildcards",
       R"([ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes])",
       kGif, kNo},
      {"an ellipsis at the beginning", "[..., request =*.html*, status_code = 4*, bytes]", kApache,
       kYes},
      {"an ellipsis at the beginning", "[..., status_code=200, size]", kGif, kYes},
      {"an ellipsis at the beginning", "[..., status_code=200, size]", kApache, kNo},
      {"an ellipsis in the middle", "[ip, user, ..., status_code = 404, bytes]", kApache, kYes},
      {"an ellipsis at the end", "[ip, user = Prod, ...]", kApache, kYes},
      {"an ellipsis for nothing", "[a, ..., b]", "one two", kYes},
      {"fewer fields than the pattern's", "[a, ..., b]", "one", kNo},
      {"[] matches everything", "[]", kGif, kYes},
      {"an empty field has no name", "[..., request=*.html*, status_code=4*,]", kApache, kYes},
      {"brackets and quotes make one field", "[ip, user, name, time = 10*, request = GET*, ...]",
       kApache, kYes},
      {"||",
       "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, "
       "bytes]",
       kApache, kYes},
      {"&&",
       "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
       kApache, kYes},
      {"&&",
       "[ip, user, username, timestamp, request, status_code = 4* && status_code != 404, bytes]",
       kApache, kNo},
      {"a number", "[ip, user, username, timestamp, request, status_code, bytes > 1000]", kApache,
       kYes},
      {"a number", "[ip, user, username, timestamp, request, status_code, bytes > 2000]", kApache,
       kNo},
      {"a number as a string", "[ip, user, username, timestamp, request, status_code = 404, bytes]",
       kApache, kYes},
      {"no number is compared with one", "[level > 5, rest]", kInfo, kNo},
      {"terms in order", "[w1=ERROR, w2]", kError, kYes},
      {"terms in order", "[w1=ERROR, w2]", kWarning, kNo},
      {"the last field takes the rest", "[w1, w2 = \"*Failed to process*\"]", kError, kYes},
      {"the last field takes the rest", "[w1, date, time, w2 = \"Failed to process request\"]",
       kError, kYes},
      {"one field is the whole event", "[w1 = *user*]", kWarning, kYes},
      {"fewer fields than the pattern's", "[w1=ERROR, w2]", "ERROR", kNo},
      {"|| of terms", "[w1=ERROR || w1=WARNING, w2]", kWarning, kYes},
      {"|| of terms", "[w1=ERROR || w1=WARNING, w2]", kInfo, kNo},
      {"excluded terms", "[w1!=ERROR && w1!=WARNING, w2]", kInfo, kYes},
      {"excluded terms", "[w1!=ERROR && w1!=WARNING, w2]", kWarning, kNo},
      {"no space is needed", "[w1!=ERROR&&w1!=WARNING,w2]", kError, kNo},
      {"parentheses", "[(w1=\"*ERROR*\" || w1=\"*Failed*\") && w1!=\"*WARN*\"]", kError, kYes},
      {"a regex on a field",
       "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", kInfo,
       kYes},
      {"a regex on a field",
       "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]", kPart,
       kNo},
      {"a regex on a field",
       "[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]",
       kPart, kYes},
      {"a quoted value", "[report=\"REPORT\", id=\"RequestId:\", ...]",
       "REPORT RequestId: 1-2 Duration: 3", kYes},
      {"an empty event has no field", "[a]", "", kNo},
      {"an unclosed quote is a word", "[a = 5*, b]", "5\" disk", kYes},
  };
  return all;
}

TEST(FilterPatternTest, MatchesAsDocumented) {
  EXPECT_GE(cases().size(), 120U);
  for (const auto& one : cases()) {
    const auto pattern = FilterPattern::parse(one.pattern);
    ASSERT_TRUE(pattern) << one.rule << ": " << one.pattern << ": " << pattern.error().message;
    EXPECT_EQ(pattern->matches(one.message), one.matches)
        << one.rule << ": " << one.pattern << " of " << one.message;
    EXPECT_EQ(pattern->extract(one.message).has_value(), one.matches) << one.pattern;
  }
}

struct Refusal {
  const char* pattern;
  const char* message;
};

TEST(FilterPatternTest, RefusesWhatIsNoPattern) {
  const std::string deep = "{ " + std::string(100, '(') + "$.a = 1" + std::string(100, ')') + " }";
  const Refusal refusals[] = {
      {"\"open", "a double quote is not closed"},
      {"a.b", "Invalid character(s) in term '.'"},
      {"Status: timeout", "Invalid character(s) in term ':'"},
      {"ERROR - \"Exiting\"", "Invalid character(s) in term '-'"},
      {"a*", "Invalid character(s) in term '*'"},
      {"%something!%", "Invalid character(s) in term '!'"},
      {"%(a|b)%", "Invalid character(s) in term '('"},
      {"%\xE3\x83\x9E%", "Invalid character(s) in term '\xE3'"},
      {"%open", "a regular expression has no closing %"},
      {"%%", "a regular expression is empty"},
      {"%[a%", "is not valid: missing ]"},
      {"%a% b", "a regular expression stands alone"},
      {R"(%\p%)", "\\p is not supported in a regular expression"},
      {R"(%\xFF%)", "two hexadecimal digits of an ASCII character"},
      {R"(%a\%)", "ends in a backslash"},
      {"{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"},
      {"[a, b", "If a filter pattern starts with '[' it must end with ']'"},
      {"{ }", "a property selector ($.name) is missing"},
      {"{ a = 1 }", "Invalid character(s) in term 'a'"},
      {"{ $ = 1 }", "begins with $. and a property"},
      {"{ $.\"a\" = 1 }", "Invalid character(s) in term '$.\"'"},
      {"{ $.a }", "one of = != < <= > >= is expected"},
      {"{ $.a = }", "a value is missing"},
      {"{ $.a == 1 }", "Invalid character(s) in term '='"},
      {"{ $.a = x@y }", "Invalid character(s) in term '@'"},
      {"{ $.a > b }", "<, <=, > and >= compare with a number"},
      {"{ $.a > %b% }", "a regular expression goes with = and != only"},
      {"{ $.a = 1 && }", "a property selector ($.name) is missing"},
      {"{ $.a = 1 & $.b = 2 }", "Invalid character(s) in term '&'"},
      {"{ ($.a = 1 }", "a parenthesis is not closed"},
      {"{ $.a = 1) }", "Invalid character(s) in term ')'"},
      {"{ $.a[x] = 1 }", "an array's index, * or a property in quotes"},
      {"{ $.a[1 = 1 }", "is not closed"},
      {"{ $.a[9999999999] = 1 }", "an array's index"},
      {"{ $.['a] = 1 }", "the quote of a property is not closed"},
      {"{ $.a IS NOT NULL }", "IS is followed by NULL, TRUE or FALSE"},
      {"{ $.a EXISTS }", "EXISTS is not supported"},
      {"{ $.a NOT NULL }", "NOT is followed by EXISTS"},
      {"{ $.a[*].* = 1 }", "a property selector takes one wildcard"},
      {"{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }",
       "at most three property selectors"},
      {"{ $.a = %r1% && $.b = %r2% && $.c = %r3% }", "more than two regular expressions"},
      {"[a=%x%, b=%y%, c=%z%]", "more than two regular expressions"},
      {"[a b]", "fields are separated by commas"},
      {"[a, a]", "the field a is there twice"},
      {"[..., a, ...]", "more than one ellipsis"},
      {"[w1, w2 = *\"Failed to process\"*]", "Invalid character(s) in term '\"'"},
      {"[ip, status_code = 4* && bytes > 1000]", "each field has its own, after a comma"},
      {"[a = ]", "a value is missing"},
      {"[a = *]b]", "Invalid character(s) in term ']'"},
      {"[1, b]", "a field's name is not a number"},
      {"[\"ERROR\", b]", "Invalid character(s) in term '\"'"},
      {deep.c_str(), "its parentheses are nested too deeply"},
  };
  for (const auto& [text, message] : refusals) {
    const auto pattern = FilterPattern::parse(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().code, "InvalidParameterException");
    EXPECT_NE(pattern.error().message.find(message), std::string::npos)
        << text << ": " << pattern.error().message;
  }
}

TEST(FilterPatternTest, ExtractsFields) {
  const auto extract = [](const char* pattern, const char* message) {
    return json::dump(*FilterPattern::parse(pattern).value().extract(message));
  };
  EXPECT_EQ(extract("[ip, identity, user_id, timestamp, request, status_code, size]", kGif),
            R"({"$ip":"127.0.0.1","$identity":"-","$user_id":"frank",)"
            R"("$timestamp":"10/Oct/2000:13:25:15 -0700","$request":"GET /apache_pb.gif HTTP/1.0",)"
            R"("$status_code":"200","$size":"1534"})");
  EXPECT_EQ(extract("[..., size]", kGif),
            R"({"$1":"127.0.0.1","$2":"-","$3":"frank","$4":"10/Oct/2000:13:25:15 -0700",)"
            R"("$5":"GET /apache_pb.gif HTTP/1.0","$6":"200","$size":"1534"})");
  EXPECT_EQ(extract("[..., request=*.html*, status_code=4*,]", kApache),
            R"({"$1":"127.0.0.1","$2":"Prod","$3":"frank","$4":"10/Oct/2000:13:25:15 -0700",)"
            R"("$request":"GET /index.html HTTP/1.0","$status_code":"404","$7":"1534"})");
  EXPECT_EQ(extract("[]", "a b"), R"({"$1":"a","$2":"b"})");
  EXPECT_EQ(extract("[w1, w2]", kWarning),
            R"({"$w1":"WARNING","$w2":"09/25/2014 12:00:02 Invalid user request"})");
  EXPECT_EQ(extract("\"[ERROR\"", k400), "{}");
  EXPECT_EQ(extract("{ $.user.id = 1 && $.users[0].email = * && $.x NOT EXISTS }", kUsers),
            R"({"$.user.id":"1","$.users[0].email":"John.Doe@example.com"})");
}

TEST(FilterPatternTest, PicksValues) {
  const auto pick = [](const char* text, const char* field, std::string_view message) {
    const auto pattern = FilterPattern::parse(text).value();
    const auto picked = pattern.pick(field);
    if (!picked) return "refused: " + picked.error().message;
    const auto values = pattern.take(message, {&*picked, 1});
    return values ? values->front().value_or("absent") : "no match";
  };
  EXPECT_EQ(pick("{ $.latency = * }", "$.latency", R"({"latency":12.5})"), "12.5");
  EXPECT_EQ(pick("{ $.latency = * }", "$.a.b[1]", R"({"latency":1,"a":{"b":[2,3]}})"), "3");
  EXPECT_EQ(pick("{ $.latency = * }", "$.a", R"({"latency":1,"a":{}})"), "absent");
  EXPECT_EQ(pick("{ $.latency = * }", "$.a", "{}"), "no match");
  EXPECT_EQ(pick("[..., bytes]", "$bytes", kGif), "1534");
  EXPECT_EQ(pick("[..., bytes]", "$2", kGif), "-");
  EXPECT_NE(pick("[..., bytes]", "$size", kGif).find("$size is no field"), std::string::npos);
  EXPECT_NE(pick("ERROR", "$.x", "ERROR").find("$.x is no field"), std::string::npos);
  EXPECT_NE(pick("{ $.a = * }", "$.a[*]", "{}").find("more than one value"), std::string::npos);
}

}  // namespace
}  // namespace dew::logs
