// A card through XRT: the module libpointsman_xrt.so. The only file of the driver that includes
// XRT; every exception of XRT ends here.
#include <experimental/xrt_ip.h>
#include <experimental/xrt_xclbin.h>
#include <fmt/format.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "driver/status_macros.h"
#include "driver/transport.h"
#include "driver/xrt_loader.h"

namespace pointsman {
namespace {

constexpr const char* kKernelName = "pointsman_card";

absl::Status ToStatus(absl::StatusCode code, const std::string& what, const std::string& why) {
  return absl::Status(code, fmt::format("{}: XRT: {}", what, why));
}

// Runs `call` and turns what it throws into a Status of `code`, or of one that XRT names itself.
template <class Call>
absl::Status Guard(absl::StatusCode code, const std::string& what, Call call) {
  try {
    call();
    return absl::OkStatus();
  } catch (const std::system_error& error) {
    if (error.code().value() == EBUSY) {
      return absl::FailedPreconditionError(fmt::format(
          "{}: another process uses the card; end it first (XRT: {})", what, error.what()));
    }
    return ToStatus(code, what, error.what());
  } catch (const std::out_of_range& error) {
    return ToStatus(absl::StatusCode::kOutOfRange, what, error.what());
  } catch (const std::bad_alloc& error) {
    return ToStatus(absl::StatusCode::kResourceExhausted, what, error.what());
  } catch (const std::exception& error) {
    return ToStatus(code, what, error.what());
  }
}

// A bank of memory that the card's rings can be in.
struct Bank {
  std::string tag;
  xrt::memory_group group;
  bool host;  // the host's own memory: nothing to copy
};

class XrtBuffer : public Buffer {
 public:
  XrtBuffer(xrt::bo bo, std::span<uint8_t> memory, bool host)
      : bo_(std::move(bo)), address_(bo_.address()), memory_(memory), host_(host) {}

  std::span<uint8_t> memory() override { return memory_; }
  uint64_t device_address() const override { return address_; }

  absl::Status SyncToCard(size_t offset_bytes, size_t size_bytes) override {
    return Sync(XCL_BO_SYNC_BO_TO_DEVICE, offset_bytes, size_bytes);
  }
  absl::Status SyncFromCard(size_t offset_bytes, size_t size_bytes) override {
    return Sync(XCL_BO_SYNC_BO_FROM_DEVICE, offset_bytes, size_bytes);
  }

 private:
  absl::Status Sync(xclBOSyncDirection direction, size_t offset_bytes, size_t size_bytes) {
    if (offset_bytes > memory_.size() || size_bytes > memory_.size() - offset_bytes) {
      return absl::OutOfRangeError(fmt::format("sync of {} bytes at {} in a buffer of {}",
                                               size_bytes, offset_bytes, memory_.size()));
    }
    if (host_) return absl::OkStatus();
    return Guard(absl::StatusCode::kUnavailable, "sync of a buffer",
                 [&] { bo_.sync(direction, size_bytes, offset_bytes); });
  }

  xrt::bo bo_;
  uint64_t address_;
  std::span<uint8_t> memory_;
  bool host_;
};

class XrtTransport : public Transport {
 public:
  XrtTransport(xrt::device device, xrt::ip ip, std::vector<Bank> banks)
      : device_(std::move(device)), ip_(std::move(ip)), banks_(std::move(banks)) {}

  absl::StatusOr<uint32_t> ReadRegister(uint32_t offset_bytes) override {
    uint32_t value = 0;
    POINTSMAN_RETURN_IF_ERROR(Guard(absl::StatusCode::kUnavailable,
                                    fmt::format("register read at {:#06x}", offset_bytes),
                                    [&] { value = ip_.read_register(offset_bytes); }));
    return value;
  }

  absl::Status WriteRegister(uint32_t offset_bytes, uint32_t value) override {
    return Guard(absl::StatusCode::kUnavailable,
                 fmt::format("register write at {:#06x}", offset_bytes),
                 [&] { ip_.write_register(offset_bytes, value); });
  }

  absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size_bytes) override {
    absl::Status fault = absl::ResourceExhaustedError("the xclbin connects the card to no memory");
    for (const Bank& bank : banks_) {
      absl::StatusOr<std::unique_ptr<Buffer>> buffer = AllocateIn(bank, size_bytes);
      if (buffer.ok()) return buffer;
      fault = buffer.status();
    }
    return fault;
  }

