// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Feeds a libFuzzer target without libFuzzer: the files of its corpus, then mutations of them.
// Usage: target [CORPUS_FILE_OR_DIRECTORY...]. When the target dies, stderr names the input, and
// its bytes are in the file fuzz-input of the working directory.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// A sanitizer's report must end in the signal that names the input.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

constexpr uint32_t kSeed = 20240501;
constexpr int kMutations = 400;  // of all inputs together
constexpr size_t kMaxInput = 64 << 10;

const std::string* current = nullptr;
char current_name[256];

// Only calls that a signal handler may make.
void NameInputAndDie(int signal_number) {
  const char kBefore[] = "died on ";
  const char kAfter[] = "; its bytes are in ./fuzz-input\n";
  size_t name_size = 0;
  while (current_name[name_size] != '\0') ++name_size;
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, kBefore, sizeof(kBefore) - 1);
  written = write(STDERR_FILENO, current_name, name_size);
  written = write(STDERR_FILENO, kAfter, sizeof(kAfter) - 1);
  const int fd = open("fuzz-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0 && current != nullptr) written = write(fd, current->data(), current->size());
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void Feed(const std::string& name, const std::string& input) {
  snprintf(current_name, sizeof(current_name), "%s", name.c_str());
  current = &input;
  // A buffer of the very size, so that a sanitizer sees a read past its end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  current = nullptr;
}

class Mutator {
 public:
  Mutator() : random_(kSeed) {}

  std::string Mutate(const std::vector<std::string>& inputs) {
    std::string text = inputs[Below(inputs.size())];
    for (size_t i = 0, changes = 1 + Below(6); i < changes; ++i) Change(inputs, &text);
    text.resize(std::min(text.size(), kMaxInput));
    return text;
  }

 private:
  size_t Below(size_t n) { return n == 0 ? 0 : random_() % n; }

  std::string Piece(const std::string& text) {
    const size_t begin = Below(text.size() + 1);
    return text.substr(begin, Below(64));
  }

  void Change(const std::vector<std::string>& inputs, std::string* text) {
    // What readers of text trip over.
    static const std::string kTokens[] = {"\n",
                                          "\r\n",
                                          std::string(1, '\0'),
                                          "\xff",
                                          "\xc3",
                                          "\xef\xbb\xbf",
                                          "\"",
                                          "\\",
                                          "'",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          "(",
                                          ")",
                                          ":",
                                          "-",
                                          "0",
                                          "99999999999999999999",
                                          "\t",
                                          "\x1b[31m",
                                          "\\u0000",
                                          "{{ ",
                                          " }}",
                                          "\xed\xa0\x80",
                                          "  ",
                                          "/",
                                          "%",
                                          "*",
                                          "&"};
    const size_t at = Below(text->size() + 1);
    switch (Below(6)) {
      case 0:
        if (!text->empty()) (*text)[Below(text->size())] ^= static_cast<char>(1 << Below(8));
        break;
      case 1:
        text->erase(at, Below(32));
        break;
      case 2:
        text->insert(at, Piece(*text));
        break;
      case 3:
        text->insert(at, Piece(inputs[Below(inputs.size())]));
        break;
      case 4:
        text->insert(at, kTokens[Below(std::size(kTokens))]);
        break;
      default:
        text->resize(at);
    }
  }

  std::mt19937 random_;
};

// Sorted, so that a mutation's number names the same bytes everywhere.
std::vector<std::filesystem::path> CorpusFiles(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else if (std::filesystem::exists(argv[i])) {
      files.push_back(argv[i]);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    signal(number, NameInputAndDie);
  }
  std::vector<std::string> inputs = {""};
  Feed("the empty input", inputs[0]);
  const std::vector<std::filesystem::path> files = CorpusFiles(argc, argv);
  for (const std::filesystem::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    Feed(file.string(), inputs.back());
  }
  Mutator mutator;
  for (int i = 0; i < kMutations; ++i) {
    Feed("mutation " + std::to_string(i) + " of seed " + std::to_string(kSeed),
         mutator.Mutate(inputs));
  }
  printf("%zu corpus files, %d mutations\n", files.size(), kMutations);
  return 0;
}
