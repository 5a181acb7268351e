// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/serve/strict_markup.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

constexpr absl::string_view kEntities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

bool IsNameChar(char c) { return absl::ascii_isalnum(c) || c == '-'; }

// Text or an attribute's value, decoded into `*out`; what is wrong with it.
std::string Decode(absl::string_view raw, std::string* out) {
  for (size_t at = 0; (at = raw.find('&', at)) != absl::string_view::npos; ++at) {
    const absl::string_view rest = raw.substr(at);
    const bool known =
        std::any_of(std::begin(kEntities), std::end(kEntities),
                    [&](absl::string_view entity) { return absl::StartsWith(rest, entity); });
    if (!known) return absl::StrCat("a stray &: ", rest.substr(0, 20));
  }
  for (const char c : raw) {
    if (c == '<' || c == '>') return absl::StrCat("a stray bracket in ", raw.substr(0, 60));
    if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f') return "a control character";
  }
  absl::StrAppend(
      out,
      absl::StrReplaceAll(
          raw, {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}));
  return "";
}

// What stands between < and >, without a slash at its end.
std::string ReadElement(absl::string_view tag, StrictMarkup::Element* element) {
  size_t at = 0;
  while (at < tag.size() && IsNameChar(tag[at])) ++at;
  element->name = std::string(tag.substr(0, at));
  if (element->name.empty()) return absl::StrCat("no name in <", tag, ">");
  while (at < tag.size()) {
    if (tag[at] != ' ') return absl::StrCat("no blank in <", tag, ">");
    const size_t begin = ++at;
    while (at < tag.size() && IsNameChar(tag[at])) ++at;
    const std::string name(tag.substr(begin, at - begin));
    if (name.empty() || !absl::StartsWith(tag.substr(at), "=\"") || absl::StartsWith(name, "on") ||
        name == "style") {
      return absl::StrCat("attribute \"", name, "\" in <", tag, ">");
    }
    const size_t end = tag.find('"', at + 2);
    if (end == absl::string_view::npos) return absl::StrCat("no end in <", tag, ">");
    std::string value;
    const std::string fault = Decode(tag.substr(at + 2, end - at - 2), &value);
    if (!fault.empty()) return fault;
    if (!element->attributes.emplace(name, value).second) return absl::StrCat("twice: ", name);
    at = end + 1;
  }
  return "";
}

}  // namespace

StrictMarkup StrictMarkup::Read(absl::string_view markup) {
  StrictMarkup page;
  if (ValidUtf8Prefix(markup) != markup.size()) page.fault = "no UTF-8";
  absl::ConsumePrefix(&markup, "<!DOCTYPE html>\n");
  std::vector<std::string> open;
  std::set<std::string> ids;
  while (page.fault.empty() && !markup.empty()) {
    const size_t begin = std::min(markup.find('<'), markup.size());
    page.fault = Decode(markup.substr(0, begin), &page.text);
    markup.remove_prefix(begin);
    if (markup.empty() || !page.fault.empty()) break;
    const size_t end = markup.find('>');
    if (end == absl::string_view::npos) {
      page.fault = "a tag without an end";
      break;
    }
    absl::string_view tag = markup.substr(1, end - 1);
    markup.remove_prefix(end + 1);
    if (absl::ConsumePrefix(&tag, "/")) {
      if (open.empty() || open.back() != tag) page.fault = absl::StrCat("closes too much: ", tag);
      if (!open.empty()) open.pop_back();
      continue;
    }
    const bool closed = absl::ConsumeSuffix(&tag, "/");
    Element element;
    page.fault = ReadElement(tag, &element);
    const auto id = element.attributes.find("id");
    if (id != element.attributes.end() && !ids.insert(id->second).second) {
      page.fault = absl::StrCat("two of id ", id->second);
    }
    if (!closed) open.push_back(element.name);
    page.elements.push_back(std::move(element));
  }
  if (page.fault.empty() && !open.empty()) page.fault = absl::StrCat("open: ", open.back());
  return page;
}

int StrictMarkup::Count(absl::string_view name) const {
  return static_cast<int>(std::count_if(elements.begin(), elements.end(),
                                        [&](const Element& e) { return e.name == name; }));
}

bool StrictMarkup::HasId(absl::string_view id) const {
  return std::any_of(elements.begin(), elements.end(), [&](const Element& e) {
    const auto found = e.attributes.find("id");
    return found != e.attributes.end() && found->second == id;
  });
}

}  // namespace tallybell
