#include "driver/row_fields.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "flow_tables/address.h"
#include "hw/card_fields.h"

namespace pointsman {
namespace {

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
    Bits128 address;
    GetBits(row, field.offset_bits, address);
    return text(Describe(Address::FromBits(address)));
  }
  const uint64_t value = internal::Get(row, field.offset_bits, field.bits);
  const std::string_view name = field.name;
  if (field.value_name != nullptr) return text(field.value_name(value));
  if (name.ends_with("address")) {
    return text(Describe(Address(Ipv4Address{static_cast<uint32_t>(value)})));
  }
  if (name.ends_with("mac")) return text(MacText(value));
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
