/// What is written for one object.
package struct RecordContent: Sendable, Hashable {
    /// The object as JSON in its storage version, without `metadata.resourceVersion`.
    package var bytes: [UInt8]
    /// What the layer above keeps beside the object and clients don't see, such as the manifest file it comes from.
    package var note: String?

    /// Creates content.
    package init(bytes: [UInt8], note: String? = nil) {
        self.bytes = bytes
        self.note = note
    }
}

/// One object as a storage holds it.
package struct Record: Sendable, Hashable {
    /// Where it lies.
    package let key: ObjectKey
    /// The version of the store it was committed with.
    package let version: Int
    /// What was written.
    package let content: RecordContent

    /// Creates a record.
    package init(key: ObjectKey, version: Int, content: RecordContent) {
        self.key = key
        self.version = version
        self.content = content
    }
}
