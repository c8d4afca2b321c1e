#include "services/logs/service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "base/encoding.h"
#include "services/logs/filter_pattern.h"
#include "store/memory/memory_store.h"

namespace dew::logs {
namespace {

class NoCaller final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("InternalFailure", "not expected", 500);
  }
};

constexpr int64_t kNow = 1'700'000'000'000;

class LogsTest : public testing::Test {
 protected:
  LogsTest() { service.register_operations(registry); }

  aws::ApiResult<json::Value> call(const std::string& operation, json::Object input) {
    aws::Call one;
    one.input = std::move(input);
    return registry.find("logs", operation)->handler(one);
  }
  json::Object ok(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    if (answer) return answer->as_object();
    ADD_FAILURE() << operation << ": " << answer.error().code << ": " << answer.error().message;
    return {};
  }
  std::string code(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    return answer ? "none" : answer.error().code;
  }
  static std::string messages(const json::Object& answer) {
    std::string out;
    for (const auto& event : answer.at("events").as_array())
      out += json::str(event.at("message")) + " ";
    return out;
  }
  void make(const std::string& stream = "s") {
    call("CreateLogGroup", {{"logGroupName", "g"}});
    ok("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", stream}});
  }
  json::Object put(json::Array events, const std::string& stream = "s") {
    return ok("PutLogEvents",
              {{"logGroupName", "g"}, {"logStreamName", stream}, {"logEvents", std::move(events)}});
  }
  static json::Object event(int64_t at, const std::string& message) {
    return {{"timestamp", kNow + at}, {"message", message}};
  }
  json::Object get(json::Object options = {}) {
    options["logGroupName"] = "g";
    options["logStreamName"] = "s";
    return ok("GetLogEvents", std::move(options));
  }

  services::Config config;
  ManualClock clock{TimePoint(std::chrono::milliseconds(kNow))};
  std::unique_ptr<store::Store> store = store::make_memory_store();
  NoCaller caller;
  net::Loops loops{1};
  net::Workers workers{1};
  services::Context context{config, clock, *store, caller, loops, workers};
  Service service{context};
  aws::Registry registry;
};

TimedLines lines(std::initializer_list<TimedLine> all) {
  TimedLines out;
  for (const auto& line : all) out.add(line.timestamp_ms, line.text);
  return out;
}

TEST_F(LogsTest, PagesForwardAndBackward) {
  make();
  put({event(1, "a"), event(2, "b"), event(3, "c")});
  put({event(2, "d"), event(9, "e")});
  EXPECT_EQ(messages(get()), "a b d c e ");
  auto page = get({{"startFromHead", true}, {"limit", 2}});
  EXPECT_EQ(messages(page), "a b ");
  page = get({{"limit", 2}, {"nextToken", page["nextForwardToken"]}});
  EXPECT_EQ(messages(page), "d c ");
  page = get({{"limit", 2}, {"nextToken", page["nextForwardToken"]}});
  EXPECT_EQ(messages(page), "e ");
  const auto end = get({{"nextToken", page["nextForwardToken"]}});
  EXPECT_EQ(messages(end), "");
  EXPECT_EQ(end.at("nextForwardToken"), page["nextForwardToken"]);
  put({event(10, "f")});
  EXPECT_EQ(messages(get({{"nextToken", end.at("nextForwardToken")}})), "f ");

  page = get({{"limit", 2}});
  EXPECT_EQ(messages(page), "e f ");
  page = get({{"limit", 3}, {"nextToken", page["nextBackwardToken"]}});
  EXPECT_EQ(messages(page), "b d c ");
  page = get({{"limit", 3}, {"nextToken", page["nextBackwardToken"]}});
  EXPECT_EQ(messages(page), "a ");
  EXPECT_EQ(messages(get({{"startTime", kNow + 2}, {"endTime", kNow + 3}})), "b d ");
  EXPECT_EQ(
      code("GetLogEvents", {{"logGroupName", "g"}, {"logStreamName", "s"}, {"nextToken", "x"}}),
      "InvalidParameterException");
}

