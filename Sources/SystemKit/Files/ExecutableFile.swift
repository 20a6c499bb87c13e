#if canImport(Glibc)
import Glibc
#endif

/// What an executable needs before it runs: the system says "No such file or directory" of the interpreter or the loader
/// that is missing, and its words read as if the file itself were.
package enum ExecutableFile {
    /// So many bytes of the file are looked at.
    private static let headLength = 16 * 1024

    /// Why the system won't run a file that is there and executable; nil when nothing is wrong with its form.
    package static func problem(_ path: String) -> String? {
        guard let head = head(path) else { return nil }
        if head.isEmpty { return "it is empty" }
        if head.starts(with: "#!".utf8) { return problem(script: head) }
        if head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return problem(program: head) }
        return "it is neither a program for Linux nor a script with a #! line"
    }

    /// The program that a script asks `env` for; nil for others.
    package static func wantedOfEnv(_ path: String) -> String? {
        guard let head = head(path), head.starts(with: "#!".utf8) else { return nil }
        let (interpreter, argument) = interpreter(head)
        guard interpreter.hasSuffix("/env"), !argument.isEmpty else { return nil }
        return visible(argument)
    }

    private static func head(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: headLength)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    // MARK: Scripts

    private static func problem(script head: [UInt8]) -> String? {
        let (path, _) = interpreter(head)
        guard !path.isEmpty else { return "its first line is #! without an interpreter" }
        let name = "its interpreter \"\(visible(path))\", which its first line names,"
        guard let facts = FileFacts(path) else {
            let hint = path.hasSuffix("\r") ? ": the file has Windows line ends, write it with Unix ones" : ""
            return "\(name) does not exist\(hint)"
        }
        return facts.isExecutable ? nil : "\(name) is not an executable file"
    }

    /// The interpreter of the first line and the one argument that it gets.
    private static func interpreter(_ head: [UInt8]) -> (path: String, argument: String) {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let line = head.dropFirst(2).prefix { $0 != 0x0A && $0 != 0 }.drop(while: isBlank)
        let path = line.prefix { !isBlank($0) }
        var argument = line[path.endIndex...].drop(while: isBlank)
        while let last = argument.last, isBlank(last) { argument = argument.dropLast() }
        return (String(decoding: path, as: UTF8.self), String(decoding: argument, as: UTF8.self))
    }

    private static func visible(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            scalar == "\r" ? "\\r" : scalar.value < 0x20 || scalar.value == 0x7F ? "?" : String(scalar)
        }.joined()
    }

    // MARK: Programs

    private static let machines: [UInt16: String] = [
        3: "x86", 20: "PowerPC", 21: "64-bit PowerPC", 22: "S/390", 40: "32-bit ARM", 62: "x86-64", 183: "64-bit ARM",
        243: "RISC-V",
    ]

    private static var own: UInt16 {
        #if arch(x86_64)
        62
        #elseif arch(arm64)
        183
        #elseif arch(arm)
        40
        #else
        3
        #endif
    }

    private static func problem(program head: [UInt8]) -> String? {
        guard head.count > 5, head[5] == 1 else { return "it is a program for a machine of another byte order" }
        guard let machine = number(head, at: 18, size: 2) else { return "it ends within its header" }
        if UInt16(truncatingIfNeeded: machine) != own, !(own == 62 && machine == 3) {
            let name = machines[UInt16(truncatingIfNeeded: machine)] ?? "number \(machine)"
            return "it is built for another processor (\(name)); install the build for this machine"
        }
        guard let loader = loader(head), FileFacts(loader) == nil else { return nil }
        let libc = loader.contains("musl") ? " (musl)" : ""
        return "its loader \"\(visible(loader))\" does not exist: it is built for another C library\(libc) than this "
            + "machine has; install a build for it, or a static one"
    }

    /// The path in the segment PT_INTERP; nil for a static program.
    private static func loader(_ head: [UInt8]) -> String? {
        let is64 = head[4] == 2
        guard let table = number(head, at: is64 ? 32 : 28, size: is64 ? 8 : 4),
            let size = number(head, at: is64 ? 54 : 42, size: 2), let count = number(head, at: is64 ? 56 : 44, size: 2)
        else { return nil }
        for index in 0..<min(count, 64) {
            let entry = table &+ index &* size
            guard entry >= 0, let type = number(head, at: entry, size: 4) else { return nil }
            guard type == 3 else { continue }
            guard let start = number(head, at: entry &+ (is64 ? 8 : 4), size: is64 ? 8 : 4),
                let length = number(head, at: entry &+ (is64 ? 32 : 16), size: is64 ? 8 : 4),
                start < head.count, length <= 4096
            else { return nil }
            return String(decoding: head[start...].prefix(length).prefix { $0 != 0 }, as: UTF8.self)
        }
        return nil
    }

    /// A little-endian number; nil outside the bytes, and for one that no offset in a file is.
    private static func number(_ bytes: [UInt8], at offset: Int, size: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        let value = bytes[offset..<(offset + size)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: value)
    }
}
