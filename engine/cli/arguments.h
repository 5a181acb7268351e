// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_ARGUMENTS_H_
#define TALLYBELL_ENGINE_CLI_ARGUMENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tallybell {

// One option of a subcommand, and the line about it in --help.
struct OptionSpec {
  absl::string_view name;   // without the dashes
  absl::string_view value;  // what --help calls its value; empty: a switch
  absl::string_view help;
};

// A subcommand's command line, read: options as --name value or --name=value, in any order with
// the operands; "--" ends the options, "-" is an operand.
class Arguments {
 public:
  // InvalidArgument with a sentence for people: unknown options (and the nearest known one),
  // missing values.
  static absl::StatusOr<Arguments> Parse(absl::Span<const OptionSpec> specs,
                                         const std::vector<std::string>& words);

  // Whether the option was given.
  bool Has(absl::string_view name) const { return values_.contains(std::string(name)); }
  // The value that was given last, or `otherwise`.
  std::string Get(absl::string_view name, absl::string_view otherwise = "") const;
  // All values, in order.
  std::vector<std::string> All(absl::string_view name) const;

  const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

// The options as --help lists them.
std::string DescribeOptions(absl::Span<const OptionSpec> specs);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_ARGUMENTS_H_
