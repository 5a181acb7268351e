// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/own_container.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr char kId[] = "3f4b1a0c9d2e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a";
constexpr char kOther[] = "c0ffee0c9d2e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a";
constexpr char kUid[] = "2c48913c-b29f-11e7-9350-020968147796";

OwnContainer FromCgroup(const std::string& text) {
  OwnContainer::Facts facts;
  facts.cgroup = text;
  return OwnContainer(facts);
}

OwnContainer FromMounts(const std::string& text) {
  OwnContainer::Facts facts;
  facts.cgroup = "0::/\n";
  facts.mountinfo = text;
  return OwnContainer(facts);
}

TEST(OwnContainerTest, IsToldByTheControlGroupsOfDocker) {
  const std::string version1 =
      absl::StrCat("12:pids:/docker/", kId, "\n11:hugetlb:/docker/", kId,
                   "\n1:name=systemd:/docker/", kId, "\n0::/system.slice/containerd.service\n");
  EXPECT_TRUE(FromCgroup(version1).IsContainer(kId));
  EXPECT_FALSE(FromCgroup(version1).IsContainer(kOther));
  EXPECT_TRUE(
      FromCgroup(absl::StrCat("0::/system.slice/docker-", kId, ".scope\n")).IsContainer(kId));
}

TEST(OwnContainerTest, IsTheInnermostOfContainersWithinContainers) {
  const OwnContainer own =
      FromCgroup(absl::StrCat("4:memory:/docker/", kOther, "/docker/", kId, "\n"));
  EXPECT_TRUE(own.IsContainer(kId));
  EXPECT_FALSE(own.IsContainer(kOther));
}

TEST(OwnContainerTest, IsToldByTheControlGroupsOfPodman) {
  EXPECT_TRUE(FromCgroup(absl::StrCat("0::/machine.slice/libpod-", kId, ".scope/container\n"))
                  .IsContainer(kId));
  EXPECT_TRUE(
      FromCgroup(absl::StrCat("0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-",
                              kId, ".scope\n"))
          .IsContainer(kId));
}

TEST(OwnContainerTest, IsToldByTheControlGroupsOfPods) {
  const OwnContainer plain =
      FromCgroup(absl::StrCat("11:cpu:/kubepods/besteffort/pod", kUid, "/", kId, "\n"));
  EXPECT_TRUE(plain.IsContainer(kId));
  EXPECT_TRUE(plain.IsInPod("any", kUid, "any"));
  EXPECT_FALSE(plain.IsInPod("any", "11112222-b29f-11e7-9350-020968147796", "any"));
  const OwnContainer systemd = FromCgroup(
      absl::StrCat("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2c48913c_"
                   "b29f_11e7_9350_020968147796.slice/cri-containerd-",
                   kId, ".scope\n"));
  EXPECT_TRUE(systemd.IsContainer(kId));
  EXPECT_TRUE(systemd.IsInPod("any", kUid, "any"));
  const OwnContainer guaranteed =
      FromCgroup("0::/kubepods.slice/kubepods-pod2c48913c_b29f_11e7_9350_020968147796.slice/x\n");
  EXPECT_TRUE(guaranteed.IsInPod("any", kUid, "any"));
}

TEST(OwnContainerTest, IsToldByTheFilesThatTheRuntimeMountsOverItsOwn) {
  const OwnContainer docker =
      FromMounts(absl::StrCat("1263 1245 254:1 /var/lib/docker/containers/", kId,
                              "/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw\n"
                              "1264 1245 254:1 /var/lib/docker/containers/",
                              kId, "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n"));
  EXPECT_TRUE(docker.IsContainer(kId));
  const OwnContainer podman = FromMounts(
      absl::StrCat("755 740 0:24 /containers/storage/overlay-containers/", kId,
                   "/userdata/hostname /etc/hostname rw,nosuid,nodev - tmpfs tmpfs rw\n"));
  EXPECT_TRUE(podman.IsContainer(kId));
}

TEST(OwnContainerTest, IsOneContainerOfItsPodWhereTheMountsSayWhich) {
  const OwnContainer own = FromMounts(absl::StrCat(
      "900 890 254:1 /var/lib/kubelet/pods/", kUid,
      "/etc-hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw\n"
      "901 890 254:1 /var/lib/kubelet/pods/",
      kUid,
      "/containers/tallybell/1a2b3c4d /dev/termination-log rw,relatime - ext4 /dev/vda1 rw\n"));
  EXPECT_TRUE(own.IsInPod("anka-0", kUid, "tallybell"));
  EXPECT_FALSE(own.IsInPod("anka-0", kUid, "controller"));
}

TEST(OwnContainerTest, OnAHostThereIsNoneThoughContainersAreMountedThere) {
  const OwnContainer own =
      FromMounts(absl::StrCat("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                              "301 27 0:50 / /var/lib/docker/containers/",
                              kId,
                              "/mounts/shm rw - tmpfs shm rw\n"
                              "302 27 0:51 / /var/lib/docker/overlay2/",
                              kId, "/merged rw - overlay overlay rw\n"));
  EXPECT_FALSE(own.IsContainer(kId));
  EXPECT_FALSE(own.IsInPod("pod", kUid, "container"));
}

TEST(OwnContainerTest, IsKnownByItsHostNameWhereNothingElseSaysIt) {
  OwnContainer::Facts facts;
  facts.host_name = std::string(kId).substr(0, 12) + "\n";
  EXPECT_TRUE(OwnContainer(facts).IsContainer(kId));
  EXPECT_FALSE(OwnContainer(facts).IsContainer(kOther));
  facts.host_name = "anka-controller-0\n";
  EXPECT_TRUE(OwnContainer(facts).IsInPod("anka-controller-0", kUid, "any"));
  EXPECT_FALSE(OwnContainer(facts).IsInPod("anka-controller-1", kUid, "any"));
  EXPECT_FALSE(OwnContainer(facts).IsContainer(kId));
}

TEST(OwnContainerTest, TakesAnythingForFacts) {
  OwnContainer::Facts facts;
  facts.cgroup =
      std::string(1000, ':') + "\n::\n:\n" + std::string(200, 'a') + "\n0::/kubepods/pod";
  facts.mountinfo = std::string(100, ' ') + "\n1 2 3 /pods/ /etc/hosts x\n\0\n1 2 3 4";
  facts.host_name = std::string(1, '\0');
  const OwnContainer own(facts);
  EXPECT_FALSE(own.IsContainer(""));
  EXPECT_FALSE(own.IsInPod("", "", ""));
  EXPECT_FALSE(OwnContainer().IsContainer(""));
  EXPECT_FALSE(OwnContainer().IsInPod("", "", ""));
}

}  // namespace
}  // namespace tallybell
