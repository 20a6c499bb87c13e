#!/usr/bin/env python3
"""Times orjson on the columns of the Frames benchmark: pip install orjson numpy, then frames_orjson.py [rows] [rounds].

orjson gets the finished columns as numpy arrays and writes only the values; the gateway's figures include reading the
answer and the Arrow file, the schema and the split of the times.
"""

import sys
import time

import numpy
import orjson

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30

state = 88172645463325252


def following():
    global state
    state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
    state ^= state >> 7
    state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
    return state


times = 1_700_000_000_000 + numpy.arange(rows, dtype=numpy.int64) * 15_000
doubles = numpy.array([(following() >> 11) * 2.0**-53 * 100 for _ in range(rows)])
decimals = numpy.array([following() % 1_000_000 / 100 for _ in range(rows)])
wholes = numpy.array([float(following() % 1_000_000) for _ in range(rows)])

for name, column in [("random doubles", doubles), ("short decimals", decimals), ("whole numbers", wholes)]:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter_ns()
        text = orjson.dumps({"data": {"values": [times, column]}}, option=orjson.OPT_SERIALIZE_NUMPY)
        best = min(best, time.perf_counter_ns() - start)
    print(f"time + {name}: {best / rows:.1f} ns per row, {len(text) * 1000 / best:.0f} MB/s, {len(text)} bytes")
