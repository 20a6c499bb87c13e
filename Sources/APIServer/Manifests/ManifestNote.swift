import DataPlaneAPI
import Storage

/// What is kept beside an object that comes from a manifest: the file, and the document in it that the object was made of.
package struct ManifestNote: Sendable, Hashable {
    /// The file, absolute.
    package let file: String
    /// The hash of the document; nil where an earlier gateway kept none.
    package let hash: String?
    /// How many objects that document holds: a list holds several.
    package let count: Int

    /// A note.
    package init(file: String, hash: String? = nil, count: Int = 1) {
        self.file = file
        self.hash = hash
        self.count = count
    }

    /// Reads a note; one without a hash is a path alone.
    init(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !text.hasPrefix("/"), let count = Int(parts[0]) else {
            self.init(file: text)
            return
        }
        self.init(file: String(parts[2]), hash: String(parts[1]), count: count)
    }

    /// The note as it is stored.
    var text: String { hash.map { "\(count) \($0) \(file)" } ?? file }
}

extension StoredObject {
    /// Where it comes from; nil when it was made by hand.
    var manifestNote: ManifestNote? { note.map(ManifestNote.init) }
    /// The manifest file it comes from; nil when it was made by hand.
    package var manifest: String? { manifestNote?.file }
}
