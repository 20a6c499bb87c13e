import Bytes
import DataPlaneAPI

/// An object as it was committed: its text, and what selectors look at; the tree is made when somebody asks.
package final class StoredObject: Sendable {
    /// Where it lies.
    package let key: ObjectKey
    /// The version of the store that this state was committed with.
    package let version: Int
    /// What the layer above keeps beside the object.
    package let note: String?
    /// The text, without `metadata.resourceVersion`.
    package let bytes: [UInt8]
    private let facts: ObjectFacts

    /// Creates an object from what a storage holds.
    ///
    /// - Throws: when the text is not a JSON object with `metadata`.
    package convenience init(_ record: Record) throws(GatewayError) {
        let facts: ObjectFacts
        do throws(JSONError) { facts = try ObjectFacts(record.content.bytes) } catch {
            throw Self.damaged(record.key, "\(error)")
        }
        guard facts.metadataStart > 0 else { throw Self.damaged(record.key, "it has no metadata") }
        self.init(record.key, record.version, record.content.note, record.content.bytes, facts)
    }

    private init(_ key: ObjectKey, _ version: Int, _ note: String?, _ bytes: [UInt8], _ facts: ObjectFacts) {
        self.key = key
        self.version = version
        self.note = note
        self.bytes = bytes
        self.facts = facts
    }

    private static func damaged(_ key: ObjectKey, _ why: String) -> GatewayError {
        GatewayError(
            .internalError,
            "the object \(key.name) (\(key.resource.resource).\(key.resource.group)) is not readable in the store: \(why); stop "
                + "the gateway and put a backup back (`dataplane-gateway restore FILE --data-dir DIR`)"
        )
    }

    /// The same state with another version: the last one of an object that was deleted with it.
    package func numbered(_ version: Int) -> StoredObject { StoredObject(key, version, note, bytes, facts) }

    /// The uid.
    package var uid: String { facts.uid }
    /// The labels, in their order.
    package var labels: [(key: String, value: String)] { facts.labels }
    /// The value of a label; nil if the object doesn't have it.
    package func label(_ key: String) -> String? { facts.labels.first { $0.key == key }?.value }

    /// How long the text is about, with its version in it.
    package var size: Int { bytes.count + 40 }

    /// Gives the text with its version in it to `write`, in three pieces.
    package func pieces(_ write: (UnsafeRawBufferPointer) -> Void) {
        // What isn't stored has no version.
        let member = version == 0 ? "" : "\"resourceVersion\":\"\(version)\"\(facts.isMetadataEmpty ? "" : ",")"
        bytes.withUnsafeBytes { raw in
            let place = min(max(0, facts.metadataStart), raw.count)
            write(UnsafeRawBufferPointer(rebasing: raw[..<place]))
            var member = member
            member.withUTF8 { write(UnsafeRawBufferPointer($0)) }
            write(UnsafeRawBufferPointer(rebasing: raw[place...]))
        }
    }

    /// The text with its version in it.
    package var text: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(size)
        pieces { out.append(contentsOf: $0) }
        return out
    }

    /// The object as a tree, with `metadata.resourceVersion`.
    package var body: JSONValue { (try? JSONValue.parse(text)) ?? .emptyObject }
}
