#include "host/kept/kept_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <map>

#include "tests/support/kept_folder.h"

namespace pointsman {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr uint64_t kMagic = 0x31747365747374;
constexpr uint32_t kRows = 8;

// All of one number, as it was written; long, so that the process is killed in the middle of one.
struct Row {
  std::array<uint64_t, 8192> content{};
  uint32_t seen = 0;
  static Row Of(uint64_t number) {
    Row row;
    row.content.fill(number);
    return row;
  }
  bool IsWhole() const { return std::ranges::count(content, content[0]) == std::ssize(content); }
};

class KeptRowsTest : public test::KeptFolderTest {
 protected:
  std::string Path() const { return folder_ / "rows"; }

  KeptRows<Row> Open(uint64_t magic = kMagic, uint32_t rows = kRows) {
    note_.clear();
    auto opened = KeptRows<Row>::Open(Path(), magic, rows, note_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : KeptRows<Row>();
  }

  // What there is, by index.
  static std::map<uint32_t, uint64_t> Numbers(KeptRows<Row>& rows) {
    std::map<uint32_t, uint64_t> numbers;
    rows.Retain([&](uint32_t index, const Row& row) {
      EXPECT_TRUE(row.IsWhole());
      numbers[index] = row.content[0];
      return true;
    });
    return numbers;
  }

  std::string note_;
};

TEST_F(KeptRowsTest, TheNextProcessFindsWhatThereIs) {
  {
    KeptRows<Row> rows = Open();
    EXPECT_THAT(Numbers(rows), IsEmpty());
    for (uint64_t number = 10; number < 14; ++number) rows.Add(Row::Of(number));
    rows.Remove(1);
    rows.Set(2, &Row::seen, 77U);
  }
  KeptRows<Row> rows = Open();
  EXPECT_EQ(note_, "");
  EXPECT_THAT(Numbers(rows), ElementsAre(Pair(0, 10), Pair(2, 12), Pair(3, 13)));
  rows.Retain([](uint32_t index, const Row& row) {
    EXPECT_EQ(row.seen, index == 2 ? 77u : 0u);
    return index != 3;
  });
  EXPECT_EQ(rows.Add(Row::Of(20)), 3u);
  EXPECT_EQ(rows.Add(Row::Of(21)), 1u);
  EXPECT_EQ(rows.Add(Row::Of(22)), 4u);
}

TEST_F(KeptRowsTest, EveryPlaceIsUsedAgain) {
  for (int generation = 0; generation < 3; ++generation) {
    KeptRows<Row> rows = Open();
    for (uint64_t number = 0; number < kRows; ++number) rows.Add(Row::Of(number));
    EXPECT_EQ(Numbers(rows).size(), kRows);
    for (uint32_t index = 0; index < kRows; ++index) rows.Remove(index);
  }
}

TEST_F(KeptRowsTest, WithoutAFileNothingHappens) {
  KeptRows<Row> rows;
  rows.Remove(rows.Add(Row::Of(1)));
  rows.Set(0, &Row::seen, 1U);
  EXPECT_THAT(Numbers(rows), IsEmpty());
}

TEST_F(KeptRowsTest, ARowIsWholeOrNotThereWheneverItsProcessIsKilled) {
  for (int round = 0; round < 10; ++round) {
    KillWhile([this] {
      static KeptRows<Row> rows = Open();
      static uint64_t number = 0;
      static uint32_t index = rows.Add(Row::Of(0));
      rows.Remove(std::exchange(index, rows.Add(Row::Of(++number))));
    });
    KeptRows<Row> rows = Open();
    ASSERT_EQ(note_, "");
    // The one, or both in the moment between; none is lost.
    const std::map<uint32_t, uint64_t> numbers = Numbers(rows);
    EXPECT_GE(numbers.size(), 1u);
    EXPECT_LE(numbers.size(), 2u);
    for (const auto& [index, number] : numbers) {
      EXPECT_GT(number, 0u);
      rows.Remove(index);
    }
  }
}

TEST_F(KeptRowsTest, WhatSomebodyElseWroteIsSetAside) {
  const auto expect_aside = [&](const char* why, uint32_t rows = kRows) {
    KeptRows<Row> opened = Open(kMagic, rows);
    EXPECT_THAT(note_, HasSubstr("/rows: "));
    EXPECT_THAT(note_, HasSubstr(why));
    EXPECT_THAT(Numbers(opened), IsEmpty());
    EXPECT_TRUE(std::filesystem::remove(Path() + ".set-aside"));
    opened.Add(Row::Of(1));
  };
  Open().Add(Row::Of(1));
  expect_aside("another version", kRows + 1);
  expect_aside("another version");
  std::ofstream(Path(), std::ios::trunc) << "a shopping list";
  expect_aside("is too short");
  std::ofstream(Path(), std::ios::trunc);
  expect_aside("is empty");
  Overwrite(Path(), 0, "PNG");
  expect_aside("not a file of this kind");
  Overwrite(Path(), offsetof(KeptRowsHead, used), "\xff");
  expect_aside("is damaged");
  Overwrite(Path(), offsetof(KeptRowsHead, file.boot_id), "another start");
  expect_aside("from before the machine started");
  std::filesystem::resize_file(Path(), std::filesystem::file_size(Path()) - 1);
  expect_aside("has another size");
}

}  // namespace
}  // namespace pointsman
