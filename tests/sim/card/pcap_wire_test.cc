#include "sim/card/pcap_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

class PcapWireTest : public testing::Test {
 protected:
  std::string Path(const char* name) {
    return testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() +
           name;
  }

  // A capture file with one frame of each size, filled with the size.
  std::string WriteCapture(const char* name, const std::vector<size_t>& sizes) {
    const std::string path = Path(name);
    auto empty = PcapWire::Open(SourceCapture(), path);
    EXPECT_TRUE(empty.ok()) << empty.status();
    std::vector<Frame> frames;
    for (const size_t size : sizes) {
      frames.push_back(
          {std::vector<uint8_t>(size, static_cast<uint8_t>(size)), false, size * 1000});
    }
    EXPECT_TRUE((*empty)->Send(frames).ok());
    return path;
  }

  // A capture file without frames, made by libpcap itself.
  std::string SourceCapture(int link_type = DLT_EN10MB) {
    const std::string path = Path("source.pcap");
    pcap_t* format = pcap_open_dead(link_type, 65535);
    pcap_dumper_t* dumper = pcap_dump_open(format, path.c_str());
    pcap_dump_close(dumper);
    pcap_close(format);
    return path;
  }
};

TEST_F(PcapWireTest, ReadsWhatItWrote) {
  const std::string path = WriteCapture("in.pcap", {60, 1514, 61});
  auto wire = PcapWire::Open(path, Path("out.pcap"));
  ASSERT_TRUE(wire.ok()) << wire.status();
  std::vector<Frame> frames;
  ASSERT_TRUE((*wire)->Receive(2, frames).ok());
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].bytes, std::vector<uint8_t>(1514, static_cast<uint8_t>(1514)));
  ASSERT_TRUE((*wire)->Receive(10, frames).ok());
  ASSERT_TRUE((*wire)->Receive(10, frames).ok());
  EXPECT_EQ(frames.size(), 3u);
}

TEST_F(PcapWireTest, WritesSimulatedTime) {
  const std::string path = WriteCapture("in.pcap", {1234});
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* capture =
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error);
  ASSERT_NE(capture, nullptr) << error;
  pcap_pkthdr header;
  ASSERT_NE(pcap_next(capture, &header), nullptr);
  EXPECT_EQ(header.ts.tv_sec, 0);
  EXPECT_EQ(header.ts.tv_usec, 1234000);
  pcap_close(capture);
}

TEST_F(PcapWireTest, ATruncatedFileIsAnErrorThatNamesFileAndFrame) {
  const std::string path = WriteCapture("in.pcap", {60, 1514});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  auto wire = PcapWire::Open(path, Path("out.pcap"));
  ASSERT_TRUE(wire.ok());
  std::vector<Frame> frames;
  const absl::Status status = (*wire)->Receive(10, frames);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path + ": frame 2"));
  EXPECT_EQ(frames.size(), 1u);
}

TEST_F(PcapWireTest, AFrameTooLongForAPortIsAnError) {
  const std::string path = WriteCapture("in.pcap", {kMaxFrameBytes + 1});
  auto wire = PcapWire::Open(path, Path("out.pcap"));
  ASSERT_TRUE(wire.ok());
  std::vector<Frame> frames;
  const absl::Status status = (*wire)->Receive(10, frames);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path));
}

TEST_F(PcapWireTest, FilesThatAreNoCaptureOfEthernetAreRefused) {
  const std::string text = Path("text.pcap");
  std::ofstream(text) << "hello, this is no capture file at all";
  const std::string empty = Path("empty.pcap");
  std::ofstream(empty).close();
  const std::string loopback = SourceCapture(DLT_NULL);
  for (const std::string& path : {text, empty, loopback, Path("missing.pcap")}) {
    const auto wire = PcapWire::Open(path, Path("out.pcap"));
    ASSERT_FALSE(wire.ok()) << path;
    EXPECT_THAT(std::string(wire.status().message()), HasSubstr(path));
  }
}

TEST_F(PcapWireTest, AnOutputThatCannotBeWrittenIsNamed) {
  const auto wire = PcapWire::Open(SourceCapture(), "/nowhere/out.pcap");
  EXPECT_EQ(wire.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(wire.status().message()), HasSubstr("/nowhere/out.pcap"));
}

}  // namespace
}  // namespace pointsman
