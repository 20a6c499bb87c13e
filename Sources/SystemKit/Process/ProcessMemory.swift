internal import CSystemShim

/// The memory of this process; cheap enough to be asked often.
package enum ProcessMemory {
    /// What is resident, bytes; 0 when unknown.
    package static var residentBytes: Int { Int(clamping: csystem_resident_bytes()) }

    /// What is allocated and not freed, bytes, also where nothing was written yet.
    package static var allocatedBytes: Int { Int(clamping: csystem_allocated_bytes()) }

    /// Gives memory that was freed back to the system; takes some milliseconds when it is much.
    package static func trim() { csystem_trim() }
}
