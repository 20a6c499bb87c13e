#!/usr/bin/env python3
"""Checks that every row of docs/conformance.md has a test: in each suite that it names, a file mentions its id."""

import collections
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
ID = re.compile(r"\b(?:Q|[A-Z]{2})-\d\d\b")

# Files by the suites that they declare, and the ids that they mention.
files = collections.defaultdict(list)
for path in sorted((root / "Tests").rglob("*.swift")):
    text = path.read_text()
    ids = set(ID.findall(text))
    for suite in re.findall(r"\b(?:struct|class|extension) (\w+)", text):
        files[suite].append(ids)
mentioned = set().union(*(ids for found in files.values() for ids in found))

faults = []
rows = {}
for line in (root / "docs/conformance.md").read_text().splitlines():
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if len(cells) != 4 or not ID.fullmatch(cells[0]):
        continue
    row, suites = cells[0], [suite.strip() for suite in cells[3].split(",")]
    if row in rows:
        faults.append(f"{row} is there twice")
    rows[row] = suites
    if suites == ["–"]:
        if not cells[2]:
            faults.append(f"{row} has no test, and no word why")
        continue
    for suite in suites:
        if suite not in files:
            faults.append(f"{row}: there is no suite {suite}")
        elif not any(row in ids for ids in files[suite]):
            faults.append(f"{row}: no file of {suite} mentions it")
for row in sorted(mentioned - set(rows)):
    faults.append(f"{row} is in a test and not in docs/conformance.md")
if not rows:
    faults.append("docs/conformance.md has no rows")
print("\n".join(faults), end="\n" if faults else "")
sys.exit(1 if faults else 0)
