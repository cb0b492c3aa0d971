// Build-time tool: packs the xclbin container for the simulated card, from the public <xclbin.h>.
//
// usage: make_xclbin OUTPUT
//
// Exit code 0, or 1 with a message if the file cannot be written.
#include <xrt/xclbin.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sim/card/memory_map.h"

namespace pointsman {
namespace {

constexpr const char* kPlatform = "pointsman_simulated_card_1";
constexpr uint64_t kControlBase = 0x1800000;
// Names the layout above; a new one for a layout that differs.
constexpr unsigned char kUuid[16] = {0x70, 0x6f, 0x69, 0x6e, 0x74, 0x73, 0x4d, 0x61,
                                     0x8e, 0x2d, 0x73, 0x69, 0x6d, 0x00, 0x00, 0x01};

// What XRT reads registers and arguments of the kernel from.
constexpr std::string_view kEmbeddedMetadata = R"(<?xml version="1.0" encoding="UTF-8"?>
<project name="pointsman">
  <platform vendor="pointsman" boardid="simulated" name="card" featureRomTime="0">
    <device name="fpga0" fpgaDevice="simulated" addrWidth="0">
      <core name="OCL_REGION_0" target="hw_em" type="clc_region" clockFreq="300MHz" numComputeUnits="1">
        <kernel name="pointsman_card" language="ip_c" vlnv="pointsman:card:pointsman_card:1.0" attributes="" preferredWorkGroupSizeMultiple="0" workGroupSize="1" interrupt="false" hwControlProtocol="user_managed">
          <port name="s_axi_control" portType="addressable" mode="slave" base="0x0" range="0x10000" dataWidth="32"/>
          <port name="m_axi_host" portType="addressable" mode="master" base="0x0" range="0xFFFFFFFFFFFFFFFF" dataWidth="512"/>
          <arg name="rings" addressQualifier="1" id="0" port="m_axi_host" size="0x8" offset="0x10" hostOffset="0x0" hostSize="0x8" type="void*"/>
          <instance name="pointsman_card_1">
            <addrRemap base="0x1800000" port="s_axi_control"/>
          </instance>
        </kernel>
      </core>
    </device>
  </platform>
</project>
)";

// A section's content: bytes, appended as structs.
template <typename Struct>
void Append(std::string& section, const Struct& value, size_t bytes = sizeof(Struct)) {
  section.append(reinterpret_cast<const char*>(&value), bytes);
}

std::string MemoryTopology() {
  std::string section;
  mem_topology head = {};
  head.m_count = static_cast<int32_t>(kMemoryBanks.size());
  Append(section, head, offsetof(mem_topology, m_mem_data));
  for (const MemoryBank& bank : kMemoryBanks) {
    mem_data entry = {};
    entry.m_type = MEM_DDR4;
    entry.m_used = 1;
    entry.m_size = bank.size_bytes / 1024;
    entry.m_base_address = bank.base;
    std::strncpy(reinterpret_cast<char*>(entry.m_tag), bank.tag, sizeof(entry.m_tag) - 1);
    Append(section, entry);
  }
  return section;
}

std::string IpLayout() {
  ip_layout layout = {};
  layout.m_count = 1;
  ip_data& kernel = layout.m_ip_data[0];
  kernel.m_type = IP_KERNEL;
  kernel.properties = AP_CTRL_NONE << IP_CONTROL_SHIFT;
  kernel.m_base_address = kControlBase;
  std::strncpy(reinterpret_cast<char*>(kernel.m_name), "pointsman_card:pointsman_card_1",
               sizeof(kernel.m_name) - 1);
  std::string section;
  Append(section, layout);
  return section;
}

std::string Connectivity() {
  std::string section;
  const int32_t count = static_cast<int32_t>(kMemoryBanks.size());
  Append(section, count);
  for (int32_t bank = 0; bank < count; ++bank) {
    Append(section, connection{.arg_index = 0, .m_ip_layout_index = 0, .mem_data_index = bank});
  }
  return section;
}

axlf Header(uint32_t sections, uint64_t length) {
  axlf top = {};
  std::memcpy(top.m_magic, "xclbin2", sizeof("xclbin2"));
  top.m_signature_length = -1;
  std::memset(top.reserved, 0xff, sizeof(top.reserved));
  std::memset(top.m_keyBlock, 0xff, sizeof(top.m_keyBlock));
  top.m_uniqueId = 1;
  top.m_header.m_length = length;
  top.m_header.m_versionMajor = 2;
  top.m_header.m_versionMinor = 1;
  top.m_header.m_mode = XCLBIN_HW_EMU;
  top.m_header.m_numSections = sections;
  std::strncpy(reinterpret_cast<char*>(top.m_header.m_platformVBNV), kPlatform,
               sizeof(top.m_header.m_platformVBNV) - 1);
  std::memcpy(top.m_header.uuid, kUuid, sizeof(kUuid));
  return top;
}

std::string Container() {
  const std::vector<std::pair<axlf_section_kind, std::string>> sections = {
      {MEM_TOPOLOGY, MemoryTopology()},
      {IP_LAYOUT, IpLayout()},
      {CONNECTIVITY, Connectivity()},
      {EMBEDDED_METADATA, std::string(kEmbeddedMetadata)},
  };
  constexpr size_t kAlign = 8;
  constexpr size_t kHeaders = offsetof(axlf, m_sections);
  const size_t start = kHeaders + sections.size() * sizeof(axlf_section_header);
  std::string headers;
  std::string body;
  for (const auto& [kind, content] : sections) {
    axlf_section_header header = {};
    header.m_sectionKind = kind;
    header.m_sectionOffset = start + body.size();
    header.m_sectionSize = content.size();
    Append(headers, header);
    body += content;
    body.resize((body.size() + kAlign - 1) / kAlign * kAlign);
  }
  std::string container;
  Append(container, Header(static_cast<uint32_t>(sections.size()), start + body.size()), kHeaders);
  return container + headers + body;
}

bool WriteFile(const char* path, const std::string& content) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return false;
  const size_t written = std::fwrite(content.data(), 1, content.size(), file);
  return std::fclose(file) == 0 && written == content.size();
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_xclbin OUTPUT\n", stderr);
    return 2;
  }
  if (!pointsman::WriteFile(argv[1], pointsman::Container())) {
    std::fprintf(stderr, "make_xclbin: %s: cannot be written\n", argv[1]);
    return 1;
  }
  return 0;
}
