// The tables and settings of a node without a card, in a mapped file: the next process goes on with
// them. A row that was being written when the process was killed is what it was before.
// Not thread-safe.
#ifndef POINTSMAN_HOST_PORTS_KEPT_TABLES_H_
#define POINTSMAN_HOST_PORTS_KEPT_TABLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"
#include "host/kept/mapped_file.h"

namespace pointsman {

class KeptTables {
 public:
  // Takes over the file, or makes a new one. A file that cannot be taken over, or whose tables make
  // no sense (CheckImage), is set aside, and `note` says so. Errors: FailedPrecondition naming the
  // file.
  static absl::StatusOr<std::unique_ptr<KeptTables>> Open(const std::string& path,
                                                          const CardSizes& sizes, uint32_t cores,
                                                          std::string& note);

  // As they were found.
  const Image& image() const { return image_; }
  const std::optional<CardSettings>& settings() const { return settings_; }

  // Rows of tables that are no part of an image are not kept. REQUIRES: there is such a row.
  void Write(const RowWrite& write);
  void Write(const CardSettings& settings);

 private:
  KeptTables(MappedFile file, const CardSizes& sizes);
  static absl::StatusOr<std::unique_ptr<KeptTables>> TakeOver(const std::string& path,
                                                              const CardSizes& sizes,
                                                              uint32_t cores);
  absl::Status Load(const std::string& path);

  MappedFile file_;
  Image image_;
  std::optional<CardSettings> settings_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_KEPT_TABLES_H_
