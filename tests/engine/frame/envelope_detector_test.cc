// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope_detector.h"

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr absl::string_view kDockerLine =
    R"({"log":"a\n","stream":"stdout","time":"2026-11-21T07:57:29Z"})";
constexpr absl::string_view kCriLine = "2026-11-21T07:57:29Z stdout F a";

TEST(EnvelopeDetectorTest, KnowsEachEnvelopeByItsFirstLine) {
  EnvelopeDetector docker;
  EXPECT_EQ(docker.kind(), EnvelopeKind::kNone);
  docker.Add(kDockerLine);
  EXPECT_EQ(docker.kind(), EnvelopeKind::kDocker);
  EnvelopeDetector cri;
  cri.Add(kCriLine);
  EXPECT_EQ(cri.kind(), EnvelopeKind::kCri);
}

TEST(EnvelopeDetectorTest, ALineThatWasCutAtTheBeginningDoesNotMatter) {
  EnvelopeDetector detector;
  detector.Add(kDockerLine.substr(20));
  EXPECT_EQ(detector.kind(), EnvelopeKind::kNone);
  detector.Add(kDockerLine);
  EXPECT_EQ(detector.kind(), EnvelopeKind::kDocker);
}

TEST(EnvelopeDetectorTest, AnApplicationsOwnJsonIsNoEnvelope) {
  EnvelopeDetector detector;
  for (int i = 0; i < 10; ++i) detector.Add(R"({"log":"a","time":"2026-11-21T07:57:29Z"})");
  EXPECT_EQ(detector.kind(), EnvelopeKind::kNone);
}

TEST(EnvelopeDetectorTest, OneLineThatQuotesAnEnvelopeIsNotEnough) {
  EnvelopeDetector detector;
  for (int i = 0; i < 3; ++i) detector.Add("plain");
  detector.Add(kDockerLine);
  EXPECT_EQ(detector.kind(), EnvelopeKind::kNone);
}

TEST(EnvelopeDetectorTest, SettlesAfterAHundredLines) {
  EnvelopeDetector detector;
  for (int i = 0; i < EnvelopeDetector::kMaxLines; ++i) {
    EXPECT_FALSE(detector.settled());
    detector.Add("");
    detector.Add("plain\r");
  }
  EXPECT_TRUE(detector.settled());
  for (int i = 0; i < 500; ++i) detector.Add(kCriLine);
  EXPECT_EQ(detector.kind(), EnvelopeKind::kNone);
}

TEST(EnvelopeDetectorTest, KnowsRealFiles) {
  const auto kind_of = [](absl::string_view name) {
    std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/", name));
    EXPECT_TRUE(file.is_open()) << name;
    EnvelopeDetector detector;
    for (std::string line; std::getline(file, line);) detector.Add(line);
    return detector.kind();
  };
  EXPECT_EQ(kind_of("wrapped/derived_docker_json_etcd34_zap.log"), EnvelopeKind::kDocker);
  EXPECT_EQ(kind_of("wrapped/derived_docker_json_partial_16k.log"), EnvelopeKind::kDocker);
  EXPECT_EQ(kind_of("wrapped/derived_cri_etcd34_zap.log"), EnvelopeKind::kCri);
  EXPECT_EQ(kind_of("wrapped/docker_compose_anka_registry_panic.log"), EnvelopeKind::kCompose);
  EXPECT_EQ(kind_of("klog_real.log"), EnvelopeKind::kNone);
}

}  // namespace
}  // namespace tallybell
