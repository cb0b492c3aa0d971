// The simulated card as XRT sees it: one device, its loaded xclbin, its buffers.
//
// The xcl* functions (public <xrt.h>) are thin layers over this class: xrt_shim_device.cc,
// xrt_shim_buffers.cc, and xrt_shim_not_offered.cc for what this card has not.
//
// Thread-safe after Open. Errors are said on stderr as they happen, since XRT passes on an errno
// only.
#ifndef POINTSMAN_SIM_CARD_XRT_SHIM_H_
#define POINTSMAN_SIM_CARD_XRT_SHIM_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/card/bank_allocator.h"
#include "sim/card/card_runner.h"
#include "sim/card/xclbin_reader.h"

namespace pointsman {

// Says the error on stderr and gives the errno for XRT, negative; 0 for OK.
int ReportForXrt(const char* call, const absl::Status& status);

class XrtShim {
 public:
  struct Buffer {
    uint64_t address = 0;
    size_t size_bytes = 0;
    size_t mapped_bytes = 0;  // whole pages
    unsigned flags = 0;
    uint32_t bank = 0;
    uint8_t* host = nullptr;
    bool owned = false;   // host memory is ours
    bool shared = false;  // host memory is the card's memory (host-only)
  };

  // Wires and options from the environment; the logic stays in reset until an xclbin is loaded.
  // Errors: those of ReadEnvironment, OpenWire, SimulatedCard::Open.
  static absl::StatusOr<std::unique_ptr<XrtShim>> Open();
  ~XrtShim();

  // Starts the card's clock. Loading the same xclbin again changes nothing; another one is refused
  // while buffers are open.
  // Errors: InvalidArgument for a container that is none or not for this card.
  absl::Status LoadXclbin(absl::Span<const uint8_t> container);

  // One program owns a kernel, or several share it. Errors: Unavailable.
  absl::Status OpenContext(uint32_t ip_index, bool shared);
  void CloseContext(uint32_t ip_index);

  // Errors: FailedPrecondition before an xclbin is loaded, and those of SimulatedCard.
  absl::StatusOr<uint32_t> ReadRegister(uint32_t ip_index, uint32_t offset_bytes);
  absl::Status WriteRegister(uint32_t ip_index, uint32_t offset_bytes, uint32_t value);

  // `user` (may be null) is host memory to use; `flags` are XRT's: bank and kind.
  // Errors: InvalidArgument (no such bank), ResourceExhausted.
  absl::StatusOr<unsigned> AllocateBuffer(uint8_t* user, size_t size_bytes, unsigned flags);
  void FreeBuffer(unsigned handle);
  absl::StatusOr<Buffer> FindBuffer(unsigned handle);
  absl::Status SyncBuffer(unsigned handle, bool to_card, size_t size_bytes, size_t offset_bytes);

  // Reads or writes card memory by address.
  absl::Status ReadMemory(uint64_t address, absl::Span<uint8_t> bytes);
  absl::Status WriteMemory(uint64_t address, absl::Span<const uint8_t> bytes);

 private:
  XrtShim(std::unique_ptr<SimulatedCard> card, std::shared_ptr<std::atomic<bool>> link);

  absl::StatusOr<CardRunner*> Runner(uint32_t ip_index);
  absl::StatusOr<uint64_t> Place(Buffer& buffer);

  const std::shared_ptr<std::atomic<bool>> link_;  // of switched wires
  std::mutex mutex_;                               // guards what follows; taken before the runner's
  std::unique_ptr<SimulatedCard> new_card_;        // until an xclbin is loaded
  std::unique_ptr<CardRunner> runner_;             // from then on; never changes again
  std::optional<XclbinContents> xclbin_;
  std::vector<BankAllocator> banks_;
  std::map<unsigned, Buffer> buffers_;
  std::map<uint32_t, int> contexts_;  // ip index -> holders; -1: one holder, exclusively
  unsigned next_buffer_ = 1;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_XRT_SHIM_H_
