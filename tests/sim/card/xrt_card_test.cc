// The test double through the public XRT API, as the shipped driver meets the card: this program
// knows nothing of the simulator but the environment it sets.
#include <experimental/xrt_ip.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sim/card/packet_socket_wire.h"
#include "sim/card/pcap_wire.h"
#include "tests/sim/card/loopback_card.h"
#include "tests/sim/card/network_test_support.h"
#include "tests/sim/card/port_listener.h"

namespace pointsman {
namespace {

constexpr const char* kFolder = POINTSMAN_LOOPBACK_FOLDER;
constexpr const char* kInstance = "pointsman_card:{pointsman_card_1}";
constexpr unsigned kBank = 0;
constexpr unsigned kHostBank = 1;

class XrtCardTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XCL_EMULATION_MODE", "hw_emu", 1);
    setenv("XILINX_XRT", kFolder, 1);
  }
  void TearDown() override {
    ip_.reset();
    device_.reset();
    for (const auto& [name, value] : set_) unsetenv(name.c_str());
  }

  void Set(const char* name, const std::string& value) {
    setenv(name, value.c_str(), 1);
    set_[name] = value;
  }

  void Open() {
    device_ = std::make_unique<xrt::device>(0);
    uuid_ = device_->load_xclbin(std::string(kFolder) + "/pointsman.xclbin");
    ip_ = std::make_unique<xrt::ip>(*device_, uuid_, kInstance);
  }

  void Copy(uint64_t from, uint64_t to, uint32_t lines) {
    ip_->write_register(loopback::kCopyFrom, static_cast<uint32_t>(from));
    ip_->write_register(loopback::kCopyFrom + 4, static_cast<uint32_t>(from >> 32));
    ip_->write_register(loopback::kCopyTo, static_cast<uint32_t>(to));
    ip_->write_register(loopback::kCopyTo + 4, static_cast<uint32_t>(to >> 32));
    ip_->write_register(loopback::kCopyLines, lines);
    ip_->write_register(loopback::kCopyStart, 1);
    ASSERT_TRUE(Within([&] { return ip_->read_register(loopback::kCopyStart) == 0; }));
  }

  template <typename Condition>
  static bool Within(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }

  std::unique_ptr<xrt::device> device_;
  std::unique_ptr<xrt::ip> ip_;
  xrt::uuid uuid_;
  std::map<std::string, std::string> set_;
};

TEST_F(XrtCardTest, RegistersKeepWhatIsWritten) {
  Open();
  EXPECT_EQ(ip_->read_register(loopback::kMagic), loopback::kMagicValue);
  for (uint32_t i = 0; i < 16; ++i) ip_->write_register(loopback::kScratch + 4 * i, ~i);
  for (uint32_t i = 0; i < 16; ++i) {
    EXPECT_EQ(ip_->read_register(loopback::kScratch + 4 * i), ~i);
  }
}

TEST_F(XrtCardTest, RegistersOutOfRangeThrowAndTheCardLivesOn) {
  Open();
  EXPECT_ANY_THROW(ip_->read_register(0x10000));
  EXPECT_ANY_THROW(ip_->read_register(loopback::kNoRegister));
  EXPECT_ANY_THROW(ip_->write_register(loopback::kNoRegister, 1));
  EXPECT_EQ(ip_->read_register(loopback::kMagic), loopback::kMagicValue);
}

TEST_F(XrtCardTest, OneProgramOwnsTheCard) {
  Open();
  EXPECT_ANY_THROW(xrt::ip(*device_, uuid_, kInstance));
}

TEST_F(XrtCardTest, TheCardLivesWithoutAccesses) {
  Open();
  const uint32_t before = ip_->read_register(loopback::kClockCount);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GT(ip_->read_register(loopback::kClockCount) - before, 1000u);
}

TEST_F(XrtCardTest, BuffersAreMovedWholeAndInParts) {
  Open();
  constexpr size_t kBytes = 1 << 20;
  xrt::bo buffer(*device_, kBytes, kBank);
  auto* bytes = buffer.map<uint8_t*>();
  std::vector<uint8_t> expected(kBytes);
  for (size_t i = 0; i < kBytes; ++i) expected[i] = bytes[i] = static_cast<uint8_t>(i * 31 >> 5);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);

  std::memset(bytes, 0, kBytes);
  bytes[0x1003] = expected[0x1003] = 0x77;
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, 1, 0x1003);
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE, 0x2000, 0x801);
  EXPECT_EQ(bytes[0x800], 0);
  EXPECT_EQ(bytes[0x2801], 0);
  EXPECT_EQ(std::memcmp(bytes + 0x801, expected.data() + 0x801, 0x2000), 0);

  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(std::memcmp(bytes, expected.data(), kBytes), 0);
  EXPECT_ANY_THROW(buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, kBytes, 1));
}