 private:
  absl::StatusOr<std::unique_ptr<Buffer>> AllocateIn(const Bank& bank, size_t size_bytes) {
    std::unique_ptr<Buffer> buffer;
    POINTSMAN_RETURN_IF_ERROR(Guard(
        absl::StatusCode::kResourceExhausted,
        fmt::format("buffer of {} bytes in memory {}", size_bytes, bank.tag), [&] {
          const auto flags = bank.host ? xrt::bo::flags::host_only : xrt::bo::flags::normal;
          xrt::bo bo(device_, size_bytes, flags, bank.group);
          auto* memory = bo.map<uint8_t*>();
          buffer =
              std::make_unique<XrtBuffer>(std::move(bo), std::span(memory, size_bytes), bank.host);
        }));
    return buffer;
  }

  xrt::device device_;
  xrt::ip ip_;
  std::vector<Bank> banks_;
};

// The banks that the kernel is connected to, host memory first. May throw.
std::vector<Bank> ConnectedBanks(const xrt::xclbin::ip& ip) {
  std::vector<Bank> banks;
  for (const xrt::xclbin::arg& arg : ip.get_args()) {
    for (const xrt::xclbin::mem& mem : arg.get_mems()) {
      if (!mem.get_used()) continue;
      const std::string tag = mem.get_tag();
      banks.push_back({tag, xrt::memory_group(mem.get_index()), tag.starts_with("HOST")});
    }
  }
  std::ranges::stable_sort(banks, std::greater<>(), &Bank::host);
  return banks;
}

// xrt::ip wants "kernel:{instance}" where the image says "kernel:instance".
std::string IpName(const xrt::xclbin::ip& ip) {
  const std::string name = ip.get_name();
  const size_t colon = name.find(':');
  return fmt::format("{}:{{{}}}", name.substr(0, colon), name.substr(colon + 1));
}

// The Pointsman kernel of the image. May throw.
absl::StatusOr<xrt::xclbin::ip> FindKernel(const xrt::xclbin& image, const std::string& path) {
  for (const xrt::xclbin::ip& ip : image.get_ips()) {
    if (ip.get_name().starts_with(std::string(kKernelName) + ":")) return ip;
  }
  return absl::NotFoundError(fmt::format("{}: IP_LAYOUT: no kernel {}", path, kKernelName));
}

absl::StatusOr<std::unique_ptr<Transport>> Open(const XrtOptions& options) {
  xrt::xclbin image;
  absl::StatusOr<xrt::xclbin::ip> kernel;
  std::vector<Bank> banks;
  POINTSMAN_RETURN_IF_ERROR(Guard(absl::StatusCode::kInvalidArgument, options.xclbin_path, [&] {
    image = xrt::xclbin(options.xclbin_path);
    kernel = FindKernel(image, options.xclbin_path);
    if (kernel.ok()) banks = ConnectedBanks(*kernel);
  }));
  POINTSMAN_RETURN_IF_ERROR(kernel.status());

  const std::string name = fmt::format("card {}", options.device);
  xrt::device device;
  POINTSMAN_RETURN_IF_ERROR(
      Guard(absl::StatusCode::kNotFound, name, [&] { device = xrt::device(options.device); }));
  xrt::uuid uuid;
  POINTSMAN_RETURN_IF_ERROR(Guard(absl::StatusCode::kFailedPrecondition,
                                  fmt::format("{}: load {}", name, options.xclbin_path),
                                  [&] { uuid = device.load_xclbin(image); }));
  xrt::ip ip;
  POINTSMAN_RETURN_IF_ERROR(Guard(absl::StatusCode::kUnavailable, name,
                                  [&] { ip = xrt::ip(device, uuid, IpName(*kernel)); }));
  return std::make_unique<XrtTransport>(std::move(device), std::move(ip), std::move(banks));
}

}  // namespace
}  // namespace pointsman

// The C name is pointsman::kXrtModuleEntry. The result goes through a C++ type on both sides; the
// linkage only fixes the name.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wreturn-type-c-linkage"
#endif
extern "C" absl::StatusOr<std::unique_ptr<pointsman::Transport>> PointsmanOpenXrtTransport(
    const pointsman::XrtOptions& options) {
  return pointsman::Open(options);
}
