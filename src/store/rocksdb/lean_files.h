// The file system as RocksDB sees it, without its OPTIONS files: at every opening the engine writes
// all its settings into one, reads it back and parses it, a sixth of the time until Dewpoint is
// ready. Only people and repair tools read it, and ours are in rocksdb_store.cc.
#pragma once

#include <rocksdb/env.h>

namespace dew::store {

// Lives as long as the process. Databases opened with it need fail_if_options_file_error off, which
// is the engine's default.
rocksdb::Env* lean_files();

}  // namespace dew::store