TEST_F(XrtCardTest, TheCardCopiesBetweenBuffers) {
  Open();
  xrt::bo from(*device_, 4096, kBank), to(*device_, 4096, kBank);
  std::memset(from.map<uint8_t*>(), 0x5e, 4096);
  from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  Copy(from.address(), to.address(), 64);
  to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(std::memcmp(to.map<uint8_t*>(), from.map<uint8_t*>(), 4096), 0);
}

TEST_F(XrtCardTest, HostOnlyBuffersNeedNoSync) {
  Open();
  xrt::bo from(*device_, 4096, xrt::bo::flags::host_only, kHostBank);
  xrt::bo to(*device_, 4096, xrt::bo::flags::host_only, kHostBank);
  std::memset(from.map<uint8_t*>(), 0x5f, 4096);
  Copy(from.address(), to.address(), 64);
  EXPECT_EQ(std::memcmp(to.map<uint8_t*>(), from.map<uint8_t*>(), 4096), 0);
}

TEST_F(XrtCardTest, ABufferThatDoesNotFitThrows) {
  Open();
  EXPECT_ANY_THROW(xrt::bo(*device_, size_t{5} << 30, kBank));
  EXPECT_ANY_THROW(xrt::bo(*device_, 4096, 7));
}

TEST_F(XrtCardTest, AFileThatIsNoXclbinIsRefused) {
  const std::string path = testing::TempDir() + "no.xclbin";
  std::ofstream(path) << "this is no xclbin" << std::string(1000, '.');
  xrt::device device(0);
  EXPECT_ANY_THROW(device.load_xclbin(path));
  EXPECT_ANY_THROW(device.load_xclbin(testing::TempDir() + "missing.xclbin"));
}

