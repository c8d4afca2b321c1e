#include "store/rocksdb/rocksdb_store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "store/rocksdb/lean_files.h"

namespace dew::store {

namespace {

// Sized for one machine's small applications: idle memory counts as much as throughput.
constexpr size_t kBlockCacheBytes = 32 << 20;
constexpr size_t kWriteBufferBytes = 16 << 20;
constexpr int kBackgroundJobs = 2;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

Error io_error(std::string_view what, const rocksdb::Status& status) {
  return Error{ErrorKind::kIo, fmt::format("the store could not {}: {}", what, status.ToString())};
}

class RocksCursor final : public Cursor {
 public:
  RocksCursor(rocksdb::DB& db, std::string_view begin, std::string_view end, Direction direction)
      : begin_(begin), end_(end), direction_(direction), lower_(begin_), upper_(end_) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_;
    if (!end_.empty()) options.iterate_upper_bound = &upper_;
    iterator_.reset(db.NewIterator(options));
    if (direction_ == Direction::kForward) {
      iterator_->Seek(lower_);
    } else {
      iterator_->SeekToLast();  // the last key below the upper bound
    }
  }

  bool valid() const override { return iterator_->Valid(); }
  void next() override {
    if (direction_ == Direction::kForward) {
      iterator_->Next();
    } else {
      iterator_->Prev();
    }
  }
  std::string_view key() const override {
    return {iterator_->key().data(), iterator_->key().size()};
  }
  std::string_view value() const override {
    return {iterator_->value().data(), iterator_->value().size()};
  }
  Result<void> status() const override {
    if (const auto status = iterator_->status(); !status.ok())
      return std::unexpected(io_error("read a range", status));
    return {};
  }

 private:
  const std::string begin_;
  const std::string end_;
  const Direction direction_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

using Done = std::move_only_function<void(Result<void>)>;

// Group commit. commit() writes to the log without syncing; the syncing thread syncs it whenever
// somebody waits, and one sync releases everybody whose commit was in the log before it began.
// Without syncing, commit_lazily() stops at the log's buffer, and those who wait on one thread are
// released together, by one write to the log.
class RocksStore final : public Store {
 public:
  RocksStore(std::unique_ptr<rocksdb::DB> db, const RocksOptions& options)
      : db_(std::move(db)), sync_(options.sync), soon_(options.soon) {
    if (sync_ == Sync::kOn) syncer_ = std::thread([this] { sync_loop(); });
  }

  ~RocksStore() override {
    if (syncer_.joinable()) {
      {
        std::lock_guard lock(mutex_);
        stopping_ = true;
      }
      wake_.notify_one();
      syncer_.join();
    }
    (void)db_->FlushWAL(true);
    (void)db_->Close();
  }

