// Stored items: whatever decodes encodes to bytes that decode to the same item, in both forms.
#include <cstdlib>

#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ddb = dew::dynamodb;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto item = ddb::decode_item(bytes);
  const auto wire = ddb::decode_item_to_wire(bytes);
  if (item.has_value() != wire.has_value()) std::abort();
  if (!item) return 0;
  if (ddb::write_item(*item) != *wire) std::abort();
  const auto again = ddb::decode_item(ddb::encode_item(*item, ddb::item_size(*item)));
  if (!again || *again != *item) std::abort();
  return 0;
}