TEST_F(XrtCardTest, FramesCrossBetweenCaptureFiles) {
  const std::string folder = testing::TempDir();
  const std::string source = folder + "source.pcap";
  std::vector<Frame> frames;
  for (size_t i = 0; i < 100; ++i) frames.push_back({std::vector<uint8_t>(60 + i * 14, 0x30 + i)});
  {
    pcap_t* format = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dump_close(pcap_dump_open(format, (folder + "empty.pcap").c_str()));
    pcap_close(format);
    ASSERT_TRUE((*PcapWire::Open(folder + "empty.pcap", source))->Send(frames).ok());
  }
  const std::string out = folder + "node_out.pcap";
  Set("POINTSMAN_SIM_UPLINK", "pcap:" + source + ":" + folder + "uplink_out.pcap");
  Set("POINTSMAN_SIM_NODE", "pcap:" + folder + "empty.pcap:" + out);
  Open();
  ASSERT_TRUE(Within([&] { return ip_->read_register(loopback::kFramesCrossed) == 100; }));
  // Counted frames are in the file by the next access.
  ip_->read_register(loopback::kMagic);
  std::vector<Frame> crossed;
  ASSERT_TRUE((*PcapWire::Open(out, folder + "unused.pcap"))->Receive(1000, crossed).ok());
  ASSERT_EQ(crossed.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(crossed[i].bytes, frames[i].bytes);
}

TEST_F(XrtCardTest, FramesCrossBetweenSockets) {
  PortListener uplink_listener("xrt_card_test.uplink"), node_listener("xrt_card_test.node");
  Set("POINTSMAN_SIM_UPLINK", "unix:" + uplink_listener.path());
  Set("POINTSMAN_SIM_NODE", "unix:" + node_listener.path());
  Open();
  const FileDescriptor uplink = uplink_listener.Accept();
  const FileDescriptor node = node_listener.Accept();
  for (size_t i = 0; i < 200; ++i) {
    const std::vector<uint8_t> frame(60 + i, static_cast<uint8_t>(i));
    ASSERT_TRUE(SendFrame(uplink, frame));
    ASSERT_EQ(TakeFrame(node), frame);
    ASSERT_TRUE(SendFrame(node, frame));
    ASSERT_EQ(TakeFrame(uplink), frame);
  }
}

TEST_F(XrtCardTest, FramesCrossBetweenVethPairs) {
  const ScopedNetworkNamespace network;
  if (!network.entered() || !Shell("ip link add uplink0 type veth peer name uplink1 && "
                                   "ip link add node0 type veth peer name node1")) {
    GTEST_SKIP() << "network namespaces or veth pairs are not allowed here";
  }
  Set("POINTSMAN_SIM_UPLINK", "veth:uplink0");
  Set("POINTSMAN_SIM_NODE", "veth:node0");
  auto uplink = PacketSocketWire::Open("uplink1");
  auto node = PacketSocketWire::Open("node1");
  ASSERT_TRUE(uplink.ok() && node.ok()) << uplink.status() << node.status();
  Open();
  // The kernel's own frames (neighbour discovery) cross as well.
  const auto has_crossed = [&](const Frame& frame) {
    std::vector<Frame> crossed;
    EXPECT_TRUE((*node)->Receive(64, crossed).ok());
    const auto is_ours = [&](const Frame& other) { return other.bytes == frame.bytes; };
    return std::any_of(crossed.begin(), crossed.end(), is_ours);
  };
  // A pair whose second end has just come up loses what is sent before the kernel has noticed its
  // carrier, and says nothing.
  const Frame first{std::vector<uint8_t>(60, 0xee)};
  ASSERT_TRUE(Within([&] {
    EXPECT_TRUE((*uplink)->Send({first}).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return has_crossed(first);
  }));
  for (uint8_t i = 0; i < 50; ++i) {
    const Frame frame{std::vector<uint8_t>(60 + 25 * i, i)};
    ASSERT_TRUE((*uplink)->Send({frame}).ok());
    ASSERT_TRUE(Within([&] { return has_crossed(frame); })) << static_cast<int>(i);
  }
}

TEST_F(XrtCardTest, AHungCardThrowsForEver) {
  Open();
  xrt::bo buffer(*device_, 4096, kBank);
  ip_->write_register(loopback::kMisbehave, loopback::kHang);
  EXPECT_ANY_THROW(ip_->read_register(loopback::kMagic));
  EXPECT_ANY_THROW(ip_->write_register(loopback::kScratch, 1));
  EXPECT_ANY_THROW(buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE));
}

TEST_F(XrtCardTest, AUsedUpCycleBudgetThrows) {
  Set("POINTSMAN_SIM_CYCLE_BUDGET", "100000");
  Open();
  EXPECT_TRUE(Within([&] {
    try {
      ip_->read_register(loopback::kMagic);
      return false;
    } catch (const std::exception&) {
      return true;
    }
  }));
}

TEST_F(XrtCardTest, AFailedAssertionThrowsAndDoesNotEndTheProcess) {
  Open();
  EXPECT_ANY_THROW(ip_->write_register(loopback::kMisbehave, loopback::kFailAssertion));
  EXPECT_ANY_THROW(ip_->read_register(loopback::kMagic));
}

TEST_F(XrtCardTest, ABadEnvironmentFailsTheOpen) {
  Set("POINTSMAN_SIM_NODE", "carrier-pigeon");
  EXPECT_ANY_THROW(xrt::device(0));
}

TEST_F(XrtCardTest, AMissingCaptureFileFailsTheOpen) {
  Set("POINTSMAN_SIM_NODE", "pcap:/nowhere/in.pcap:/nowhere/out.pcap");
  EXPECT_ANY_THROW(xrt::device(0));
}

TEST_F(XrtCardTest, WritesAWaveform) {
  const std::string path = testing::TempDir() + "xrt_card_test.fst";
  std::filesystem::remove(path);
  Set("POINTSMAN_SIM_WAVEFORM", path);
  Open();
  ip_->write_register(loopback::kScratch, 1);
  ip_.reset();
  device_.reset();
  EXPECT_GT(std::filesystem::file_size(path), 1000u);
}

TEST_F(XrtCardTest, AccessesDoNotWaitForABusyClock) {
  Open();
  std::atomic<bool> stop = false;
  std::thread copier([&] {
    xrt::bo buffer(*device_, 1 << 20, kBank);
    while (!stop) buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  });
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) ip_->read_register(loopback::kMagic);
  const auto passed = std::chrono::steady_clock::now() - start;
  stop = true;
  copier.join();
  EXPECT_LT(passed, std::chrono::seconds(5));
}

}  // namespace
}  // namespace pointsman
