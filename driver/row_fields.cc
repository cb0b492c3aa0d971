#include "driver/row_fields.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "flow_tables/address.h"
#include "hw/card_fields.h"

namespace pointsman {
namespace {

bool EndsWith(std::string_view text, std::string_view end) { return text.ends_with(end); }

uint64_t BitsAt(const RowBits& row, int offset_bits, int bits) {
  uint64_t value = 0;
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<size_t>(offset_bits + i);
    value |= (row[at / 64] >> (at % 64) & 1) << i;
  }
  return value;
}

std::string MacText(uint64_t mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac >> 40 & 0xff,
                     mac >> 32 & 0xff, mac >> 24 & 0xff, mac >> 16 & 0xff, mac >> 8 & 0xff,
                     mac & 0xff);
}

RowField FieldOf(const CardField& field, const RowBits& row) {
  const auto text = [&](std::string value) {
    return RowField{field.name, std::move(value), false};
  };
  if (field.bits == 128) {
    return text(Describe(Address::FromWords(BitsAt(row, field.offset_bits + 64, 64),
                                            BitsAt(row, field.offset_bits, 64))));
  }
  const uint64_t value = BitsAt(row, field.offset_bits, field.bits);
  if (field.value_name != nullptr) return text(field.value_name(value));
  if (EndsWith(field.name, "address")) {
    return text(Describe(Address(Ipv4Address{static_cast<uint32_t>(value)})));
  }
  if (EndsWith(field.name, "mac")) return text(MacText(value));
  return {field.name, fmt::format("{}", value), true};
}

}  // namespace

std::vector<RowField> RowFields(TableId table, const RowBits& row) {
  std::vector<RowField> fields;
  for (const CardField& field : kCardFields) {
    if (field.table == table) fields.push_back(FieldOf(field, row));
  }
  return fields;
}

}  // namespace pointsman
