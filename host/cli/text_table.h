// Rows of text as an aligned table for eyes. Pure.
#ifndef POINTSMAN_HOST_CLI_TEXT_TABLE_H_
#define POINTSMAN_HOST_CLI_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace pointsman {

// The first row is the heading. Columns are two spaces apart; the last one is as long as it is.
std::string TextTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_TEXT_TABLE_H_
