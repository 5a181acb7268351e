// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/yaml_document.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "rules/text_fault.h"
#include "rules/yaml_scalar_source.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/parser.h"

namespace tallybell {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr absl::string_view kStringTag = "tag:yaml.org,2002:str";

// Leaves yaml-cpp's parser from inside a callback; caught in YamlDocument::Parse.
struct Refusal {
  YAML::Mark mark;
  std::string message;
  std::string advice;
};

bool IsFlowMark(char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

int CountCharacters(absl::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
}

// Refuses what must not reach the parser, and finds the lines.
absl::Status CheckText(absl::string_view text, std::vector<size_t>* line_begins) {
  line_begins->assign(1, 0);
  if (text.size() > kMaxYamlBytes) {
    return TextFault(kMaxYamlBytes, "the file is longer than 4 MiB");
  }
  const size_t valid = ValidUtf8Prefix(text);
  if (valid != text.size()) return TextFault(valid, "the file is not valid UTF-8");
  size_t flow_marks = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsForbidden(text[i])) return TextFault(i, "a control character");
    // Behind a [ or { the parser looks ahead for the end, and keeps all that it finds on the way;
    // these two bound its memory before our own budgets can.
    if (IsFlowMark(text[i]) && ++flow_marks > kMaxYamlFlowMarks) {
      return TextFault(i, "more than 150000 brackets and commas");
    }
    if (i - line_begins->back() == kMaxYamlLineBytes) {
      return TextFault(i, "a line longer than 64 KiB");
    }
    if (text[i] == '\n') line_begins->push_back(i + 1);
  }
  return absl::OkStatus();
}

Place PlaceOfByte(absl::string_view file, absl::string_view text, size_t offset) {
  const absl::string_view before = text.substr(0, offset);
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {std::string(file), static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          CountCharacters(before.substr(line_begin)) + 1};
}

}  // namespace

// Turns yaml-cpp's events into nodes. The library's own loader would build its tree first and let
// us count afterwards; by events, a bomb is refused at the node that is one too many.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  YamlTreeBuilder(YamlDocument* document, Diagnostics* diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (document_->root_ != nullptr) {
      throw Refusal{mark, "a second document begins here", "a file holds one"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Begin(mark, "", anchor, YamlNode::Kind::kNull);
    End();
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* const node = Begin(mark, tag, anchor, YamlNode::Kind::kScalar);
    node->text = value;
    node->plain = tag == "?" || tag.empty();
    End();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchored_.find(anchor);
    if (it == anchored_.end()) {
      throw Refusal{mark, "an alias that stands for something it is part of", ""};
    }
    Count(mark, it->second.size, it->second.height);
    Attach(it->second.node, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { End(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { End(); }

  // Marks count bytes, people count characters. Marks come nearly in order, so the count goes on
  // from the last one; a long line would be counted anew for each of its nodes otherwise.
  Place PlaceOf(const YAML::Mark& mark) {
    const size_t line = mark.is_null() ? 0 : mark.line;
    if (mark.is_null() || line >= document_->line_begins_.size()) return {document_->file_, 0, 0};
    if (mark.line != counted_.line || mark.column < counted_.bytes) counted_ = {mark.line, 0, 0};
    const absl::string_view between = absl::string_view(document_->text_)
                                          .substr(document_->line_begins_[line] + counted_.bytes)
                                          .substr(0, mark.column - counted_.bytes);
    counted_.bytes = mark.column;
    counted_.characters += CountCharacters(between);
    return {document_->file_, mark.line + 1, counted_.characters + 1};
  }

 private:
  // What an alias stands for, with its weight.
  struct Anchored {
    const YamlNode* node;
    size_t size;
    int height;
  };
  struct Open {
    YamlNode* node;
    YAML::Mark mark;
    YAML::anchor_t anchor;
    size_t size_before;
    int height = 1;
    const YamlNode* key = nullptr;  // of a map: waits for its value
    std::unordered_set<std::string> keys;
  };

  // Adds to the budgets; an alias brings a whole tree.
  void Count(const YAML::Mark& mark, size_t nodes, int height) {
    size_ += nodes;
    if (size_ > kMaxYamlNodes) {
      throw Refusal{mark, "more than 100000 YAML nodes", "an alias counts as all it stands for"};
    }
    if (static_cast<int>(open_.size()) + height > kMaxYamlDepth) {
      throw Refusal{mark, "more than 50 levels of YAML", ""};
    }
    for (size_t i = 0; i < open_.size(); ++i) {
      open_[i].height = std::max(open_[i].height, static_cast<int>(open_.size() - i) + height);
    }
  }

  YamlNode* Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YamlNode::Kind kind) {
    Count(mark, 1, 1);
    if (!tag.empty() && tag != "?" && tag != "!" && tag != kStringTag) {
      throw Refusal{mark, absl::StrCat("the tag \"", tag, "\" means nothing here"), ""};
    }
    document_->nodes_.push_back(std::make_unique<YamlNode>());
    YamlNode* const node = document_->nodes_.back().get();
    const Place place = PlaceOf(mark);
    node->kind = kind;
    node->line = place.line;
    node->column = place.column;
    Open open;
    open.node = node;
    open.mark = mark;
    open.anchor = anchor;
    open.size_before = size_ - 1;
    open_.push_back(std::move(open));
    return node;
  }

  void End() {
    const Open open = std::move(open_.back());
    open_.pop_back();
    // An anchor may be given anew; the later one stands from then on.
    if (open.anchor != 0) {
      anchored_[open.anchor] = {open.node, size_ - open.size_before, open.height};
    }
    Attach(open.node, open.mark);
  }

  void Attach(const YamlNode* node, const YAML::Mark& mark) {
    if (open_.empty()) {
      document_->root_ = node;
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::kSequence) {
      parent.node->items.push_back(node);
    } else if (parent.key == nullptr) {
      if (node->kind != YamlNode::Kind::kScalar) {
        throw Refusal{mark, "a key must be a plain text", ""};
      }
      parent.key = node;
    } else {
      AttachEntry(&parent, node);
    }
  }

  void AttachEntry(Open* parent, const YamlNode* value) {
    const YamlNode* const key = std::exchange(parent->key, nullptr);
    if (parent->keys.insert(key->text).second) {
      parent->node->entries.push_back({key, value});
      return;
    }
    Diagnostic diagnostic;
    diagnostic.place = {document_->file_, key->line, key->column};
    diagnostic.message = absl::StrCat("the key \"", key->text, "\" is here twice");
    diagnostics_->Add(std::move(diagnostic));
  }

  YamlDocument* document_;
  Diagnostics* diagnostics_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchored_;
  size_t size_ = 0;
  struct {
    int line = 0;
    int bytes = 0;
    int characters = 0;
  } counted_;  // the place that was asked for last
};

namespace {

// Whether the whole text could be read.
bool ParseEvents(const std::string& text, YamlTreeBuilder* builder, Diagnostics* diagnostics) {
  const auto refuse = [&](const YAML::Mark& mark, std::string message, std::string advice) {
    Diagnostic diagnostic;
    diagnostic.place = builder->PlaceOf(mark);
    diagnostic.message = std::move(message);
    diagnostic.advice = std::move(advice);
    diagnostics->Add(std::move(diagnostic));
  };
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(*builder)) {
    }
    return true;
  } catch (const Refusal& refusal) {
    refuse(refusal.mark, refusal.message, refusal.advice);
  } catch (const YAML::Exception& exception) {
    refuse(exception.mark, absl::StrCat("not YAML: ", exception.msg), "");
  } catch (const std::exception& exception) {
    refuse(YAML::Mark::null_mark(), absl::StrCat("not YAML: ", exception.what()), "");
  }
  return false;
}

}  // namespace

