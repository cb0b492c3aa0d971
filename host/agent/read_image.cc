#include "host/agent/read_image.h"

namespace pointsman {
namespace {

template <class Row>
absl::Status ReadTable(Card& card, std::vector<Row>& rows) {
  const auto bits = card.Read(Row::kTable, 0, static_cast<uint32_t>(rows.size()));
  if (!bits.ok()) return bits.status();
  for (size_t row = 0; row < rows.size(); ++row) rows[row] = UnpackRow<Row>((*bits)[row]);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Image> ReadImage(Card& card) {
  Image image = EmptyImage(card.description().sizes);
  absl::Status status = ReadTable(card, image.frontends);
  if (status.ok()) status = ReadTable(card, image.sources);
  if (status.ok()) status = ReadTable(card, image.slots);
  if (status.ok()) status = ReadTable(card, image.endpoints);
  if (status.ok()) status = ReadTable(card, image.next_hops);
  if (!status.ok()) return status;
  return image;
}

}  // namespace pointsman
