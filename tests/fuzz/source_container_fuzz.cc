// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as the path of a container's log and as a stored position, the rest as docker's
// config.v2.json and as what /proc says of us.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "engine/base/utf8.h"
#include "engine/source/container_labels.h"
#include "engine/source/container_path.h"
#include "engine/source/file_position.h"
#include "engine/source/own_container.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::ContainerPath;
using tallybell::FilePosition;
using tallybell::Require;

void CheckPath(absl::string_view path) {
  ContainerPath parsed;
  tallybell::IsCompressedName(path);
  if (!ContainerPath::Parse(path, &parsed)) return;
  Require(absl::StartsWith(path, parsed.directory));
  for (const absl::string_view part :
       {parsed.id, parsed.space, parsed.pod, parsed.uid, parsed.container}) {
    Require(part.empty() ||
            (part.data() >= path.data() && part.data() + part.size() <= path.data() + path.size()));
    Require(!absl::StrContains(part, '/'));
  }
  if (parsed.kind == ContainerPath::Kind::kDocker) {
    Require(parsed.id.size() >= 12);
    tallybell::OwnContainer().IsContainer(parsed.id);
  } else {
    Require(!parsed.pod.empty() && !parsed.container.empty());
  }
}

void CheckConfig(absl::string_view config) {
  const std::string id(64, 'a');
  const tallybell::ContainerLabels found = tallybell::ContainerLabels::OfDocker(id, config);
  Require(!found.labels.Get("container").empty());
  Require(found.unknown == (found.labels.Get("container") == id.substr(0, 12)) ||
          absl::StrContains(config, id.substr(0, 12)));
  for (const auto& [name, value] : found.labels.pairs()) {
    Require(tallybell::IsLabelName(name) && value.size() <= 256);
    Require(tallybell::ValidUtf8Prefix(value) == value.size());
  }
}

void CheckPosition(absl::string_view text) {
  const absl::StatusOr<FilePosition> position = FilePosition::Decode(text);
  if (!position.ok()) return;
  Require(position->Encode() == text && !position->Key().empty());
  Require(FilePosition::Decode(position->Encode()).value() == *position);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const absl::string_view first = input.Line();
  CheckPath(first);
  CheckPosition(first);
  CheckConfig(input.rest());
  tallybell::OwnContainer::Facts facts;
  facts.cgroup = facts.mountinfo = std::string(input.rest());
  facts.host_name = std::string(first);
  const tallybell::OwnContainer own(facts);
  own.IsContainer(first);
  own.IsInPod(first, input.rest().substr(0, 36), "c");
  Require(!own.IsInPod("", "", "") || !facts.host_name.empty() || !facts.cgroup.empty());
  return 0;
}
