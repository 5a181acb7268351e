#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What a built tallybell is made of, as CycloneDX 1.5 on standard output: the Debian packages of the
libraries that it loads, and of those whose headers or archives went into it, with their exact
versions.

Usage: bill_of_materials.py BINARY
"""

import json
import os
import re
import subprocess
import sys

# Of these nothing is loaded: they are headers. (Named as in debian_packages.sh.)
HEADERS = ["libboost-dev", "libprotozero-dev", "nlohmann-json3-dev"]
# Of these the archive went into a binary that does not load the library. (See Archives.cmake.)
ARCHIVES = {"libabsl-dev": "libabsl_", "libre2-dev": "libre2.so", "libyaml-cpp-dev": "libyaml-cpp.so"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names_of(path):
    """All names that a package may know a file by: through a link or not, in /lib or in /usr/lib."""
    real = os.path.realpath(path)
    return {name for known in (path, real)
            for name in (known, known.removeprefix("/usr"), "/usr" + known)}


def packages_of(paths):
    """Path by path, the package that it came with; None if no package did."""
    asked = sorted({name for path in paths for name in names_of(path)})
    # It fails where it does not know one of them, and most are only other names of what it knows.
    found = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True,
                           check=False).stdout
    owner = {}
    for line in found.splitlines():
        package, _, name = line.rpartition(": ")
        owner[name] = package.split(",")[0]
    return {path: next((owner[name] for name in names_of(path) if name in owner), None)
            for path in paths}


def component(line):
    name, version, architecture, source = line.split()
    return {"type": "library", "name": name, "version": version,
            "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}&upstream={source}"}


def main():
    binary, = sys.argv[1:]
    loaded = re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", output("ldd", binary), re.M)
    linked = [package for package, library in ARCHIVES.items()
              if not any(os.path.basename(path).startswith(library) for path in loaded)]
    packages = packages_of(loaded)
    unknown = sorted(path for path, package in packages.items() if package is None)
    if unknown:
        sys.exit("of no package: " + " ".join(unknown))
    fields = "${Package} ${Version} ${Architecture} ${source:Package}\n"
    lines = output("dpkg-query", "-W", "-f", fields, *sorted({*packages.values(), *HEADERS, *linked}))
    version = output(binary, "version").split()[1]
    json.dump({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "tallybell", "version": version}},
        "components": [component(line) for line in sorted(lines.splitlines())],
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
