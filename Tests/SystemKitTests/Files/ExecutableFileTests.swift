import Foundation
import SystemKit
import Testing

/// What is said of files that the system won't execute.
struct ExecutableFileTests {
    private static func file(_ bytes: [UInt8]) throws -> String {
        let path = "\(NSTemporaryDirectory())executable-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func problem(_ bytes: [UInt8]) throws -> String? {
        let path = try Self.file(bytes)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return ExecutableFile.problem(path)
    }

    @Test(arguments: [
        ("#!/bin/sh\r\nexit\r\n", "its interpreter \"/bin/sh\\r\", which its first line names, does not exist: "),
        (
            "#! /no/such/python3 -u\n",
            "its interpreter \"/no/such/python3\", which its first line names, does not exist"
        ),
        ("#!/etc/passwd", "its interpreter \"/etc/passwd\", which its first line names, is not an executable file"),
        ("#!\n", "its first line is #! without an interpreter"), ("", "it is empty"),
        ("echo hello\n", "it is neither a program for Linux nor a script with a #! line"),
    ])
    func `scripts`(text: String, expected: String) throws {
        let found = try problem(Array(text.utf8)) ?? ""
        #expect(found.hasPrefix(expected), "\(found)")
    }

    @Test func `nothing is said of what is in order`() throws {
        #expect(try problem(Array("#!/bin/sh\n".utf8)) == nil)
        #expect(ExecutableFile.problem("/proc/self/exe") == nil)
        #expect(ExecutableFile.problem("/no/such/file") == nil)
        #expect(ExecutableFile.wantedOfEnv("/proc/self/exe") == nil)
    }

    @Test func `what env is asked for`() throws {
        let path = try Self.file(Array("#!/usr/bin/env python9 \r\n".utf8))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(ExecutableFile.wantedOfEnv(path) == "python9 \\r")
        #expect(ExecutableFile.problem(path) == nil)
    }

    /// A 64-bit program with one program header that names its loader.
    private static func program(machine: UInt8?, loader: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 + 56)
        bytes.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
        #if arch(arm64)
        bytes[18] = machine ?? 183
        #else
        bytes[18] = machine ?? 62
        #endif
        bytes[32] = 64
        bytes[54] = 56
        bytes[56] = 1
        bytes[64] = 3
        bytes[64 + 8] = 120
        bytes[64 + 32] = UInt8(loader.utf8.count + 1)
        return bytes + Array(loader.utf8) + [0]
    }

    @Test func `programs for another C library and another processor`() throws {
        let musl = try problem(Self.program(machine: nil, loader: "/lib/ld-musl-nowhere.so.1"))
        #expect(musl?.hasPrefix("its loader \"/lib/ld-musl-nowhere.so.1\" does not exist") == true, "\(musl ?? "")")
        #expect(musl?.contains("(musl)") == true)
        #expect(try problem(Self.program(machine: 243, loader: "/x"))?.contains("RISC-V") == true)
        #expect(try problem(Self.program(machine: nil, loader: "/bin/sh")) == nil)
        // Cut short, or with offsets that lead nowhere.
        let whole = Self.program(machine: nil, loader: "/lib/ld-musl-nowhere.so.1")
        for length in 4..<whole.count { _ = try problem(Array(whole.prefix(length))) }
        for offset in 4..<120 {
            var broken = whole
            broken[offset] = 0xFF
            _ = try problem(broken)
        }
    }
}
