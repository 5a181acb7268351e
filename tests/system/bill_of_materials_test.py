# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""cmake/bill_of_materials.py names every library that the binary loads or holds, with the version that
is installed; and it holds none that it loads as well."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import harness

SCRIPT = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "cmake/bill_of_materials.py"


class BillOfMaterialsTest(unittest.TestCase):
    def test_it_names_what_the_binary_is_made_of(self):
        done = subprocess.run([sys.executable, SCRIPT, harness.binary()], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        bill = json.loads(done.stdout)
        self.assertEqual(bill["bomFormat"], "CycloneDX")
        parts = {part["name"]: part for part in bill["components"]}
        self.assertEqual(len(parts), len(bill["components"]), "one is there twice")
        for name in ("sqlite3", "absl", "re2", "yaml-cpp", "ssl", "zstd", "libc6", "boost", "json"):
            self.assertTrue([part for part in parts if name in part], name)
        for name, part in parts.items():
            version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], check=True,
                                     capture_output=True, text=True).stdout
            self.assertEqual(part["version"], version)
            self.assertIn(f"pkg:deb/debian/{name}@{version}", part["purl"])

    def test_there_is_one_abseil(self):
        # A shared library that is built on Abseil would bring a second one beside the archives'.
        needed = subprocess.run(["readelf", "-d", harness.binary()], check=True, text=True,
                                capture_output=True).stdout
        loaded = subprocess.run(["ldd", harness.binary()], check=True, text=True,
                                capture_output=True).stdout
        self.assertEqual("libabsl_" in needed, "libabsl_" in loaded, loaded)


if __name__ == "__main__":
    harness.main()
