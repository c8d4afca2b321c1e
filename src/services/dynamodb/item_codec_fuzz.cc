// Stored items: whatever decodes encodes to bytes that decode to the same item, in all forms.
#include <cstdlib>

#include "aws/wire_json.h"
#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ddb = dew::dynamodb;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto item = ddb::decode_item(bytes);
  const auto wire = ddb::decode_item_to_wire(bytes);
  if (item.has_value() != wire.has_value()) std::abort();
  std::string text;
  if (ddb::append_item_json(bytes, text).has_value() != item.has_value()) std::abort();
  if (!item) return 0;
  static const auto* get_item = dew::aws::service_model("dynamodb")->operation("GetItem");
  std::string rendered;
  dew::aws::to_wire_json(get_item->output, dew::json::Object{{"Item", *wire}}, rendered);
  if (rendered != R"({"Item":)" + text + "}") std::abort();
  if (ddb::write_item(*item) != *wire) std::abort();
  const auto again = ddb::decode_item(ddb::encode_item(*item, ddb::item_size(*item)));
  if (!again || *again != *item) std::abort();
  return 0;
}
