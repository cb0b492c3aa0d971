// Rows of the card's tables for people: field by field, with the names of the card's description.
#ifndef POINTSMAN_DRIVER_ROW_FIELDS_H_
#define POINTSMAN_DRIVER_ROW_FIELDS_H_

#include <string>
#include <vector>

#include "hw/card_layout.h"

namespace pointsman {

struct RowField {
  const char* name;
  std::string value;  // an address, a MAC address, an enumeration's name, or a decimal number
  bool is_number;
};

// All fields of a row of this table, from bit 0 on. Empty: there is no such table.
std::vector<RowField> RowFields(TableId table, const RowBits& row);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_ROW_FIELDS_H_
