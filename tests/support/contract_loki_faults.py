# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What can be wrong with a contract Loki: nothing, until a test sets one of these."""


class Faults:
    def __init__(self):
        self.query_status = None    # (status, text) for each query, or None
        self.query_headers = []     # of such an answer: (name, value)
        self.query_body = None      # bytes in the place of an answer
        self.query_seconds = 0.0    # waits before it answers
        self.query_cut = False      # sends half of the answer and closes
        self.query_hangs = False    # never answers
        self.query_half_closes = False  # says nothing, and does not close
        self.redirect = None        # a URL
        self.ignores_range = False  # answers with entries outside of what was asked
        self.query_max_bytes = None  # an answer that is longer is a 500
        self.tail_refused = None    # (status, text) in the place of the upgrade
        self.tail_half_closes = False  # in the middle of a frame
        self.tail_closed = None     # the reason of the end that comes right after the upgrade
        self.tail_frames = []       # bytes of (opcode, payload) to send in the place of entries
        self.tail_stalled = False   # sends nothing, not even what comes later
        self.tail_endless = False   # a frame that does not end
        self.tail_silent = False    # no ping, no entry, the socket open
        self.tail_seconds = None    # the server ends a tail after so long (1 h in the real one)
        self.loses = True           # the silent loss
        # After it has begun anew: so long it knows no ingester ("empty ring"), and then so long it
        # shows ever more of what it had stored, and says nothing of what is missing.
        self.ring_seconds = 0.0
        self.recovery_seconds = 0.0
