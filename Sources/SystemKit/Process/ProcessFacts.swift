#if canImport(Glibc)
import Glibc
#endif

/// What the kernel says of a process.
package struct ProcessFacts: Sendable, Equatable {
    /// The process that started it.
    package let parent: Int32
    /// Resident memory in bytes.
    package let residentBytes: Int
    /// Time on all cores, in user mode and in the kernel, seconds.
    package let cpuSeconds: Double
    /// Number of open descriptors; nil where only the process's own user may look.
    package let openDescriptors: Int?

    /// The facts of a process; nil when there is none of that id.
    package init?(_ pid: Int32) {
        guard let text = try? FileText.read("/proc/\(pid)/stat") else { return nil }
        self.init(
            stat: text, pageSize: sysconf(Int32(_SC_PAGESIZE)), ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
            openDescriptors: try? Folder.names("/proc/\(pid)/fd").count)
    }

    /// Reads the text of a `stat` file.
    init?(stat text: String, pageSize: Int, ticksPerSecond: Int, openDescriptors: Int?) {
        // The name of the program comes second, in brackets, and may hold anything.
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, ticksPerSecond > 0, let parent = Int32(fields[1]), let user = Int(fields[11]),
            let system = Int(fields[12]), let pages = Int(fields[21])
        else { return nil }
        self.parent = parent
        residentBytes = pages.multipliedReportingOverflow(by: pageSize).partialValue
        cpuSeconds = Double(user &+ system) / Double(ticksPerSecond)
        self.openDescriptors = openDescriptors
    }

    /// This process.
    package static var own: ProcessFacts? { ProcessFacts(getpid()) }

    /// The most descriptors that this process may have open; 0 when unknown.
    package static var descriptorLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Lets this process have so many descriptors, as far as the system allows it; never fewer than it may have now.
    package static func allowDescriptors(_ count: Int) {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0, limit.rlim_cur < rlim_t(count) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(count))
        setrlimit(kind, &limit)
    }
}
