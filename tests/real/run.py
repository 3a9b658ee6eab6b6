#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Runs tests with real clients: `run.py test_curl` for a file, `run.py test_curl.Curl.test_get...` for one
# test, nothing for all. Ends with 0, 1 for a failure, 77 when everything was skipped.
"""Command line of the tests with real clients."""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.dirname(here)]
sys.dont_write_bytecode = True

import harness  # noqa: E402  (the path comes first)

if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.argv += sorted(name[:-3] for name in os.listdir(here) if name.startswith("test_"))
    sys.exit(harness.main())
