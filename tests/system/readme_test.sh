#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# The commands of README.md, run, print what README.md shows.
#
# A fenced block of language "console" holds commands after "$ " and below each what it prints. One
# that is followed by nothing is run for its exit code only; a line of "..." stands for any lines.
# The quick start is run with the built binary, so what it says of packages and building is passed
# over; where a block changes directory, later commands of the block are run there.
# A block of another language is not run, but files that it names by a first line "# path" must
# hold the rest of the block.
set -euo pipefail

root=${TALLYBELL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: "${TALLYBELL:?the built binary}"
export TALLYBELL

# "tallybell" in a command is the built one.
mkdir -p "$work/bin"
ln -sf "$TALLYBELL" "$work/bin/tallybell"
PATH=$work/bin:$PATH

python3 - "$root" <<'PYTHON'
import re
import subprocess
import sys

root = sys.argv[1]
text = open(root + "/README.md", encoding="utf-8").read()
faults = []
ran = 0


def normal(line):
    # How long it took is the machine's own.
    line = re.sub(r"\d+\.\d\d s, \d+\.\d\d GB/s", "N s, N GB/s", line)
    return re.sub(r"\S*/tallybell replay YOUR", "build/tallybell replay YOUR", line).rstrip()


def agrees(shown, printed):
    if not shown:
        return True
    shown = [line for line in shown if not line.startswith(("packages: ", "build: "))]
    while shown and not shown[0]:
        shown.pop(0)
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(normal(line)) + r"\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(normal(line) + "\n" for line in printed)) is not None


def run(command, shown, directory):
    global ran
    ran += 1
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; " + command], cwd=directory, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, encoding="utf-8")
    if done.returncode != 0:
        faults.append(f"$ {command}\nexit code {done.returncode}\n{done.stderr}")
    elif not agrees(shown, done.stdout.splitlines()):
        faults.append(f"$ {command}\nprints\n{done.stdout}README.md shows\n" + "\n".join(shown))


for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
    lines = block.splitlines()
    if language == "console":
        steps = []
        for line in lines:
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif steps:
                steps[-1][1].append(line)
        directory = root
        for command, shown in steps:
            if command.startswith("cd "):
                directory = f"{directory}/{command[3:]}"
                continue
            while shown and not shown[-1]:
                shown.pop()
            run(command, shown, directory)
    elif lines and (named := re.fullmatch(r"# (\S+/\S+\.yaml)", lines[0])):
        ran += 1
        body = "\n".join(lines[1:]).strip("\n")
        if body not in open(f"{root}/{named[1]}", encoding="utf-8").read():
            faults.append(f"{named[1]} does not hold what README.md shows of it")

for target in re.findall(r"\]\(([^)#:]+)\)", text):
    subprocess.run(["test", "-e", f"{root}/{target}"]).returncode == 0 or faults.append(
        f"README.md links to {target}, which is not there")

print("\n\n".join(faults))
print(f"{ran} commands and files of README.md, {len(faults)} faults")
sys.exit(1 if faults or ran < 3 else 0)
PYTHON
