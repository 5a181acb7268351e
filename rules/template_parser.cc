// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "rules/diagnostics.h"
#include "rules/template_lexer.h"
#include "rules/template_printf.h"
#include "rules/template_tree.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

// Brackets, ifs and ranges within one another.
constexpr int kMaxDepth = 32;
constexpr size_t kMaxTemplateBytes = 64 * 1024;

using Kind = TemplateToken::Kind;

}  // namespace

// Reads the pieces of one template into a tree, by recursive descent, and knows the type of every
// expression on the way.
class TemplateParser {
 public:
  explicit TemplateParser(Template* result) : result_(result) {}

  absl::Status Parse(absl::string_view text) {
    if (text.size() > kMaxTemplateBytes) return TextFault(0, "the template is longer than 64 KiB");
    ASSIGN_OR_RETURN(pieces_, LexTemplate(text));
    auto root = std::make_shared<Template::Node>();
    RETURN_IF_ERROR(ParseList(&root->body));
    if (next_piece_ <= pieces_.size() && !closing_.empty()) {
      return TextFault(token().offset, absl::StrCat("there is no if or range for this ", closing_));
    }
    root->slots = slots_;
    result_->root_ = std::move(root);
    return absl::OkStatus();
  }

 private:
  struct Variable {
    std::string name;  // empty for the dot of a range
    int slot;
    TemplateType type;
  };

  const TemplateToken& token() const { return pieces_[next_piece_ - 1].tokens[next_token_]; }
  bool Is(Kind kind) const { return token().kind == kind; }
  bool IsWord(absl::string_view word) const { return Is(Kind::kWord) && token().text == word; }
  void Advance() { ++next_token_; }

  // Reads nodes up to the template's end or to an `else` or `end`, which `closing_` then names.
  absl::Status ParseList(std::vector<Template::Node>* nodes) {
    const size_t variables_before = variables_.size();
    closing_.clear();
    while (next_piece_ < pieces_.size()) {
      const TemplatePiece& piece = pieces_[next_piece_++];
      next_token_ = 0;
      if (!piece.text.empty()) {
        Template::Node node;
        node.kind = Template::Node::Kind::kText;
        node.text = piece.text;
        nodes->push_back(std::move(node));
      }
      if (piece.tokens.empty()) continue;
      if (IsWord("else") || IsWord("end")) {
        closing_ = token().text;
        break;
      }
      RETURN_IF_ERROR(ParseAction(nodes));
    }
    variables_.resize(variables_before);
    return absl::OkStatus();
  }

  absl::Status ParseAction(std::vector<Template::Node>* nodes) {
    Template::Node node;
    if (IsWord("if") || IsWord("range")) {
      const bool is_if = IsWord("if");
      const size_t offset = token().offset;
      Advance();
      RETURN_IF_ERROR(Deeper(offset));
      RETURN_IF_ERROR(is_if ? ParseIf(offset, &node) : ParseRange(offset, &node));
      --depth_;
    } else if (Is(Kind::kVariable) && Next(Kind::kDeclare)) {
      RETURN_IF_ERROR(ParseDeclaration(&node));
    } else {
      node.kind = Template::Node::Kind::kPrint;
      RETURN_IF_ERROR(ParsePipeline(Kind::kEnd, &node.expr));
      RETURN_IF_ERROR(RefuseEverything(node.expr));
    }
    nodes->push_back(std::move(node));
    return absl::OkStatus();
  }

  bool Next(Kind kind) const {
    return !Is(Kind::kEnd) && pieces_[next_piece_ - 1].tokens[next_token_ + 1].kind == kind;
  }

  absl::Status Deeper(size_t offset) {
    if (++depth_ <= kMaxDepth) return absl::OkStatus();
    return TextFault(offset, "more than 32 levels of ( ), if and range");
  }

  absl::Status ParseIf(size_t offset, Template::Node* node) {
    node->kind = Template::Node::Kind::kIf;
    RETURN_IF_ERROR(ParsePipeline(Kind::kEnd, &node->expr));
    RETURN_IF_ERROR(RefuseEverything(node->expr));
    RETURN_IF_ERROR(ParseList(&node->body));
    if (closing_ == "else") {
      Advance();
      if (IsWord("if")) {
        const size_t inner_offset = token().offset;
        Advance();
        RETURN_IF_ERROR(Deeper(inner_offset));
        node->otherwise.emplace_back();
        RETURN_IF_ERROR(ParseIf(offset, &node->otherwise.back()));
        --depth_;
        return absl::OkStatus();  // the inner one has read the end of both
      }
      RETURN_IF_ERROR(ExpectActionEnd());
      RETURN_IF_ERROR(ParseList(&node->otherwise));
    }
    return ExpectEnd(offset, "if");
  }

