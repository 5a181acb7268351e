// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/archive.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/packed_text.h"

namespace tallybell {
namespace {

std::string SomeLines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) absl::StrAppend(&text, "line ", i, " ", i * 7919 % 1000, "\n");
  return text;
}

class ArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/archive_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string Path(absl::string_view name) { return absl::StrCat(dir_, "/", name); }

  std::string Write(const std::string& bytes) {
    std::ofstream(Path("file"), std::ios::binary) << bytes;
    return Path("file");
  }

  // All that can be read, and the error at the end of it in `status`.
  std::string ReadAll(absl::string_view path, absl::Status* status, size_t at_a_time = 10007) {
    absl::StatusOr<std::unique_ptr<Archive>> archive = OpenForReplay(path);
    *status = archive.status();
    std::string all;
    std::string buffer(at_a_time, '\0');
    while (status->ok()) {
      const absl::StatusOr<size_t> n = (*archive)->Read(buffer.data(), buffer.size());
      *status = n.status();
      if (!n.ok() || *n == 0) break;
      all.append(buffer, 0, *n);
    }
    if (archive.ok() && (*archive)->facts().regular) {
      EXPECT_LE((*archive)->position(), (*archive)->facts().size);
    }
    return all;
  }

  std::string dir_;
};

TEST_F(ArchiveTest, ReadsAPlainFileAndSaysHowFarItHasGot) {
  const std::string text = SomeLines(1000);
  const std::string path = Write(text);
  absl::Status status;
  EXPECT_EQ(ReadAll(path, &status), text);
  EXPECT_TRUE(status.ok()) << status;
  const auto archive = OpenForReplay(path);
  ASSERT_TRUE(archive.ok());
  EXPECT_EQ((*archive)->facts().size, text.size());
  char byte[1];
  EXPECT_EQ((*archive)->Read(byte, 1).value(), 1);
  EXPECT_EQ((*archive)->position(), 1);
}

TEST_F(ArchiveTest, ReadsAnEmptyFile) {
  absl::Status status;
  EXPECT_EQ(ReadAll(Write(""), &status), "");
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ArchiveTest, ReadsGzipAndZstdByTheirFirstBytes) {
  const std::string text = SomeLines(100'000);
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    absl::Status status;
    EXPECT_EQ(ReadAll(Write(packed), &status), text);
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(ArchiveTest, ReadsAllMembersOfAnArchive) {
  for (const std::string& packed :
       {Gzip("one\n") + Gzip("") + Gzip("two\n"), Zstd("one\n") + Zstd("") + Zstd("two\n")}) {
    absl::Status status;
    EXPECT_EQ(ReadAll(Write(packed), &status), "one\ntwo\n");
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(ArchiveTest, TakesNulBytesBehindGzipAsPadding) {
  absl::Status status;
  EXPECT_EQ(ReadAll(Write(Gzip("one\n") + std::string(1000, '\0')), &status), "one\n");
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ArchiveTest, GivesWhatItCanOfAnArchiveThatIsCutOff) {
  const std::string text = SomeLines(100'000);
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    absl::Status status;
    const std::string part = ReadAll(Write(packed.substr(0, packed.size() / 2)), &status);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_GT(part.size(), text.size() / 10);
    EXPECT_EQ(part, text.substr(0, part.size()));
  }
}

TEST_F(ArchiveTest, SaysThatAnArchiveIsDamagedWhereverABitIsWrong) {
  const std::string text = SomeLines(2000);
  const std::string packed = Gzip(text);
  for (size_t i = 10; i < packed.size(); i += packed.size() / 100 + 1) {
    std::string damaged = packed;
    damaged[i] ^= 0x10;
    absl::Status status;
    ReadAll(Write(damaged), &status);
    EXPECT_FALSE(status.ok()) << "byte " << i;
  }
}

TEST_F(ArchiveTest, WhatIsGivenBeforeADamageDoesNotDependOnHowMuchIsReadAtATime) {
  const std::string text = SomeLines(60'000);
  for (const std::string& packed : {Gzip(text), Zstd(text), Zstd(text) + Zstd(text)}) {
    size_t given = 0;
    for (size_t i = 1; i < 40; ++i) {
      std::string damaged = packed;
      damaged[i * packed.size() / 40] ^= 1 << i % 8;
      const std::string path = Write(damaged);
      absl::Status status;
      const std::string expected = ReadAll(path, &status, 1 << 20);
      given += expected.size();
      for (const size_t at_a_time : {1'001, 131'072, 262'144, 300'000}) {
        absl::Status other;
        ASSERT_TRUE(ReadAll(path, &other, at_a_time) == expected) << i << ", " << at_a_time;
        ASSERT_EQ(other, status) << i << ", " << at_a_time;
      }
    }
    // About the half of it on average.
    EXPECT_GT(given, 39 * text.size() / 3);
  }
}

TEST_F(ArchiveTest, StopsAnArchiveThatSwellsBeyondItsRatio) {
  // 1 GiB in a few KiB of zstd.
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string packed;
  const std::string zeros(1 << 20, 'a');
  std::string out(ZSTD_CStreamOutSize(), '\0');
  for (int i = 0; i <= 256; ++i) {
    ZSTD_inBuffer in = {zeros.data(), i < 256 ? zeros.size() : 0, 0};
    size_t left = 1;
    while (in.pos < in.size || (i == 256 && left != 0)) {
      ZSTD_outBuffer to = {out.data(), out.size(), 0};
      left = ZSTD_compressStream2(context, &to, &in, i < 256 ? ZSTD_e_continue : ZSTD_e_end);
      packed.append(out, 0, to.pos);
    }
  }
  ZSTD_freeCCtx(context);
  const std::string path = Write(packed);
  absl::Status status;
  const size_t read = ReadAll(path, &status).size();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_GE(read, Archive::kRatioFree);
  EXPECT_LT(read, Archive::kRatioFree + (2 << 20));
  EXPECT_EQ(ReadAll(path, &status, 700'000).size(), read);
}

TEST_F(ArchiveTest, NamesCompressedFormatsItDoesNotRead) {
  absl::Status status;
  ReadAll(Write(std::string("\xfd"
                            "7zXZ\0\0\0",
                            8)),
          &status);
  EXPECT_EQ(status, absl::InvalidArgumentError("xz is not supported; decompress it first"));
  ReadAll(Write("BZh91AY&SY..."), &status);
  EXPECT_EQ(status, absl::InvalidArgumentError("bzip2 is not supported; decompress it first"));
  EXPECT_EQ(ReadAll(Write("BZh"), &status), "BZh");
}

TEST_F(ArchiveTest, RefusesWhatIsNotAFile) {
  absl::Status status;
  ReadAll(dir_, &status);
  EXPECT_EQ(status, absl::InvalidArgumentError("is a directory"));
  ReadAll("/dev/zero", &status);
  EXPECT_EQ(status, absl::InvalidArgumentError("is a device"));
  ReadAll(Path("missing"), &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

TEST_F(ArchiveTest, WaitsForTheWriterOfANamedPipe) {
  const std::string path = Path("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path, std::ios::binary) << Gzip("one\ntwo\n"); });
  absl::Status status;
  EXPECT_EQ(ReadAll(path, &status), "one\ntwo\n");
  EXPECT_TRUE(status.ok()) << status;
  writer.join();
}

}  // namespace
}  // namespace tallybell
