# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The examples as values, and the judgement of other tools on them."""

import os
import pathlib
import subprocess

import plain_yaml

SOURCE = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])
EXAMPLES = SOURCE / "examples"


def yaml_of(path):
    return plain_yaml.documents((EXAMPLES / path).read_text())


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=120, check=False, **options)
    return done.returncode, done.stdout + done.stderr