TEST_F(LogsTest, SeesWhatWasJustIngested) {
  service.ingest().append("g", "s", lines({{kNow, "START"}, {kNow + 1, "END"}}));
  service.ingest().append("g", "s", lines({{kNow + 2, "REPORT"}}));
  EXPECT_EQ(messages(get()), "START END REPORT ");
  EXPECT_EQ(ok("DescribeLogGroups", {}).at("logGroups").as_array().size(), 1U);
  const auto stream = ok("DescribeLogStreams", {{"logGroupName", "g"}}).at("logStreams").at(0);
  EXPECT_EQ(stream.at("firstEventTimestamp"), kNow);
  EXPECT_EQ(stream.at("lastEventTimestamp"), kNow + 2);
}

TEST_F(LogsTest, BoundsItsMemoryAndSaysWhatItDropped) {
  const std::string large(kMaxEventBytes, 'x');
  TimedLines flood;
  while (flood.bytes() <= kMaxBufferedBytes) flood.add(kNow, large);
  const size_t count = flood.size();
  EXPECT_EQ(service.ingest().append("g", "s", flood), Ingest::Room::kNone);
  service.ingest().append("g", "s", lines({{kNow, std::string(2 * kMaxEventBytes, 'y')}}));
  std::vector<std::string> seen;
  json::Object page = get({{"startFromHead", true}});
  while (!page.at("events").as_array().empty()) {
    for (const auto& one : page.at("events").as_array())
      seen.push_back(json::str(one.at("message")));
    page = get({{"nextToken", page["nextForwardToken"]}});
  }
  ASSERT_EQ(seen.size(), 2U);
  std::ranges::sort(seen);
  EXPECT_TRUE(seen[0].starts_with(fmt::format("[dewpoint] {} log events dropped", count)));
  EXPECT_EQ(seen[1], std::string(kMaxEventBytes, 'y'));
}

TEST_F(LogsTest, HoldsBackWhoeverWritesMuchAndNobodyElse) {
  const std::string line(1000, 'x');
  constexpr int kLines = 20'000;
  std::mutex mutex;
  std::condition_variable changed;
  int waited = 0;
  for (int i = 0; i < kLines; ++i) {
    EXPECT_EQ(service.ingest().append("g", "quiet", lines({{kNow, "q"}})), Ingest::Room::kEnough);
    if (service.ingest().append("g", "s", lines({{kNow, line}})) == Ingest::Room::kEnough) continue;
    bool room = false;
    ++waited;
    service.ingest().when_room("g", "s", [&] {
      const std::scoped_lock lock(mutex);
      room = true;
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return room; });
  }
  EXPECT_GT(waited, 0);
  service.ingest().flush();
  const auto group = ok("DescribeLogGroups", {}).at("logGroups").at(0);
  EXPECT_EQ(group.at("storedBytes"), kLines * (1000 + 26) + kLines * (1 + 26));
}