  absl::Status ParseRange(size_t offset, Template::Node* node) {
    node->kind = Template::Node::Kind::kRange;
    std::vector<std::string> names;
    RETURN_IF_ERROR(ParseRangeNames(&names));
    const size_t expr_offset = token().offset;
    RETURN_IF_ERROR(ParsePipeline(Kind::kEnd, &node->expr));
    const TemplateType type = node->expr.type;
    if (type != TemplateType::kLines && type != TemplateType::kLabels) {
      return TextFault(expr_offset, absl::StrCat("range goes over $lines or $labels, not over ",
                                                 TemplateTypeName(type)));
    }
    const size_t variables_before = variables_.size();
    node->slot = slots_++;
    variables_.push_back({"", node->slot, TemplateType::kText});
    if (!names.empty()) variables_.push_back({names.back(), node->slot, TemplateType::kText});
    if (names.size() == 2) {
      node->key_slot = slots_++;
      variables_.push_back(
          {names[0], node->key_slot,
           type == TemplateType::kLines ? TemplateType::kNumber : TemplateType::kText});
    }
    RETURN_IF_ERROR(ParseList(&node->body));
    variables_.resize(variables_before);
    if (closing_ == "else") {
      Advance();
      RETURN_IF_ERROR(ExpectActionEnd());
      RETURN_IF_ERROR(ParseList(&node->otherwise));
    }
    return ExpectEnd(offset, "range");
  }

  // "$line :=" or "$i, $line :=".
  absl::Status ParseRangeNames(std::vector<std::string>* names) {
    if (!Is(Kind::kVariable) || (!Next(Kind::kComma) && !Next(Kind::kDeclare))) {
      return absl::OkStatus();
    }
    names->push_back(token().text);
    Advance();
    if (Is(Kind::kComma)) {
      Advance();
      if (!Is(Kind::kVariable)) return TextFault(token().offset, "expected a variable");
      names->push_back(token().text);
      Advance();
    }
    if (!Is(Kind::kDeclare)) return TextFault(token().offset, "expected :=");
    Advance();
    return absl::OkStatus();
  }

  absl::Status ParseDeclaration(Template::Node* node) {
    node->kind = Template::Node::Kind::kDeclare;
    const std::string name = token().text;
    const size_t offset = token().offset;
    Advance();
    Advance();
    RETURN_IF_ERROR(ParsePipeline(Kind::kEnd, &node->expr));
    RETURN_IF_ERROR(RefuseEverything(node->expr));
    if (name.empty()) return TextFault(offset, "a variable needs a name");
    node->slot = slots_++;
    variables_.push_back({name, node->slot, node->expr.type});
    return absl::OkStatus();
  }

  absl::Status ExpectEnd(size_t offset, absl::string_view what) {
    if (closing_.empty()) return TextFault(offset, absl::StrCat("this ", what, " has no end"));
    if (closing_ == "else") return TextFault(token().offset, "a second else");
    closing_.clear();
    Advance();
    return ExpectActionEnd();
  }

  absl::Status ExpectActionEnd() {
    if (Is(Kind::kEnd)) return absl::OkStatus();
    return TextFault(token().offset, "expected }} here");
  }

  static absl::Status RefuseEverything(const TemplateExpr& expr) {
    if (expr.type != TemplateType::kEverything) return absl::OkStatus();
    return TextFault(expr.offset, ". stands for everything here", "use .Labels, .Value or .Lines");
  }

  // Commands joined with |: each gets the one before as its last argument.
  absl::Status ParsePipeline(Kind end, TemplateExpr* expr) {
    RETURN_IF_ERROR(ParseCommand(nullptr, expr));
    while (Is(Kind::kPipe)) {
      Advance();
      TemplateExpr piped = std::move(*expr);
      *expr = TemplateExpr();
      if (++pipes_ > kMaxPipes) return TextFault(piped.offset, "more than 1000 pipes");
      RETURN_IF_ERROR(ParseCommand(&piped, expr));
    }
    if (!Is(end)) {
      return TextFault(token().offset, end == Kind::kEnd ? "expected }} here" : "expected ) here");
    }
    if (end == Kind::kClose) Advance();
    return absl::OkStatus();
  }

