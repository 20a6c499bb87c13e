#!/usr/bin/env python3
"""Writes Sources/Bytes/Numbers/PowersOfTen.swift: the 128 leading bits of 10^e, rounded up, for e in -292...324."""
import pathlib

LOW, HIGH = -292, 324


def leading_bits(exponent):
    power = 10 ** abs(exponent)
    if exponent >= 0:
        shift = power.bit_length() - 128
        return power << -shift if shift <= 0 else -(-power >> shift)
    shift = power.bit_length() + 127
    bits = -(-(1 << shift) // power)
    return bits if bits.bit_length() == 128 else -(-(1 << (shift - 1)) // power)


out = [
    "// Made by scripts/powers-of-ten.py; change the script, not this file.",
    "",
    "extension PowersOfTen {",
    f"    /// The first exponent of the table.",
    f"    static let lowest = {LOW}",
    "",
    "    /// High and low word of 10^e, scaled to 128 bits and rounded up, for every e from `lowest` on.",
    "    static let words: [UInt64] = [",
]
cells = []
for e in range(LOW, HIGH + 1):
    bits = leading_bits(e)
    assert bits.bit_length() == 128, e
    cells += [f"0x{bits >> 64:016x}", f"0x{bits & (2**64 - 1):016x}"]
for i in range(0, len(cells), 5):
    out.append("        " + ", ".join(cells[i : i + 5]) + ",")
out += ["    ]", "}", ""]
path = pathlib.Path(__file__).resolve().parent.parent / "Sources/Bytes/Numbers/PowersOfTen+Table.swift"
path.write_text("\n".join(out))
