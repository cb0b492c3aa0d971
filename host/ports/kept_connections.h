// The connections of one core, of both families, in a mapped file: the next process begins with
// them. Memory for a pipeline's tables of connections; not thread-safe.
#ifndef POINTSMAN_HOST_PORTS_KEPT_CONNECTIONS_H_
#define POINTSMAN_HOST_PORTS_KEPT_CONNECTIONS_H_

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>

#include "absl/status/statusor.h"
#include "flow_tables/connections.h"
#include "flow_tables/image.h"
#include "flow_tables/shard.h"
#include "host/kept/mapped_file.h"

namespace pointsman {

class KeptConnections : public std::pmr::memory_resource {
 public:
  // Begins a new file. What an earlier process left is kept beside it, as PATH.old, until TakeIn
  // has it. Errors: FailedPrecondition naming the file.
  static absl::StatusOr<std::unique_ptr<KeptConnections>> Open(const std::string& path,
                                                               const CardSizes& sizes,
                                                               const Shard& shard);

  // Once the tables are made in this memory. Takes in what was left, and from now on keeps what
  // there is. `image` is what those connections were made by, and what refers to rows that there
  // are not is left out. Returns how many came. FailedPrecondition naming the file that cannot be
  // taken over, which is set aside: then there are none, and new ones are kept all the same.
  absl::StatusOr<uint32_t> TakeIn(const Image& image, Connections& connections,
                                  ConnectionsIpv6& connections_ipv6);

 private:
  KeptConnections(std::string path, MappedFile file, const CardSizes& sizes, const Shard& shard);

  absl::StatusOr<uint32_t> TakeInOld(const Image& image, Connections& connections,
                                     ConnectionsIpv6& connections_ipv6) const;

  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void*, size_t, size_t) override {}  // with the file
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  const std::string path_;
  const MappedFile file_;
  const CardSizes sizes_;
  const Shard shard_;
  size_t used_bytes_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_KEPT_CONNECTIONS_H_
