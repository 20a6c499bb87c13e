internal import Glibc

/// What to start.
package struct ProcessRequest: Sendable {
    /// The path of the executable; PATH is not searched.
    package var executable: String
    /// The arguments after the program's name.
    package var arguments: [String]
    /// `NAME=value`; nothing else is in the child's environment.
    package var environment: [String]
    /// The working directory, nil for the host's.
    package var directory: String?
    /// The user and group to become, nil for the host's.
    package var user: (id: UInt32, group: UInt32)?

    /// A request.
    package init(
        executable: String, arguments: [String] = [], environment: [String], directory: String? = nil,
        user: (id: UInt32, group: UInt32)? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.user = user
    }
}

/// What a process tells, always on the thread that watches all of them: handlers must not block.
package enum ProcessEvent: Sendable, Equatable {
    /// A line of standard output without its end. A line above 64 KiB comes in pieces.
    case output([UInt8])
    /// A line of standard error without its end. A line above 64 KiB comes in pieces.
    case errorOutput([UInt8])
    /// The process has ended and everything it wrote was told: the last event.
    case exited(ProcessExit)
}

/// How a process ended.
package enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    /// It ended by itself with that code.
    case code(Int32)
    /// A signal ended it.
    case signal(Int32)

    /// For logs and messages.
    package var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

/// A process that could not be started.
package struct ProcessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed, with the path and the system's reason.
    package let description: String
    /// The system's error number.
    package let errno: Int32

    /// Whether the system found something wrong with the file, rather than with itself.
    package var isOfFile: Bool { [ENOENT, EACCES, ENOEXEC, ELIBBAD, EINVAL, ENOTDIR, ELOOP].contains(errno) }
}

/// Cuts a stream of bytes into lines, CRLF or LF; a line above the limit is given away in pieces.
struct LineSplitter {
    static let longest = 64 * 1024
    private var pending: [UInt8] = []

    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ line: ([UInt8]) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end], line)
            flush(line, empty: true)
            rest = rest[(end + 1)...]
        }
        append(rest, line)
    }

    /// Gives away what has no line end yet.
    mutating func finish(_ line: ([UInt8]) -> Void) {
        flush(line, empty: false)
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>, _ line: ([UInt8]) -> Void) {
        var rest = bytes
        while pending.count + rest.count > Self.longest {
            let room = Self.longest - pending.count
            pending.append(contentsOf: rest.prefix(room))
            rest = rest.dropFirst(room)
            line(pending)
            pending.removeAll(keepingCapacity: true)
        }
        pending.append(contentsOf: rest)
    }

    private mutating func flush(_ line: ([UInt8]) -> Void, empty: Bool) {
        if pending.last == 0x0D { pending.removeLast() }
        if empty || !pending.isEmpty { line(pending) }
        pending.removeAll(keepingCapacity: pending.capacity <= 4096)
    }
}
