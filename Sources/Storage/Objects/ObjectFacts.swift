import Bytes

/// What has to be known of an object's text without reading it into a tree.
struct ObjectFacts: Sendable {
    /// Where members of `metadata` begin: `resourceVersion` is put there.
    var metadataStart = -1
    /// Whether `metadata` has no members.
    var isMetadataEmpty = true
    /// The uid.
    var uid = ""
    /// The labels, in their order.
    var labels: [(key: String, value: String)] = []

    /// Scans a text.
    ///
    /// - Throws: when it isn't a JSON object with `metadata`.
    init(_ bytes: [UInt8]) throws(JSONError) {
        var facts = ObjectFacts()
        try bytes.withUnsafeBytes { (raw) -> Result<Void, JSONError> in
            do throws(JSONError) { return .success(try facts.scan(raw)) } catch { return .failure(error) }
        }.get()
        self = facts
    }

    private init() {}

    private mutating func scan(_ raw: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(raw)
        var metadata: Range<Int>?
        let whole = scanner
        try scanner.members { (member) throws(JSONError) in
            if whole.key(of: member, is: "metadata") { metadata = member.value }
        }
        guard let metadata else { return }
        let part = UnsafeRawBufferPointer(rebasing: raw[metadata])
        var inner = JSONScanner(part)
        let names = inner
        try inner.members(path: "metadata") { (member) throws(JSONError) in
            isMetadataEmpty = false
            if names.key(of: member, is: "uid") {
                uid = try Self.value(part, member.value).asString ?? ""
            } else if names.key(of: member, is: "labels") {
                for label in try Self.value(part, member.value).asObject ?? [:] {
                    labels.append((label.key, label.value.asString ?? ""))
                }
            }
        }
        metadataStart = metadata.lowerBound + 1
    }

    private static func value(_ part: UnsafeRawBufferPointer, _ range: Range<Int>) throws(JSONError) -> JSONValue {
        try JSONValue.parse(UnsafeRawBufferPointer(rebasing: part[range]))
    }
}
