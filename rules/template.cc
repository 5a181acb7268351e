// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template.h"

#include <utility>

#include "engine/base/utf8.h"
#include "rules/template_tree.h"

namespace tallybell {
namespace {

constexpr size_t kMaxRenderedBytes = 64 * 1024;
// What one rendering may do at most, in steps and in bytes of values made on the way: ranges
// within ranges grow as a power of the lines.
constexpr size_t kMaxSteps = 200'000;
constexpr size_t kMaxBytes = 4 << 20;

const std::vector<std::string>& NoLines() {
  static const auto* const lines = new std::vector<std::string>();
  return *lines;
}

const Labels& NoLabels() {
  static const auto* const labels = new Labels();
  return *labels;
}

// One rendering of one template.
class Rendering {
 public:
  Rendering(const TemplateInput& input, int slots) : input_(input), slots_(slots) {}

  void Render(const std::vector<Template::Node>& nodes) {
    for (const Template::Node& node : nodes) {
      if (!Spend(1, 0)) return;
      RenderNode(node);
    }
  }

  std::string TakeOutput() { return std::move(out_); }

 private:
  // False once the rendering has cost too much or its text is full.
  bool Spend(size_t steps, size_t bytes) {
    steps_ += steps;
    bytes_ += bytes;
    return steps_ <= kMaxSteps && bytes_ <= kMaxBytes && out_.size() < kMaxRenderedBytes;
  }

  void Append(absl::string_view text) {
    const absl::string_view fits = Utf8Truncate(text, kMaxRenderedBytes - out_.size());
    out_.append(fits.data(), fits.size());
    // A full text stays full, also where a character did not fit into its last bytes.
    if (fits.size() < text.size()) steps_ = kMaxSteps;
  }

  void RenderNode(const Template::Node& node) {
    switch (node.kind) {
      case Template::Node::Kind::kList:
        Render(node.body);
        break;
      case Template::Node::Kind::kText:
        Append(node.text);
        break;
      case Template::Node::Kind::kPrint:
        Append(TemplateText(Evaluate(node.expr)));
        break;
      case Template::Node::Kind::kDeclare:
        slots_[node.slot] = Evaluate(node.expr);
        break;
      case Template::Node::Kind::kIf:
        Render(TemplateTruth(Evaluate(node.expr)) ? node.body : node.otherwise);
        break;
      case Template::Node::Kind::kRange:
        RenderRange(node);
        break;
    }
  }

  void RenderRange(const Template::Node& node) {
    const TemplateValue over = Evaluate(node.expr);
    if (!TemplateTruth(over)) return Render(node.otherwise);
    const auto turn = [this, &node](TemplateValue key, std::string element) {
      if (!Spend(1, element.size())) return false;
      slots_[node.slot] = std::move(element);
      if (node.key_slot >= 0) slots_[node.key_slot] = std::move(key);
      Render(node.body);
      return true;
    };
    if (const auto* lines = std::get_if<const std::vector<std::string>*>(&over)) {
      for (size_t i = 0; i < (*lines)->size(); ++i) {
        if (!turn(TemplateNumber::Whole(static_cast<int64_t>(i)), (**lines)[i])) return;
      }
    } else if (const auto* labels = std::get_if<const Labels*>(&over)) {
      for (const Labels::Pair& pair : (*labels)->pairs()) {
        if (!turn(pair.first, pair.second)) return;
      }
    }
  }

  TemplateValue Evaluate(const TemplateExpr& expr) {
    TemplateValue value = EvaluateFreely(expr);
    if (auto* text = std::get_if<std::string>(&value)) {
      if (text->size() > kMaxRenderedBytes) {
        text->resize(Utf8Truncate(*text, kMaxRenderedBytes).size());
      }
      if (!Spend(1, text->size())) text->clear();
    }
    return value;
  }

  TemplateValue EvaluateFreely(const TemplateExpr& expr) {
    switch (expr.kind) {
      case TemplateExpr::Kind::kLiteral:
        return expr.literal;
      case TemplateExpr::Kind::kLabels:
        return input_.labels == nullptr ? &NoLabels() : input_.labels;
      case TemplateExpr::Kind::kValue:
        return TemplateNumber::Whole(input_.value, input_.exact);
      case TemplateExpr::Kind::kLines:
        return input_.lines == nullptr ? &NoLines() : input_.lines;
      case TemplateExpr::Kind::kSlot:
        return slots_[expr.slot];
      case TemplateExpr::Kind::kField: {
        const TemplateValue labels = Evaluate(expr.args[0]);
        const auto* const pairs = std::get_if<const Labels*>(&labels);
        return pairs == nullptr ? std::string() : std::string((*pairs)->Get(expr.field));
      }
      case TemplateExpr::Kind::kCall:
        break;
    }
    std::vector<TemplateValue> args;
    for (const TemplateExpr& arg : expr.args) args.push_back(Evaluate(arg));
    return expr.function->call(args);
  }

  const TemplateInput& input_;
  std::vector<TemplateValue> slots_;
  std::string out_;
  size_t steps_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

std::string Template::Render(const TemplateInput& input) const {
  if (root_ == nullptr) return "";
  Rendering rendering(input, root_->slots);
  rendering.Render(root_->body);
  return rendering.TakeOutput();
}

}  // namespace tallybell
