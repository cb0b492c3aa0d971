#include "driver/card_description.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "driver/status_macros.h"
#include "flow_tables/hash.h"

namespace pointsman {
namespace {

constexpr const char* kCompatible = "pointsman,card-1";
constexpr uint32_t kFrameBytesMin = 1514;  // an ordinary Ethernet frame without FCS
constexpr uint32_t kHashKeyRows = TabulationHash::kRows;

template <class... Args>
absl::Status Fault(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError("card description: " +
                                    fmt::format(format, std::forward<Args>(args)...));
}

// Text for a message: what is not printable, or too long, is left out.
std::string Printable(std::string text) {
  constexpr size_t kLongest = 64;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

class Blob {
 public:
  // Keeps an aligned copy, as libfdt wants it.
  static absl::StatusOr<Blob> Check(std::span<const uint8_t> bytes) {
    Blob blob;
    blob.words_.resize(bytes.size() / sizeof(uint64_t) + 1);
    if (!bytes.empty()) std::memcpy(blob.words_.data(), bytes.data(), bytes.size());
    if (const int fault = fdt_check_full(blob.words_.data(), bytes.size()); fault != 0) {
      return Fault("{} bytes that are no device tree blob ({})", bytes.size(), fdt_strerror(fault));
    }
    return blob;
  }

  absl::StatusOr<std::string> Text(const char* path, const char* property) const {
    int length = 0;
    POINTSMAN_ASSIGN_OR_RETURN(const auto* data, Property(path, property, &length));
    return Printable(std::string(data, strnlen(data, length)));
  }

  absl::StatusOr<uint32_t> Number(const char* path, const char* property) const {
    int length = 0;
    POINTSMAN_ASSIGN_OR_RETURN(const auto* data, Property(path, property, &length));
    if (length != sizeof(fdt32_t)) {
      return Fault("{}: {} has {} bytes, one cell of 4 is expected", path, property, length);
    }
    return fdt32_ld(reinterpret_cast<const fdt32_t*>(data));
  }

 private:
  absl::StatusOr<const char*> Property(const char* path, const char* property, int* length) const {
    const int node = fdt_path_offset(words_.data(), path);
    if (node < 0) return Fault("node {} is missing", path);
    const void* data = fdt_getprop(words_.data(), node, property, length);
    if (data == nullptr) return Fault("{}: property {} is missing", path, property);
    return static_cast<const char*>(data);
  }

  std::vector<uint64_t> words_;
};

// Bounds that follow from the widths of fields that hold a row's index.
struct SizeRule {
  const char* name;
  uint32_t CardSizes::*rows;
  uint32_t least;
  uint32_t most;
};
constexpr uint32_t kConnectionsMost = 1u << 28;
constexpr std::array<SizeRule, 13> kSizeRules = {{
    {"frontends", &CardSizes::frontends, kFrontendsBanks* kFrontendsWays, 1u << 24},
    {"sources", &CardSizes::sources, 1, 1u << 16},
    {"slots", &CardSizes::slots, 1, 1u << 20},
    {"endpoints", &CardSizes::endpoints, 1, 1u << 20},
    {"next-hops", &CardSizes::next_hops, 1, 1u << 12},
    {"originals", &CardSizes::originals, kOriginalsBanks* kOriginalsWays, kConnectionsMost},
    {"replies", &CardSizes::replies, kRepliesBanks* kRepliesWays, kConnectionsMost},
    {"hash-keys", &CardSizes::hash_keys, kHashKeyRows, kHashKeyRows},
    {"frontend-counters", &CardSizes::frontend_counters, 1, 1u << 16},
    {"endpoint-counters", &CardSizes::endpoint_counters, 1, 1u << 20},
    {"originals-ipv6", &CardSizes::originals_ipv6, kOriginalsIpv6Banks* kOriginalsIpv6Ways,
     kConnectionsMost},
    {"replies-ipv6", &CardSizes::replies_ipv6, kRepliesIpv6Banks* kRepliesIpv6Ways,
     kConnectionsMost},
    {"affinity", &CardSizes::affinity, kAffinityBanks* kAffinityWays, 1u << 24},
}};

absl::Status CheckSizes(const CardSizes& sizes) {
  for (const SizeRule& rule : kSizeRules) {
    const uint32_t rows = sizes.*rule.rows;
    if (rows < rule.least || rows > rule.most) {
      return Fault("/sizes: {} is {}, expected {}..{}", rule.name, rows, rule.least, rule.most);
    }
    if (rule.least != rule.most && !std::has_single_bit(rows)) {
      return Fault("/sizes: {} is {}, expected a power of two", rule.name, rows);
    }
  }
  if (sizes.endpoint_counters < sizes.endpoints) {
    return Fault("/sizes: endpoint-counters is {}, fewer than the {} endpoints",
                 sizes.endpoint_counters, sizes.endpoints);
  }
  return absl::OkStatus();
}

absl::StatusOr<CardSizes> ReadSizes(const Blob& blob) {
  CardSizes sizes;
  absl::Status fault;
  ForEachSize(sizes, [&](const char* name, uint32_t& rows) {
    const absl::StatusOr<uint32_t> number = blob.Number("/sizes", name);
    fault.Update(number.status());
    if (number.ok()) rows = *number;
  });
  POINTSMAN_RETURN_IF_ERROR(fault);
  POINTSMAN_RETURN_IF_ERROR(CheckSizes(sizes));
  return sizes;
}

}  // namespace

absl::StatusOr<CardDescription> ParseCardDescription(std::span<const uint8_t> bytes) {
  POINTSMAN_ASSIGN_OR_RETURN(const Blob blob, Blob::Check(bytes));
  POINTSMAN_ASSIGN_OR_RETURN(const std::string compatible, blob.Text("/", "compatible"));
  if (compatible != kCompatible) {
    return Fault("/: compatible is \"{}\", this driver knows \"{}\"", compatible, kCompatible);
  }
  CardDescription card;
  POINTSMAN_ASSIGN_OR_RETURN(card.profile, blob.Text("/", "profile"));
  POINTSMAN_ASSIGN_OR_RETURN(card.sizes, ReadSizes(blob));
  POINTSMAN_ASSIGN_OR_RETURN(card.frame_bytes_max, blob.Number("/limits", "frame-bytes-max"));
  if (card.frame_bytes_max < kFrameBytesMin || card.frame_bytes_max > kFrameBytesMax) {
    return Fault("/limits: frame-bytes-max is {}, expected {}..{}", card.frame_bytes_max,
                 kFrameBytesMin, kFrameBytesMax);
  }
  return card;
}

}  // namespace pointsman