TEST_F(LogsTest, WhoeverWaitsForRoomIsCalledWhenItStops) {
  std::atomic<int> called = 0;
  service.ingest().when_room("g", "s", [&] { ++called; });
  EXPECT_EQ(called, 1);  // it has room
  for (int i = 0; i < 50; ++i) {
    service.ingest().append("g", "s", lines({{kNow, std::string(100'000, 'x')}}));
    service.ingest().when_room("g", "s", [&] { ++called; });
  }
  service.stop();
  EXPECT_EQ(called, 51);
}

TEST_F(LogsTest, FlushesFromManyThreads) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i)
        service.ingest().append("g", "s" + std::to_string(t),
                                lines({{kNow + i, std::to_string(i)}}));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto all = ok("FilterLogEvents", {{"logGroupName", "g"}});
  EXPECT_EQ(all.at("events").as_array().size(), 2000U);
  EXPECT_FALSE(all.contains("nextToken"));
}

TEST_F(LogsTest, FiltersOverStreams) {
  make("s");
  make("t");
  put({event(1, "ERROR one"), event(3, "fine"), event(5, "ERROR \"two\"")}, "s");
  put({event(2, "ERROR three"), event(4, "WARN four")}, "t");
  const auto filter = [&](json::Object options) {
    options["logGroupName"] = "g";
    return ok("FilterLogEvents", std::move(options));
  };
  EXPECT_EQ(messages(filter({})), "ERROR one ERROR three fine WARN four ERROR \"two\" ");
  EXPECT_EQ(messages(filter({{"filterPattern", "ERROR"}})), "ERROR one ERROR three ERROR \"two\" ");
  EXPECT_EQ(messages(filter({{"filterPattern", "ERROR -three"}})), "ERROR one ERROR \"two\" ");
  EXPECT_EQ(messages(filter({{"filterPattern", "?WARN ?fine"}})), "fine WARN four ");
  EXPECT_EQ(messages(filter({{"filterPattern", "\"ERROR \\\"two\""}})), "ERROR \"two\" ");
  EXPECT_EQ(messages(filter({{"logStreamNames", json::Array{"t"}}})), "ERROR three WARN four ");
  EXPECT_EQ(messages(filter({{"startTime", kNow + 2}, {"endTime", kNow + 3}})),
            "ERROR three fine ");
  for (const int limit : {1, 2, 3, 4}) {
    std::string all;
    json::Object page = filter({{"limit", limit}});
    for (int i = 0; i < 10; ++i) {
      all += messages(page);
      if (!page.contains("nextToken")) break;
      page = filter({{"limit", limit}, {"nextToken", page["nextToken"]}});
    }
    EXPECT_EQ(all, "ERROR one ERROR three fine WARN four ERROR \"two\" ") << limit;
  }
  EXPECT_EQ(messages(filter({{"filterPattern", "[level = WARN || level = ERROR, what = th*]"}})),
            "ERROR three ");
  EXPECT_EQ(messages(filter({{"filterPattern", "%^[A-Z]+ t%"}})), "ERROR three ");
  EXPECT_EQ(messages(filter({{"filterPattern", "{ $.a = 1 }"}})), "");
  for (const auto* pattern : {"{ $.a = 1", "[a, b", "%a", "\"open"}) {
    EXPECT_EQ(code("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", pattern}}),
              "InvalidParameterException")
        << pattern;
  }
}

TEST_F(LogsTest, RefusesWhatAwsRefuses) {
  make();
  const auto put_code = [&](json::Array events) {
    return code("PutLogEvents",
                {{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", std::move(events)}});
  };
  EXPECT_EQ(put_code({event(2, "a"), event(1, "b")}), "InvalidParameterException");
  EXPECT_EQ(put_code({event(0, std::string(1'048'551, 'x'))}), "InvalidParameterException");
  json::Array big;
  for (int i = 0; i < 5; ++i) big.emplace_back(event(i, std::string(250'000, 'x')));
  EXPECT_EQ(put_code(big), "InvalidParameterException");
  EXPECT_EQ(put_code({event(-25LL * 3600 * 1000, "a"), event(0, "b")}),
            "InvalidParameterException");
  EXPECT_EQ(code("PutLogEvents", {{"logGroupName", "g"},
                                  {"logStreamName", "x"},
                                  {"logEvents", json::Array{event(0, "a")}}}),
            "ResourceNotFoundException");
  EXPECT_EQ(code("GetLogEvents", {{"logGroupName", "x"}, {"logStreamName", "x"}}),
            "ResourceNotFoundException");
  EXPECT_EQ(code("CreateLogGroup", {{"logGroupName", "g"}}), "ResourceAlreadyExistsException");
  EXPECT_EQ(code("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 2}}),
            "InvalidParameterException");
  EXPECT_EQ(json::dump(put({event(-15LL * 86'400'000, "old")}).at("rejectedLogEventsInfo")),
            R"({"tooOldLogEventEndIndex":1})");
  EXPECT_EQ(json::dump(
                put({event(0, "ok"), event(3LL * 3600 * 1000, "new")}).at("rejectedLogEventsInfo")),
            R"({"tooNewLogEventStartIndex":1})");
  EXPECT_EQ(messages(get()), "ok ");
}

TEST_F(LogsTest, ForgetsWhatIsOlderThanTheRetention) {
  make();
  put({event(0, "old")});
  ok("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 1}});
  clock.advance(std::chrono::hours(25));
  put({event(25LL * 3600 * 1000, "new")});
  EXPECT_EQ(messages(get()), "new ");
  clock.advance(std::chrono::hours(1));
  size_t chunks = 0;
  for (auto cursor = store->cursor("", ""); cursor->valid(); cursor->next())
    chunks += cursor->value().front() == 1 ? 1 : 0;
  EXPECT_EQ(chunks, 1U);
  ok("DeleteRetentionPolicy", {{"logGroupName", "g"}});
  EXPECT_FALSE(
      ok("DescribeLogGroups", {}).at("logGroups").at(0).as_object().contains("retentionInDays"));
}

TEST_F(LogsTest, DescribesInBothOrders) {
  make("b");
  make("a");
  put({event(1, "x")}, "a");
  put({event(2, "x")}, "b");
  const auto names = [&](json::Object options) {
    options["logGroupName"] = "g";
    std::string out;
    auto page = ok("DescribeLogStreams", options);
    while (true) {
      for (const auto& stream : page.at("logStreams").as_array())
        out += json::str(stream.at("logStreamName")) + " ";
      if (!page.contains("nextToken")) return out;
      options["nextToken"] = page["nextToken"];
      page = ok("DescribeLogStreams", options);
    }
  };
  EXPECT_EQ(names({{"limit", 1}}), "a b ");
  EXPECT_EQ(names({{"orderBy", "LastEventTime"}, {"descending", true}, {"limit", 1}}), "b a ");
  EXPECT_EQ(names({{"logStreamNamePrefix", "b"}}), "b ");
  ok("TagLogGroup", {{"logGroupName", "g"}, {"tags", json::Object{{"k", "v"}}}});
  ok("TagResource", {{"resourceArn", "arn:aws:logs:us-east-1:000000000000:log-group:g"},
                     {"tags", json::Object{{"l", "w"}}}});
  ok("UntagLogGroup", {{"logGroupName", "g"}, {"tags", json::Array{"k"}}});
  EXPECT_EQ(json::dump(ok("ListTagsLogGroup", {{"logGroupName", "g"}})), R"({"tags":{"l":"w"}})");
  ok("DeleteLogStream", {{"logGroupName", "g"}, {"logStreamName", "a"}});
  EXPECT_EQ(names({}), "b ");
  ok("DeleteLogGroup", {{"logGroupName", "g"}});
  EXPECT_EQ(code("DescribeLogStreams", {{"logGroupName", "g"}}), "ResourceNotFoundException");
}

TEST(ChunkTest, KeepsItsFormat) {
  TimedLines events;
  events.add(1000, "a");
  events.add(1300, std::string_view("b\0c", 3));
  const auto bytes = encode_chunk(300, events, 0, events.size());
  EXPECT_EQ(hex_encode(bytes), "01ac0202ac02000161ac0203620063");
  const auto back = decode_chunk(1000, 7, bytes).value();
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[1].position, (Position{1300, 7, 1}));
  EXPECT_EQ(back[1].ingested_ms, 300);
  EXPECT_EQ(back[1].message, events.text(1));
  for (size_t i = 0; i < bytes.size(); ++i)
    EXPECT_FALSE(decode_chunk(1000, 7, std::string_view(bytes).substr(0, i)));
  EXPECT_FALSE(decode_chunk(1000, 7, bytes + "x"));
  EXPECT_EQ(Position::parse(Position{5, 6, 7}.digits()), (Position{5, 6, 7}));
  EXPECT_EQ(Position::parse("1"), std::nullopt);
}

TEST(ChunkTest, CompressesWhatGetsSmaller) {
  TimedLines events;
  for (int i = 0; i < 100; ++i) events.add(1000 + i, fmt::format("request {} was answered", i));
  const auto bytes = encode_chunk(300, events, 0, events.size());
  EXPECT_EQ(bytes.front(), 2);
  EXPECT_LT(bytes.size(), 1000U);
  EXPECT_EQ(chunk_last_ms(1000, bytes), 1099);
  const auto back = decode_chunk(1000, 7, bytes).value();
  ASSERT_EQ(back.size(), 100U);
  EXPECT_EQ(back[99].position, (Position{1099, 7, 99}));
  EXPECT_EQ(back[99].ingested_ms, 300);
  EXPECT_EQ(back[99].message, "request 99 was answered");
  for (size_t i = 0; i < bytes.size(); ++i)
    EXPECT_FALSE(decode_chunk(1000, 7, std::string_view(bytes).substr(0, i)));
  EXPECT_FALSE(decode_chunk(1000, 7, bytes + "x"));

  std::string noise;
  for (int i = 0; i < 1000; ++i) noise += static_cast<char>(sha256(std::to_string(i)).front());
  TimedLines random;
  random.add(1000, noise);
  const auto plain = encode_chunk(300, random, 0, 1);
  EXPECT_EQ(plain.front(), 1);
  EXPECT_EQ(decode_chunk(1000, 7, plain).value().at(0).message, noise);
}

}  // namespace
}  // namespace dew::logs
