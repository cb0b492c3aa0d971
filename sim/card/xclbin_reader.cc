#include "sim/card/xclbin_reader.h"

#include <xrt/xclbin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace pointsman {
namespace {

using Bytes = absl::Span<const uint8_t>;

template <typename Struct>
Struct Load(Bytes bytes, size_t offset) {
  Struct value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

template <size_t kSize>
std::string Text(const unsigned char (&field)[kSize]) {
  const auto* text = reinterpret_cast<const char*>(field);
  return std::string(text, strnlen(text, kSize));
}

absl::StatusOr<Bytes> FindSection(Bytes container, const axlf& top, axlf_section_kind kind,
                                  const char* name) {
  constexpr size_t kHeaders = offsetof(axlf, m_sections);
  for (uint32_t i = 0; i < top.m_header.m_numSections; ++i) {
    const auto section =
        Load<axlf_section_header>(container, kHeaders + i * sizeof(axlf_section_header));
    if (section.m_sectionKind != static_cast<uint32_t>(kind)) continue;
    if (section.m_sectionOffset > container.size() ||
        section.m_sectionSize > container.size() - section.m_sectionOffset) {
      return absl::InvalidArgumentError(fmt::format("xclbin: section {} is cut off", name));
    }
    return container.subspan(section.m_sectionOffset, section.m_sectionSize);
  }
  return absl::InvalidArgumentError(fmt::format("xclbin: section {} is missing", name));
}

// The entries of a section that is a count and an array of `Entry` at `first_offset`.
template <typename Entry>
absl::StatusOr<std::vector<Entry>> Entries(Bytes section, size_t first_offset, const char* name) {
  const int32_t count = section.size() < first_offset ? -1 : Load<int32_t>(section, 0);
  if (count < 0 || static_cast<size_t>(count) > (section.size() - first_offset) / sizeof(Entry)) {
    return absl::InvalidArgumentError(
        fmt::format("xclbin: section {} does not hold the entries it counts", name));
  }
  std::vector<Entry> entries;
  for (int32_t i = 0; i < count; ++i) {
    entries.push_back(Load<Entry>(section, first_offset + i * sizeof(Entry)));
  }
  return entries;
}

absl::StatusOr<axlf> ReadHeader(Bytes container) {
  if (container.size() < sizeof(axlf) ||
      std::memcmp(container.data(), "xclbin2", sizeof("xclbin2")) != 0) {
    return absl::InvalidArgumentError("xclbin: the file is no xclbin container (no 'xclbin2')");
  }
  const axlf top = Load<axlf>(container, 0);
  const size_t room = (container.size() - offsetof(axlf, m_sections)) / sizeof(axlf_section_header);
  if (top.m_header.m_length > container.size() || top.m_header.m_numSections > room) {
    return absl::InvalidArgumentError("xclbin: the container is cut off");
  }
  return top;
}

absl::Status ReadKernels(Bytes container, const axlf& top, XclbinContents& contents) {
  absl::StatusOr<Bytes> section = FindSection(container, top, IP_LAYOUT, "IP_LAYOUT");
  if (!section.ok()) return section.status();
  auto entries = Entries<ip_data>(*section, offsetof(ip_layout, m_ip_data), "IP_LAYOUT");
  if (!entries.ok()) return entries.status();
  std::stable_sort(entries->begin(), entries->end(), [](const ip_data& a, const ip_data& b) {
    return a.m_base_address < b.m_base_address;
  });
  for (const ip_data& ip : *entries) {
    if (ip.m_type == IP_KERNEL) contents.kernels.push_back(Text(ip.m_name));
  }
  return absl::OkStatus();
}

absl::Status ReadBanks(Bytes container, const axlf& top, XclbinContents& contents) {
  absl::StatusOr<Bytes> section = FindSection(container, top, MEM_TOPOLOGY, "MEM_TOPOLOGY");
  if (!section.ok()) return section.status();
  auto entries = Entries<mem_data>(*section, offsetof(mem_topology, m_mem_data), "MEM_TOPOLOGY");
  if (!entries.ok()) return entries.status();
  constexpr uint64_t kBytesPerUnit = 1024;
  for (const mem_data& bank : *entries) {
    contents.banks.push_back({Text(bank.m_tag), bank.m_base_address,
                              bank.m_used == 0 ? 0 : bank.m_size * kBytesPerUnit});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<XclbinContents> ReadXclbin(Bytes container) {
  absl::StatusOr<axlf> top = ReadHeader(container);
  if (!top.ok()) return top.status();
  XclbinContents contents;
  std::copy_n(top->m_header.uuid, contents.uuid.size(), contents.uuid.begin());
  if (absl::Status status = ReadKernels(container, *top, contents); !status.ok()) return status;
  if (absl::Status status = ReadBanks(container, *top, contents); !status.ok()) return status;
  return contents;
}

}  // namespace pointsman
