#!/usr/bin/env python3
"""Checks that dependencies between targets point down only, and that the lowest layers import no Foundation."""

import json
import pathlib
import re
import subprocess
import sys

ORDER = [
    "GatewayCLI", "Gateway", "DataPlane", "APIServer", "Storage", "PluginBridge", "Access", "HTTPKit", "PluginKit",
    "SystemKit", "PluginProtocol", "DataFrames", "DataPlaneAPI", "CGRPC", "CSystemShim",
    "CInflate",
]
NO_FOUNDATION = [
    "HTTPKit", "PluginBridge", "PluginProtocol", "DataFrames", "DataPlaneAPI", "SystemKit", "DataPlane", "Storage",
]

root = pathlib.Path(__file__).resolve().parent.parent
manifest = json.loads(subprocess.check_output(["swift", "package", "dump-package"], cwd=root))
faults = []
for target in manifest["targets"]:
    if target["name"] not in ORDER:
        continue
    for dependency in target["dependencies"]:
        name = (dependency.get("byName") or dependency.get("target") or [None])[0]
        if name in ORDER and ORDER.index(name) <= ORDER.index(target["name"]):
            faults.append(f"{target['name']} depends on {name}, which is above it")
for name in NO_FOUNDATION:
    for file in (root / "Sources" / name).rglob("*.swift"):
        if re.search(r"^\s*(\w+ )?import Foundation", file.read_text(), re.M):
            faults.append(f"{file.relative_to(root)} imports Foundation")
print("\n".join(faults), end="\n" if faults else "")
sys.exit(1 if faults else 0)
