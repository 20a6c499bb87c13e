import Glibc

/// Folders for sockets: short paths, because a socket's path has 107 bytes at most.
enum TemporaryFolder {
    struct Failure: Error {}

    static func make() throws -> String {
        var template = Array("/tmp/pp-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