YamlDocument YamlDocument::Parse(absl::string_view file, absl::string_view text,
                                 Diagnostics* diagnostics) {
  static const YamlNode* const kNothing = new YamlNode();
  YamlDocument document;
  document.file_ = std::string(file);
  document.root_ = kNothing;
  if (absl::StartsWith(text, kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const absl::Status fault = CheckText(text, &document.line_begins_); !fault.ok()) {
    diagnostics->Add({Diagnostic::Kind::kError,
                      PlaceOfByte(document.file_, text, TextFaultOffset(fault)), "",
                      std::string(fault.message()), ""});
    return document;
  }
  document.text_ = std::string(text);
  document.root_ = nullptr;
  YamlTreeBuilder builder(&document, diagnostics);
  document.ok_ = ParseEvents(document.text_, &builder, diagnostics);
  if (document.root_ == nullptr || !document.ok_) document.root_ = kNothing;
  return document;
}

Place YamlDocument::PlaceOf(const YamlNode& node) const { return {file_, node.line, node.column}; }

Place YamlDocument::PlaceInside(const YamlNode& scalar, size_t offset) const {
  if (scalar.kind != YamlNode::Kind::kScalar || scalar.line <= 0) return PlaceOf(scalar);
  size_t begin = line_begins_[scalar.line - 1];
  for (int column = 1; column < scalar.column; ++column) {
    begin = std::min(text_.size(), begin + 1);
    while (begin < text_.size() && (static_cast<unsigned char>(text_[begin]) & 0xC0) == 0x80) {
      ++begin;
    }
  }
  const std::optional<size_t> at = FindInScalarSource(text_, begin, scalar.text, offset);
  if (!at) return PlaceOf(scalar);
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), *at);
  const size_t line_begin = *(after - 1);
  const absl::string_view before = absl::string_view(text_).substr(line_begin, *at - line_begin);
  return {file_, static_cast<int>(after - line_begins_.begin()), CountCharacters(before) + 1};
}

}  // namespace tallybell
