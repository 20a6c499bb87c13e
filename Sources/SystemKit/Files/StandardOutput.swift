#if canImport(Glibc)
import Glibc
#endif

/// The standard output of this process, unbuffered.
package enum StandardOutput {
    /// Writes a line at once, so that a script which reads it doesn't wait.
    package static func line(_ text: String) {
        var rest = Array("\(text)\n".utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
