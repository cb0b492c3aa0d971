// Messages through shared memory, and memory that the other side has damaged.
#include "host/cardd/message_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>
#include <thread>

namespace pointsman::cardd {
namespace {

using Bytes = std::vector<uint8_t>;

class MessageRingTest : public testing::Test {
 protected:
  MessageRingTest() : bytes_(2 * kMessageBytesMax) {}

  absl::StatusCode ReadAfter(uint64_t written, uint64_t length) {
    std::memcpy(bytes_.data(), &length, sizeof(length));
    indices_.written = written;
    Bytes message;
    return RingReader(indices_, bytes_).Read(message).status().code();
  }

  RingIndices indices_;
  Bytes bytes_;
};

TEST_F(MessageRingTest, GivesMessagesInOrderRoundAndRound) {
  RingWriter writer(indices_, bytes_);
  RingReader reader(indices_, bytes_);
  std::mt19937 random(1);
  std::deque<Bytes> expected;
  for (int i = 0; i < 2000; ++i) {
    Bytes message(random() % (random() % 50 == 0 ? kMessageBytesMax + 1 : 3000),
                  static_cast<uint8_t>(i));
    if (writer.Write(message).value()) expected.push_back(message);
    while (expected.size() > random() % 40) {
      Bytes got;
      ASSERT_TRUE(reader.Read(got).value());
      ASSERT_EQ(got, expected.front());
      expected.pop_front();
    }
  }
  Bytes got;
  for (; !expected.empty(); expected.pop_front()) {
    ASSERT_TRUE(reader.Read(got).value());
    ASSERT_EQ(got, expected.front());
  }
  EXPECT_FALSE(reader.Read(got).value());
}

TEST_F(MessageRingTest, SaysWhenThereIsNoRoom) {
  RingWriter writer(indices_, bytes_);
  const Bytes message(kMessageBytesMax - 8);
  EXPECT_TRUE(writer.Write(message).value());
  EXPECT_TRUE(writer.Write(message).value());
  EXPECT_FALSE(writer.Write({}).value());
  Bytes got;
  EXPECT_TRUE(RingReader(indices_, bytes_).Read(got).value());
  EXPECT_TRUE(writer.Write({}).value());
  EXPECT_EQ(writer.Write(Bytes(kMessageBytesMax + 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(MessageRingTest, BelievesNoImpossibleIndexOrLength) {
  EXPECT_EQ(ReadAfter(8, 0), absl::StatusCode::kOk);
  EXPECT_EQ(ReadAfter(4, 0), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAfter(2 * kMessageBytesMax + 8, 0), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAfter(~uint64_t{0}, 0), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAfter(64, 57), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAfter(64, ~uint64_t{0}), absl::StatusCode::kInternal);
  EXPECT_EQ(ReadAfter(2 * kMessageBytesMax, kMessageBytesMax + 1), absl::StatusCode::kInternal);
  indices_.read = 1;
  EXPECT_EQ(RingWriter(indices_, bytes_).Write({}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(MessageRingTest, TwoThreadsLoseNothing) {
  constexpr uint32_t kMessages = 20'000;
  std::thread other([this] {
    RingWriter writer(indices_, bytes_);
    for (uint32_t i = 0; i < kMessages;) {
      Bytes message(4 + i % 97);
      std::memcpy(message.data(), &i, sizeof(i));
      if (writer.Write(message).value()) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  RingReader reader(indices_, bytes_);
  uint32_t wrong = 0;
  Bytes message;
  for (uint32_t i = 0; i < kMessages;) {
    if (!reader.Read(message).value()) {
      std::this_thread::yield();
      continue;
    }
    uint32_t number = 0;
    std::memcpy(&number, message.data(), sizeof(number));
    wrong += number != i || message.size() != 4 + i % 97;
    ++i;
  }
  other.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace pointsman::cardd