  absl::Status ParseCommand(TemplateExpr* piped, TemplateExpr* expr) {
    const size_t offset = token().offset;
    if (Is(Kind::kWord) && token().text != "true" && token().text != "false") {
      return ParseCall(piped, expr);
    }
    if (piped != nullptr) return TextFault(offset, "behind a | stands a function");
    RETURN_IF_ERROR(ParseOperand(expr));
    if (Is(Kind::kEnd) || Is(Kind::kPipe) || Is(Kind::kClose)) return absl::OkStatus();
    return TextFault(token().offset, "two values without a function",
                     "a function comes first: printf \"%s\" $labels.host");
  }

  absl::Status ParseCall(TemplateExpr* piped, TemplateExpr* expr) {
    expr->kind = TemplateExpr::Kind::kCall;
    expr->offset = token().offset;
    expr->function = FindTemplateFunction(token().text);
    if (expr->function == nullptr) return UnknownFunction();
    Advance();
    while (!Is(Kind::kEnd) && !Is(Kind::kPipe) && !Is(Kind::kClose)) {
      expr->args.emplace_back();
      RETURN_IF_ERROR(ParseOperand(&expr->args.back()));
    }
    if (piped != nullptr) expr->args.push_back(std::move(*piped));
    std::vector<TemplateType> types;
    for (const TemplateExpr& arg : expr->args) types.push_back(arg.type);
    if (const absl::Status status = CheckTemplateCall(*expr->function, types); !status.ok()) {
      return MoveTextFault(status, expr->offset);
    }
    expr->type = expr->function->result;
    return expr->function->name == "printf" ? CheckPrintf(*expr) : absl::OkStatus();
  }

  absl::Status UnknownFunction() const {
    const std::string nearest = NearestWord(token().text, TemplateFunctionNames());
    return TextFault(token().offset, absl::StrCat("unknown function \"", token().text, "\""),
                     nearest.empty() ? "" : absl::StrCat("did you mean \"", nearest, "\"?"));
  }

  // A format that came from a log line could do anything; one that is written here is checked.
  static absl::Status CheckPrintf(const TemplateExpr& expr) {
    const TemplateExpr& format = expr.args[0];
    if (format.kind != TemplateExpr::Kind::kLiteral || format.type != TemplateType::kText) {
      return TextFault(format.offset, "printf needs a format in quotes");
    }
    const absl::StatusOr<int> verbs = CountPrintfVerbs(std::get<std::string>(format.literal));
    if (!verbs.ok()) return MoveTextFault(verbs.status(), format.offset);
    const int values = static_cast<int>(expr.args.size()) - 1;
    if (*verbs == values) return absl::OkStatus();
    return TextFault(format.offset, absl::StrCat("printf: the format has ", *verbs,
                                                 " verbs, and there are ", values, " values"));
  }

  absl::Status ParseOperand(TemplateExpr* expr) {
    const TemplateToken& first = token();
    expr->offset = first.offset;
    switch (first.kind) {
      case Kind::kText:
        expr->literal = first.text;
        break;
      case Kind::kNumber:
        expr->literal = first.number;
        expr->type = TemplateType::kNumber;
        break;
      case Kind::kVariable:
        Advance();
        RETURN_IF_ERROR(ResolveVariable(first, expr));
        return ParseFields(expr);
      case Kind::kField:
        RETURN_IF_ERROR(ResolveDot(first, expr));
        if (first.text.empty()) Advance();
        return first.text.empty() ? absl::OkStatus() : ParseFields(expr, true);
      case Kind::kOpen:
        Advance();
        RETURN_IF_ERROR(Deeper(first.offset));
        RETURN_IF_ERROR(ParsePipeline(Kind::kClose, expr));
        --depth_;
        return absl::OkStatus();
      case Kind::kWord:
        if (first.text != "true" && first.text != "false") {
          return TextFault(first.offset, absl::StrCat("\"", first.text, "\" is not a value"),
                           FindTemplateFunction(first.text) == nullptr
                               ? "a text stands in double quotes"
                               : "put a call within a call into ( )");
        }
        expr->literal = first.text == "true";
        expr->type = TemplateType::kBool;
        break;
      default:
        return TextFault(first.offset, "expected a value here");
    }
    Advance();
    return absl::OkStatus();
  }

