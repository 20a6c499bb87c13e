#!/usr/bin/env python3
"""Checks that dependencies between targets point down only, that the lowest layers import no Foundation, and that the
documents name folders that exist."""

import json
import pathlib
import re
import subprocess
import sys

ORDER = [
    "GatewayCLI", "Gateway", "DataPlane", "APIServer", "Storage", "PluginBridge", "Access", "PluginKit", "Origins", "HTTPKit",
    "SystemKit", "PluginProtocol", "RPC", "DataFrames", "DataPlaneAPI", "Bytes", "CGRPC", "CSystemShim",
    "CInflate",
]
NO_FOUNDATION = [
    "Origins", "HTTPKit", "PluginBridge", "PluginProtocol", "RPC", "DataFrames", "DataPlaneAPI", "Bytes", "SystemKit", "DataPlane", "Storage",
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
for document in ["CONTRIBUTING.md", "requestflow.md"]:
    for name in re.findall(r"`([A-Za-z]+(?:/[A-Za-z+]+)+)`", (root / document).read_text()):
        place = root / "Sources" / name
        if name.split("/")[0] in ORDER and not place.is_dir() and not place.with_suffix(".swift").is_file():
            faults.append(f"{document} names {name}, which isn't there")
print("\n".join(faults), end="\n" if faults else "")
sys.exit(1 if faults else 0)
