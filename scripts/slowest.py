#!/usr/bin/env python3
"""Prints the slowest tests of runs, from the event streams that `swift test` wrote.

A test's time is that of its cases together, without the time that they waited for their turn.
"""
import collections
import json
import sys

SHOWN = 20


def durations(path):
    begun = {}
    seconds = collections.Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue  # A run that was cut.
            if record.get("kind") != "event":
                continue
            event = record["payload"]
            case = event.get("_testCase")
            key = (event.get("testID"), json.dumps(case.get("id")) if isinstance(case, dict) else "")
            if event["kind"] == "testCaseStarted":
                begun[key] = event["instant"]["absolute"]
            elif event["kind"] == "testCaseEnded" and key in begun:
                seconds[event["testID"]] += event["instant"]["absolute"] - begun.pop(key)
    return seconds


total = collections.Counter()
for path in sys.argv[1:]:
    total.update(durations(path))
if not total:
    sys.exit(0)
print(f"the {SHOWN} slowest tests, seconds:")
for test, seconds in total.most_common(SHOWN):
    name = "/".join(test.split("/")[:2])
    print(f"{seconds:7.1f}  {name}")