  absl::Status ResolveVariable(const TemplateToken& variable, TemplateExpr* expr) {
    // A variable declared later hides one declared before.
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->name.empty() || it->name != variable.text) continue;
      expr->kind = TemplateExpr::Kind::kSlot;
      expr->slot = it->slot;
      expr->type = it->type;
      return absl::OkStatus();
    }
    if (variable.text.empty()) {
      expr->type = TemplateType::kEverything;
      return absl::OkStatus();
    }
    if (ResolveInput(variable.text, {"labels", "value", "lines"}, expr)) return absl::OkStatus();
    std::vector<std::string> known = {"labels", "value", "lines"};
    for (const Variable& declared : variables_) known.push_back(declared.name);
    const std::string nearest = NearestWord(variable.text, known);
    return TextFault(variable.offset, absl::StrCat("unknown variable \"$", variable.text, "\""),
                     nearest.empty() ? "there are $labels, $value and $lines"
                                     : absl::StrCat("did you mean \"$", nearest, "\"?"));
  }

  // Makes `expr` the part of the input that `name` is among labels, value, lines, in that order.
  bool ResolveInput(absl::string_view name, std::initializer_list<absl::string_view> names,
                    TemplateExpr* expr) {
    const absl::string_view* const known = names.begin();
    if (name == known[0]) {
      expr->kind = TemplateExpr::Kind::kLabels;
      expr->type = TemplateType::kLabels;
    } else if (name == known[1]) {
      expr->kind = TemplateExpr::Kind::kValue;
      expr->type = TemplateType::kNumber;
      result_->uses_value_ = true;
    } else if (name == known[2]) {
      expr->kind = TemplateExpr::Kind::kLines;
      expr->type = TemplateType::kLines;
      result_->uses_lines_ = true;
    } else {
      return false;
    }
    return true;
  }

  // What a dot stands for: the element of the innermost range, or everything.
  absl::Status ResolveDot(const TemplateToken& dot, TemplateExpr* expr) {
    expr->type = TemplateType::kEverything;
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (!it->name.empty()) continue;
      expr->kind = TemplateExpr::Kind::kSlot;
      expr->slot = it->slot;
      expr->type = it->type;
      break;
    }
    if (!dot.text.empty() && expr->type == TemplateType::kText) {
      return TextFault(dot.offset,
                       absl::StrCat("within a range . is a text, it has no .", dot.text),
                       absl::StrCat("$.", dot.text, " stands for the outer one"));
    }
    return absl::OkStatus();
  }

  // Fields glued to an operand: $labels.host, .Labels.host.
  absl::Status ParseFields(TemplateExpr* expr, bool first = false) {
    while (Is(Kind::kField) && (first || !token().space_before)) {
      first = false;
      const TemplateToken& field = token();
      if (field.text.empty()) return TextFault(field.offset, "expected a name behind the dot");
      if (expr->type == TemplateType::kEverything) {
        if (!ResolveInput(field.text, {"Labels", "Value", "Lines"}, expr)) {
          return TextFault(field.offset, absl::StrCat("there is no .", field.text),
                           "there are .Labels, .Value and .Lines");
        }
      } else if (expr->type == TemplateType::kLabels) {
        TemplateExpr labels = std::move(*expr);
        *expr = TemplateExpr();
        expr->kind = TemplateExpr::Kind::kField;
        expr->offset = labels.offset;
        expr->field = field.text;
        result_->label_names_.insert(field.text);
        expr->args.push_back(std::move(labels));
      } else {
        return TextFault(field.offset,
                         absl::StrCat(TemplateTypeName(expr->type), " has no .", field.text));
      }
      Advance();
    }
    return absl::OkStatus();
  }

  static constexpr int kMaxPipes = 1000;

  Template* result_;
  std::vector<TemplatePiece> pieces_;
  size_t next_piece_ = 0;
  size_t next_token_ = 0;
  std::string closing_;  // "else" or "end" that ended the last list
  std::vector<Variable> variables_;
  int slots_ = 0;
  int depth_ = 0;
  int pipes_ = 0;
};

absl::StatusOr<Template> Template::Parse(absl::string_view text) {
  Template result;
  result.text_ = std::string(text);
  RETURN_IF_ERROR(TemplateParser(&result).Parse(text));
  return result;
}

}  // namespace tallybell
