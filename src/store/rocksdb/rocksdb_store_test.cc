#include "store/rocksdb/rocksdb_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <random>

#include "store/memory/memory_store.h"

namespace dew::store {
namespace {

struct TempDirectory {
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dew-store-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TempDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::unique_ptr<Store> open(const std::string& path, Sync sync = Sync::kOn) {
  auto store = open_rocksdb({path, sync, {}});
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

std::vector<std::string> keys(const Store& store, std::string_view begin, std::string_view end,
                              Direction direction) {
  std::vector<std::string> out;
  auto cursor = store.cursor(begin, end, direction);
  for (; cursor->valid(); cursor->next()) out.emplace_back(cursor->key());
  EXPECT_TRUE(cursor->status());
  return out;
}

// Kills the child once it has said that it is done: its thousand keys are there.
void expect_survival(pid_t child, const int (&ready)[2], const std::string& path) {
  close(ready[1]);
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1) << "the child found a flaw";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  auto store = open(path);
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(store->get("key" + std::to_string(i))->value_or(""), std::to_string(i));
}

TEST(RocksStore, SurvivesReopening) {
  TempDirectory directory;
  {
    auto store = open(directory.path);
    Batch batch;
    batch.put("a", "1");
    batch.put("b", "2");
    ASSERT_TRUE(store->commit(batch));
  }
  auto store = open(directory.path);
  EXPECT_EQ(store->get("a")->value(), "1");
  EXPECT_FALSE(store->get("c")->has_value());
}

TEST(RocksStore, RefusesASecondOwner) {
  TempDirectory directory;
  auto store = open(directory.path);
  auto second = open_rocksdb({directory.path, Sync::kOn, {}});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use by another dew"), std::string::npos)
      << second.error().message;
}

TEST(RocksStore, CallsBackWhenDurable) {
  TempDirectory directory;
  auto store = open(directory.path);
  std::vector<std::future<bool>> done;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        Batch batch;
        batch.put("k" + std::to_string(w * 100 + i), "v");
        const Sequence sequence = *store->commit(batch);
        EXPECT_EQ(Store::take_last_commit(), sequence);
        std::promise<bool> promise;
        auto future = promise.get_future();
        store->when_durable(sequence, [&promise, &store, sequence](Result<void> result) {
          promise.set_value(result.has_value() && store->durable(sequence));
        });
        EXPECT_TRUE(future.get());
      }
    });
  }
  for (auto& writer : writers) writer.join();
}

TEST(RocksStore, KeepsCommitsOfAKilledProcess) {
  TempDirectory directory;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto store = open_rocksdb({directory.path, Sync::kOff, {}});
    for (int i = 0; i < 1000; ++i) {
      Batch batch;
      batch.put("key" + std::to_string(i), std::to_string(i));
      if (!(*store)->commit(batch)) _exit(1);
    }
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  expect_survival(child, ready, directory.path);
}

// What was acknowledged of lazy commits survives; those who wait share one write to the log.
TEST(RocksStore, AcknowledgesLazyCommitsOnceTheyAreInTheLog) {
  TempDirectory directory;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::vector<std::move_only_function<void()>> tasks;
    auto store = open_rocksdb(
        {directory.path, Sync::kOff, [&](auto task) { tasks.push_back(std::move(task)); }});
    int acknowledged = 0;
    bool early = false;
    for (int i = 0; i < 1000; ++i) {
      Batch batch;
      batch.put("key" + std::to_string(i), std::to_string(i));
      const auto sequence = (*store)->commit_lazily(batch);
      if (!sequence) _exit(1);
      early = early || (*store)->durable(*sequence) || (*store)->get("key0")->value() != "0";
      (*store)->when_durable(*sequence, [&](Result<void> result) {
        if (result && (*store)->durable(*sequence)) ++acknowledged;
      });
      if (i % 100 != 99) continue;
      if (early || acknowledged != i - 99 || tasks.size() != 1) _exit(2);
      std::exchange(tasks, {}).front()();
      if (acknowledged != i + 1) _exit(3);
    }
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  expect_survival(child, ready, directory.path);
}

TEST(RocksStore, FollowsALazyCommitByAnother) {
  TempDirectory directory;
  auto store = open(directory.path, Sync::kOff);
  Batch batch;
  batch.put("a", "1");
  const Sequence lazy = *store->commit_lazily(batch);
  EXPECT_FALSE(store->durable(lazy));
  const Sequence next = *store->commit(batch);  // the log has one order
  EXPECT_TRUE(store->durable(lazy));
  EXPECT_TRUE(store->durable(next));
  const Sequence last = *store->commit_lazily(batch);
  bool done = false;
  store->when_durable(last, [&](Result<void> result) { done = result.has_value(); });
  EXPECT_TRUE(done);  // nothing runs tasks later here
  auto memory = make_memory_store();
  EXPECT_TRUE(memory->durable(*memory->commit_lazily(batch)));
}

// The two engines agree on every operation of a random history.
TEST(RocksStore, AgreesWithTheMemoryStore) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  TempDirectory directory;
  auto rocks = open(directory.path, Sync::kOff);
  auto memory = make_memory_store();
  const auto key = [&] {
    return std::string(1, static_cast<char>('a' + random() % 20)) + std::string(random() % 3, 'x');
  };
  for (int round = 0; round < 400; ++round) {
    Batch batch;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      switch (random() % 5) {
        case 0:
          batch.erase(key());
          break;
        case 1: {
          auto a = key();
          auto b = key();
          if (b < a) std::swap(a, b);
          batch.erase_range(a, b);
          break;
        }
        default:
          batch.put(key(), std::to_string(random()));
      }
    }
    ASSERT_TRUE(rocks->commit(batch));
    ASSERT_TRUE(memory->commit(batch));
    auto begin = key();
    auto end = random() % 4 == 0 ? std::string() : key();
    if (!end.empty() && end < begin) std::swap(begin, end);
    for (const auto direction : {Direction::kForward, Direction::kBackward}) {
      ASSERT_EQ(keys(*rocks, begin, end, direction), keys(*memory, begin, end, direction));
    }
    const auto probe = key();
    ASSERT_EQ(*rocks->get(probe), *memory->get(probe));
  }
}

}  // namespace
}  // namespace dew::store
