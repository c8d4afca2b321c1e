#include "services/cloudwatch/metric_store.h"

#include <gtest/gtest.h>

#include <random>

#include "services/cloudwatch/recorder.h"
#include "services/cloudwatch/time_series.h"
#include "services/testing.h"

namespace dew::cloudwatch {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { clock.advance(seconds(30)); }
  int64_t now() const { return clock.now_ms() / 1000; }
  static Aggregate of(double value) {
    Aggregate out;
    out.add(value);
    return out;
  }
  double sum(MetricStore& store, int64_t from, int64_t to, int64_t longest) {
    double out = 0;
    const auto periods = store.read(*store.series(metric, kCount), from, to, longest);
    EXPECT_TRUE(periods);
    for (const auto& period : *periods) out += period.values.sum;
    return out;
  }
  size_t count(MetricStore& store, int64_t from, int64_t to, int64_t longest) {
    return store.read(*store.series(metric, kCount), from, to, longest)->size();
  }

  std::shared_ptr<store::Store> bytes = store::make_memory_store();
  ManualClock clock{TimePoint(seconds(1'767'225'600))};  // a full hour
  Metric metric{"n", "m", {{"a", "1"}, {"b", "2"}}};
};

TEST_F(StoreTest, AddsUpAndReadsBackAfterARestart) {
  {
    MetricStore store(*bytes, clock);
    auto* series = store.series(metric, kCount);
    ASSERT_TRUE(store.add(*series, now(), false, of(1)));
    EXPECT_EQ(sum(store, 0, now() + 1, 60), 1);  // also before it is written
    ASSERT_TRUE(store.flush(std::span(&series, 1)));
    ASSERT_TRUE(store.add(*series, now(), false, of(2)));
    ASSERT_TRUE(store.flush_all());
    EXPECT_EQ(sum(store, 0, now() + 1, 60), 3);
  }
  MetricStore store(*bytes, clock);
  ASSERT_TRUE(store.load());
  ASSERT_EQ(store.find(metric).size(), 1U);
  EXPECT_EQ(store.find(metric)[0]->unit, kCount);
  EXPECT_TRUE(store.find(metric, kBytes).empty());
  // What comes for a period that is written already is added to it.
  ASSERT_TRUE(store.add(*store.series(metric, kCount), now(), false, of(4)));
  EXPECT_EQ(sum(store, 0, now() + 1, 60), 7);
  EXPECT_EQ(count(store, 0, now() + 1, 60), 1U);
  EXPECT_EQ(count(store, 0, now() + 1, 30), 0U);  // a minute cannot be had in halves
}

TEST_F(StoreTest, RollsUpAsItAgesAndLosesNothing) {
  MetricStore store(*bytes, clock);
  auto* series = store.series(metric, kCount);
  const int64_t begin = now() - now() % 3600;
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(store.add(*series, begin + i, true, of(i)));
  const double all = 600.0 * 599 / 2;
  const auto at = [&](hours by) {
    clock.advance(by);
    ASSERT_TRUE(store.roll_up());
    EXPECT_EQ(sum(store, begin, begin + 3600, 3600), all) << by.count();
  };
  at(hours(1));
  EXPECT_EQ(count(store, begin, begin + 3600, 1), 600U);
  at(hours(3));
  EXPECT_EQ(count(store, begin, begin + 3600, 1), 0U);
  EXPECT_EQ(count(store, begin, begin + 3600, 60), 10U);
  at(hours(24 * 16));
  EXPECT_EQ(count(store, begin, begin + 3600, 60), 0U);
  EXPECT_EQ(count(store, begin, begin + 3600, 300), 2U);
  at(hours(24 * 50));
  EXPECT_EQ(count(store, begin, begin + 3600, 300), 0U);
  EXPECT_EQ(count(store, begin, begin + 3600, 3600), 1U);
  const auto kept = store.read(*series, begin, begin + 3600, 3600);
  EXPECT_EQ(kept->front().values.count, 600);
  EXPECT_NEAR(*Statistic::parse("p90")->of(kept->front().values), 540, 6);
  clock.advance(hours(24 * 400));
  ASSERT_TRUE(store.roll_up());
  EXPECT_EQ(count(store, begin, begin + 3600, 3600), 0U);
  // All that is left is the series itself.
  size_t keys = 0;
  for (auto cursor = bytes->cursor("", ""); cursor->valid(); cursor->next()) ++keys;
  EXPECT_EQ(keys, 1U);
}

// A clock that jumps takes values over several levels at once, beside some that are there already.
TEST_F(StoreTest, RollsUpOverSeveralLevelsAtOnce) {
  MetricStore store(*bytes, clock);
  auto* series = store.series(metric, kCount);
  const int64_t begin = now() - now() % 3600;
  double all = 0;
  for (const int days : {10, 20, 40, 70, 100}) {
    ASSERT_TRUE(store.add(*series, now() - 60, true, of(days)));
    ASSERT_TRUE(store.add(*series, now() - 7200, false, of(1000)));
    ASSERT_TRUE(store.flush_all());
    all += days + 1000;
    clock.advance(hours(24 * days));
    ASSERT_TRUE(store.roll_up());
    ASSERT_TRUE(store.roll_up());
    EXPECT_EQ(sum(store, begin - 7200, now(), 3600), all) << days;
  }
}

TEST_F(StoreTest, AgreesWithAPlainModel) {
  std::mt19937 random(11);
  auto store = std::make_unique<MetricStore>(*bytes, clock);
  std::map<int64_t, std::pair<double, double>> model;  // minute -> count, sum
  for (int step = 0; step < 3000; ++step) {
    auto* series = store->series(metric, kCount);
    const int64_t time = now() - static_cast<int64_t>(random() % 7200);
    const double value = random() % 100;
    ASSERT_TRUE(store->add(*series, time, random() % 3 == 0, of(value)));
    auto& [times, sum_of] = model[time / 60 * 60];
    times += 1;
    sum_of += value;
    if (random() % 10 == 0) clock.advance(seconds(random() % 600));
    if (random() % 50 == 0) ASSERT_TRUE(store->flush_all());
    if (random() % 300 == 0) {
      ASSERT_TRUE(store->roll_up());
    }
    if (random() % 500 == 0) {
      ASSERT_TRUE(store->flush_all());
      store = std::make_unique<MetricStore>(*bytes, clock);
      ASSERT_TRUE(store->load());
    }
  }
  const auto series = store->find(metric);
  const auto periods = read_periods(*store, series, {model.begin()->first, now() + 60}, 60);
  ASSERT_TRUE(periods);
  ASSERT_EQ(periods->size(), model.size());
  for (const auto& [begin, values] : *periods) {
    EXPECT_EQ(values.count, model[begin].first);
    EXPECT_EQ(values.sum, model[begin].second);
  }
}

TEST_F(StoreTest, RecordsFromManyThreads) {
  MetricStore store(*bytes, clock);
  Recorder recorder(store, clock);
  auto* series = store.series(metric, kCount);
  auto* other = store.series({"N", "other", {}}, kCount);
  auto* both = recorder.group({series, nullptr, other});
  EXPECT_EQ(both, recorder.group({series, other}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const Recorder::Value values[] = {{both, 1.0}, {nullptr, 5.0}};
      for (int i = 0; i < 1000; ++i) {
        recorder.record(values);
        if (i % 100 == 0) recorder.settle();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  recorder.settle();
  EXPECT_EQ(sum(store, 0, now() + 60, 60), 4000);
  const auto of_other = store.read(*other, 0, now() + 60, 60);
  ASSERT_TRUE(of_other);
  ASSERT_EQ(of_other->size(), 1U);
  EXPECT_EQ(of_other->front().values.count, 4000);
  recorder.stop();
}

TEST_F(StoreTest, RecordsEachMinuteForItself) {
  MetricStore store(*bytes, clock);
  Recorder recorder(store, clock);
  auto* series = store.series(metric, kCount);
  const Recorder::Value value{recorder.group({series}), 2.0};
  const auto sample = [&] { return Recorder::Sample{series, 1.0, now()}; };
  const int64_t begin = now() / 60 * 60;
  for (int minute = 0; minute < 3; ++minute) {
    recorder.record(std::span(&value, 1));
    const auto one = sample();
    recorder.record(std::span(&one, 1));
    recorder.record(std::span(&value, 1));
    clock.advance(std::chrono::minutes(1));
  }
  recorder.settle();
  const auto periods = store.read(*series, begin, now() + 60, 60);
  ASSERT_TRUE(periods);
  ASSERT_EQ(periods->size(), 3U);
  for (int64_t minute = 0; minute < 3; ++minute) {
    const auto& period = (*periods)[static_cast<size_t>(minute)];
    EXPECT_EQ(period.begin_s, begin + minute * 60);
    EXPECT_EQ(period.values.count, 3);
    EXPECT_EQ(period.values.sum, 5);
  }
  recorder.stop();
}

TEST_F(StoreTest, RefusesDamagedBytes) {
  MetricStore store(*bytes, clock);
  auto* series = store.series(metric, kCount);
  ASSERT_TRUE(store.add(*series, now(), false, of(1)));
  ASSERT_TRUE(store.flush_all());
  store::Batch batch;
  for (auto cursor = bytes->cursor("", ""); cursor->valid(); cursor->next()) {
    if (cursor->value().front() == 1) batch.put(cursor->key(), "\x01\x02");
  }
  ASSERT_TRUE(bytes->commit(batch));
  MetricStore again(*bytes, clock);
  ASSERT_TRUE(again.load());
  EXPECT_FALSE(again.read(*again.series(metric, kCount), 0, now() + 60, 60));
}

}  // namespace
}  // namespace dew::cloudwatch
