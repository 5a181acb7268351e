// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_files.h"

#include "engine/run/container_files.h"
#include "engine/run/plain_files.h"
#include "engine/source/own_container.h"

namespace tallybell {

std::unique_ptr<SourceFiles> SourceFiles::Make(const FileSourceConfig* config, Metrics* metrics) {
  if (config->kind == FileSourceConfig::Kind::kFile) {
    return std::make_unique<PlainFiles>(config, metrics);
  }
  return std::make_unique<ContainerFiles>(config, OwnContainer::OfThisProcess(), metrics);
}

}  // namespace tallybell