  Result<std::optional<std::string>> get(std::string_view key) const override {
    rocksdb::PinnableSlice value;
    const auto status =
        db_->Get(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return std::unexpected(io_error("read", status));
    return std::string(value.data(), value.size());
  }

  std::unique_ptr<Cursor> cursor(std::string_view begin, std::string_view end,
                                 Direction direction) const override {
    return std::make_unique<RocksCursor>(*db_, begin, end, direction);
  }

  Result<Sequence> commit(const Batch& batch) override {
    TRY(const Sequence sequence, append(batch));
    CHECK_OK(write_log(sequence));
    return sequence;
  }

  // A sync takes so long that whoever has read the change meanwhile should find it after a kill -9.
  Result<Sequence> commit_lazily(const Batch& batch) override {
    return sync_ == Sync::kOn ? commit(batch) : append(batch);
  }

  bool durable(Sequence sequence) const override {
    return sequence <= (sync_ == Sync::kOff ? logged_ : synced_).load();
  }

  void when_durable(Sequence sequence, Done done) override {
    if (durable(sequence)) return done({});
    if (sync_ == Sync::kOff) return when_logged(sequence, std::move(done));
    {
      std::lock_guard lock(mutex_);
      waiting_.emplace(sequence, std::move(done));
    }
    wake_.notify_one();
  }

 private:
  static constexpr std::string_view kAfterEverything = "\xff\xff\xff\xff\xff\xff\xff\xff";
  using Waiting = std::multimap<Sequence, Done>;

  // To the log's buffer, where it is visible to readers.
  Result<Sequence> append(const Batch& batch) {
    CHECK_OK(check_batch(batch));
    rocksdb::WriteBatch out;
    for (const auto& change : batch.changes()) {
      switch (change.kind) {
        case Batch::Kind::kPut:
          out.Put(slice(change.key), slice(change.value));
          break;
        case Batch::Kind::kErase:
          out.Delete(slice(change.key));
          break;
        case Batch::Kind::kEraseRange:
          // DeleteRange needs an end; an open range ends after the largest key that the store
          // takes.
          out.DeleteRange(slice(change.key),
                          change.value.empty() ? slice(kAfterEverything) : slice(change.value));
          break;
      }
    }
    if (const auto status = db_->Write(rocksdb::WriteOptions(), &out); !status.ok()) {
      return std::unexpected(io_error("write", status));
    }
    const Sequence sequence = made_.fetch_add(1) + 1;
    note_commit(sequence);
    return sequence;
  }

  // The log holds every commit up to `sequence` afterwards.
  Result<void> write_log(Sequence sequence) {
    if (sequence <= logged_.load()) return {};
    const Sequence covered = made_.load();  // in the buffer before it is written
    if (const auto status = db_->FlushWAL(false); !status.ok())
      return std::unexpected(io_error("write its log", status));
    raise(logged_, covered);
    return {};
  }

  static void raise(std::atomic<Sequence>& mark, Sequence to) {
    Sequence now = mark.load();
    while (now < to && !mark.compare_exchange_weak(now, to)) {
    }
  }

  // Those who wait on one thread for its next write to the log.
  struct Turn {
    explicit Turn(RocksStore& of) : store(of) { current = this; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (current == this) current = nullptr;
    }
    void end() {
      current = nullptr;
      const auto logged = store.write_log(last);
      for (auto& done : waiting) done(logged);
    }
    RocksStore& store;
    Sequence last = 0;
    std::vector<Done> waiting;
    static thread_local Turn* current;
  };

  void when_logged(Sequence sequence, Done done) {
    if (!soon_) return done(write_log(sequence));
    std::unique_ptr<Turn> begun;
    Turn* turn = Turn::current;
    if (turn == nullptr || &turn->store != this) {
      begun = std::make_unique<Turn>(*this);
      turn = begun.get();
    }
    turn->last = std::max(turn->last, sequence);
    turn->waiting.push_back(std::move(done));
    if (begun) soon_([ending = std::move(begun)] { ending->end(); });
  }

  void sync_loop() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;  // stopping
      lock.unlock();
      const Sequence covered = logged_.load();  // before the sync begins
      const auto status = db_->FlushWAL(true);
      Waiting done;
      lock.lock();
      if (status.ok()) {
        synced_ = covered;
        while (!waiting_.empty() && waiting_.begin()->first <= covered)
          done.insert(waiting_.extract(waiting_.begin()));
      } else {
        done.swap(waiting_);
      }
      lock.unlock();
      for (auto& [sequence, callback] : done) {
        callback(status.ok() ? Result<void>()
                             : Result<void>(std::unexpected(io_error("sync its log", status))));
      }
      lock.lock();
    }
  }

  const std::unique_ptr<rocksdb::DB> db_;
  const Sync sync_;
  const decltype(RocksOptions::soon) soon_;
  std::atomic<Sequence> made_ = 0;    // visible to readers
  std::atomic<Sequence> logged_ = 0;  // in the log: survive a kill -9
  std::atomic<Sequence> synced_ = 0;  // on the disk
  std::mutex mutex_;
  std::condition_variable wake_;
  Waiting waiting_;
  bool stopping_ = false;
  std::thread syncer_;
};

thread_local RocksStore::Turn* RocksStore::Turn::current = nullptr;

rocksdb::Options engine_options() {
  rocksdb::Options options;
  options.env = lean_files();
  options.create_if_missing = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.arena_block_size = 64 << 10;
  options.max_write_buffer_number = 3;
  options.max_background_jobs = kBackgroundJobs;
  options.max_open_files = 256;
  // Each is a thread that lives for the opening alone; the default is sixteen.
  options.max_file_opening_threads = 1;
  options.max_total_wal_size = 64 << 20;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.manual_wal_flush = true;  // RocksStore writes the log's buffer
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes, 2);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // In parts of a few KiB, through the cache: a whole index or filter of a large file is megabytes,
  // and once a few of them do not fit every read would bring and unpack one again.
  // github.com/facebook/rocksdb/wiki/Partitioned-Index-Filters
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb(const RocksOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) {
    return fail(ErrorKind::kIo, fmt::format("cannot create the data directory {}: {}",
                                            options.directory, error.message()));
  }
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(engine_options(), options.directory, &raw);
  if (!status.ok()) {
    const bool held = status.IsIOError() && status.ToString().find("lock") != std::string::npos;
    return fail(
        ErrorKind::kIo,
        held
            ? fmt::format(
                  "the data directory {} is in use by another dew: stop that one, or choose "
                  "another directory with --data",
                  options.directory)
            : fmt::format("cannot open the store in {}: {}", options.directory, status.ToString()));
  }
  return std::make_unique<RocksStore>(std::unique_ptr<rocksdb::DB>(raw), options);
}

}  // namespace dew::store
