// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as a template, the others as name=value labels and as lines: what a value holds
// is never looked at for actions, and what a template does not ask for does not show.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "rules/template.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Labels;
using tallybell::Require;
using tallybell::Template;

constexpr size_t kMaxRendered = 64 * 1024;

std::string Render(const Template& parsed, const Labels& labels, int64_t value,
                   const std::vector<std::string>& lines) {
  tallybell::TemplateInput input;
  input.labels = &labels;
  input.value = value;
  input.exact = value % 2 == 0;
  input.lines = &lines;
  std::string text = parsed.Render(input);
  Require(text.size() <= kMaxRendered);
  return text;
}

void Check(const Template& parsed, const Labels& labels, const std::vector<std::string>& lines) {
  const std::string text = Render(parsed, labels, 4, lines);
  if (!parsed.uses_value()) {
    Require(Render(parsed, labels, 7'777'777, lines) == text);
  }
  if (!parsed.uses_lines()) {
    Require(Render(parsed, labels, 4, {"{{ $value }}", "other"}) == text);
  }
  if (!absl::StrContains(parsed.text(), "{{"))
    Require(text == parsed.text().substr(0, kMaxRendered));
  // Labels that nobody names show only where all of them are asked for.
  const bool asks_for_all = parsed.text().find_first_of("$.") != std::string::npos;
  if (!asks_for_all) Require(Render(parsed, Labels(), 4, lines) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const absl::StatusOr<Template> parsed = Template::Parse(input.Part('\0'));
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed.status()));
    return 0;
  }
  Labels labels{{"host", "{{ $value }}"}, {"job", "{{ printf \"%s\" $labels.host }}"}};
  std::vector<std::string> lines = {"{{ $value }}", "{{ range $lines }}{{ . }}{{ end }}"};
  while (!input.empty() && lines.size() < 20) {
    const absl::string_view text = input.Line();
    tallybell::FuzzInput line(text);
    const absl::string_view name = line.Part('=');
    labels.Set(name, line.rest());
    lines.emplace_back(text);
  }
  Check(*parsed, labels, lines);
  // A template that only shows a label shows it as it is, whatever that looks like.
  static const Template kShow = *Template::Parse("<{{ $labels.host }}>");
  Require(Render(kShow, labels, 4, lines) == "<" + std::string(labels.Get("host")) + ">");
  return 0;
}
