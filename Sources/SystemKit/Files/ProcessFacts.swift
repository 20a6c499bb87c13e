#if canImport(Glibc)
import Glibc
#endif

/// What the kernel says of this process.
package enum ProcessFacts {
    /// Resident memory in bytes; 0 when unknown.
    package static var residentBytes: Int {
        guard let text = try? FileText.read("/proc/self/statm") else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    /// Number of open descriptors; 0 when unknown.
    package static var openDescriptors: Int { (try? Folder.names("/proc/self/fd").count) ?? 0 }
}
