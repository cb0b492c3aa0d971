// The access matrix (sim/cluster/matrix.h) for eyes, browsers and programs. Pure.
#ifndef POINTSMAN_HOST_CLI_MATRIX_OUTPUT_H_
#define POINTSMAN_HOST_CLI_MATRIX_OUTPUT_H_

#include <optional>
#include <string>
#include <vector>

#include "sim/cluster/matrix.h"

namespace pointsman {

// A remedy that was tried on a failing cell.
struct TriedRemedy {
  cluster::Remedy remedy = cluster::Remedy::kNone;
  cluster::MatrixCell cell;
};

struct AskedCell {
  cluster::MatrixCell cell;
  std::vector<TriedRemedy> remedies;  // of a cell that fails, where they were asked for
};

// cells[row][column]
struct AskedMatrix {
  std::vector<cluster::MatrixColumn> columns;
  std::vector<std::vector<AskedCell>> cells;
};

std::string MatrixText(const AskedMatrix& matrix);
// Each failing cell: its walk, the rule that ended it, and what the remedies did.
std::string MatrixExplanation(const AskedMatrix& matrix);
// A list of {"row", "column", "outcome", "reason"}; rows count from 1, outcomes are ok and fail.
std::string MatrixJson(const AskedMatrix& matrix);
// One document, without anything from elsewhere.
std::string MatrixHtml(const AskedMatrix& matrix);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_MATRIX_OUTPUT_H_
