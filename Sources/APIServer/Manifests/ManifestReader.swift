import Bytes
import DataPlaneAPI
import Storage
import SystemKit

/// Something wrong in a manifest file.
package struct ManifestFault: Sendable, Hashable, CustomStringConvertible {
    /// The file.
    package var file: String
    /// The line, from 1; 0 when it is about the whole file.
    package var line: Int
    /// The field, such as `spec.services[0].type`; empty when it is about the whole document.
    package var field: String
    /// What is wrong and what to do.
    package var message: String

    /// Creates a fault.
    package init(file: String, line: Int = 0, field: String = "", message: String) {
        self.file = file
        self.line = line
        self.field = field
        self.message = message
    }

    /// `file:line: field: message`.
    package var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        return field.isEmpty ? "\(place): \(message)" : "\(place): \(field): \(message)"
    }
}

/// An object of a manifest file.
package struct ManifestObject: Sendable {
    /// Where it will lie.
    package let key: ObjectKey
    /// Its kind.
    package let definition: ResourceDefinition
    /// The object as it was written.
    package let json: JSONValue
    /// The file.
    package let file: String
    /// The line, from 1.
    package let line: Int
    /// What is kept beside it.
    var note: ManifestNote
}

/// Reads the objects of manifest files.
package struct ManifestReader: Sendable {
    /// The file name endings that count.
    package static let endings = [".yaml", ".yml", ".json"]

    private let kinds: Kinds
    /// The objects without faults, in the order of files.
    package private(set) var objects: [ManifestObject] = []
    /// Every fault; empty when all is well.
    package private(set) var faults: [ManifestFault] = []
    /// Where each object was found first, those that weren't read again too.
    private(set) var places: [ObjectKey: (file: String, line: Int)] = [:]

    init(_ kinds: Kinds) { self.kinds = kinds }

    /// The objects and the faults of these files and folders.
    package static func read(_ paths: [String], _ kinds: Kinds) -> ManifestReader {
        var reader = ManifestReader(kinds)
        for path in paths {
            for (file, _) in reader.files(path) { reader.readFile(file) }
        }
        return reader
    }

    /// The files of a path; why they can't be listed is a fault.
    mutating func files(_ path: String) -> [(path: String, facts: FileFacts)] {
        do throws(GatewayError) { return try Folder.entries(path, endings: Self.endings) } catch {
            faults.append(ManifestFault(file: path, message: error.message.withoutPrefix("\(path): ")))
            return []
        }
    }

    /// Takes objects of a file for given that aren't read again; false, and nothing is taken, when one is elsewhere too.
    mutating func take(_ keys: [ObjectKey], of file: String, line: Int = 1) -> Bool {
        guard keys.allSatisfy({ places[$0] == nil }) else { return false }
        for key in keys { places[key] = (file, line) }
        return true
    }

    /// The objects that were read since the last call.
    mutating func takeObjects() -> [ManifestObject] {
        defer { objects = [] }
        return objects
    }

    /// Reads a file.
    ///
    /// - Parameter known: the objects of a document that needn't be read again, by its hash.
    /// - Returns: what it holds, for a file without faults.
    @discardableResult
    mutating func readFile(_ file: String, known: (String) -> [ObjectKey]? = { _ in nil }) -> [ObjectKey]? {
        let (faultsBefore, objectsBefore) = (faults.count, objects.count)
        var keys: [ObjectKey] = []
        do throws(GatewayError) {
            var parsed: [(hash: String, documents: [YAMLDocument])] = []
            var hashes: Set<String> = []
            for piece in ManifestText(try FileText.read(file)).pieces {
                if hashes.insert(piece.hash).inserted, let found = known(piece.hash),
                    take(found, of: file, line: piece.linesBefore + 1)
                {
                    keys += found
                    continue
                }
                parsed.append(
                    (piece.hash, try YAMLDocument.parse(piece.text, file: file, linesBefore: piece.linesBefore)))
            }
            for (hash, documents) in parsed { readPiece(hash, documents, file) }
        } catch {
            let message = error.message.withoutPrefix("\(file): ")
            faults.append(ManifestFault(file: file, line: Self.line(in: message), message: message))
        }
        return faults.count == faultsBefore ? keys + objects[objectsBefore...].map(\.key) : nil
    }

    private mutating func readPiece(_ hash: String, _ documents: [YAMLDocument], _ file: String) {
        let (faultsBefore, objectsBefore) = (faults.count, objects.count)
        for document in documents { readDocument(document, document.json, prefix: "", file) }
        // One with a fault is to be read again, and told of again.
        guard faults.count == faultsBefore else { return }
        let note = ManifestNote(file: file, hash: hash, count: objects.count - objectsBefore)
        for index in objectsBefore..<objects.count { objects[index].note = note }
    }

    /// The number after the word `line` in a parser's message.
    private static func line(in message: String) -> Int {
        guard message.hasPrefix("line ") else { return 0 }
        return Int(message.dropFirst(5).prefix { $0.isNumber }) ?? 0
    }

    private mutating func readDocument(_ document: YAMLDocument, _ json: JSONValue, prefix: String, _ file: String) {
        let kind = json["kind"]?.asString ?? ""
        if kind.hasSuffix("List"), prefix.isEmpty, let items = json["items"]?.asArray {
            for (index, item) in items.enumerated() { readDocument(document, item, prefix: "items[\(index)]", file) }
            return
        }
        func fault(_ field: String, _ message: String) -> ManifestFault {
            let path = prefix.isEmpty || field.isEmpty ? prefix + field : "\(prefix).\(field)"
            return ManifestFault(file: file, line: document.line(of: path), field: path, message: message)
        }
        guard json.asObject != nil else {
            faults.append(fault("", "the document must be an object, not \(json.typeName)"))
            return
        }
        let apiVersion = json["apiVersion"]?.asString ?? ""
        guard let definition = kinds.find(apiVersion: apiVersion, kind: kind) else {
            let known = kinds.definitions.map { "\($0.apiVersion) \($0.kind)" }.joined(separator: ", ")
            faults.append(
                fault(
                    json["kind"] == nil ? "" : "kind",
                    "apiVersion \"\(apiVersion)\" and kind \"\(kind)\" are not known; known are: \(known)"))
            return
        }
        do throws(GatewayError) {
            let object = try checked(json, definition)
            for causes in object.causes { faults.append(fault(causes.field, causes.message)) }
            guard object.causes.isEmpty else { return }
            if let other = places[object.key] {
                faults.append(fault("metadata.name", "the same object is also in \(other.file), line \(other.line)"))
                return
            }
            let line = document.line(of: prefix)
            places[object.key] = (file, line)
            objects.append(
                ManifestObject(
                    key: object.key, definition: definition, json: json, file: file, line: line,
                    note: ManifestNote(file: file)))
        } catch {
            if error.causes.isEmpty { faults.append(fault("", error.message)) }
            for cause in error.causes { faults.append(fault(cause.field, cause.message)) }
        }
    }

    private func checked(
        _ json: JSONValue, _ definition: ResourceDefinition
    ) throws(GatewayError) -> (key: ObjectKey, causes: [StatusCause]) {
        var causes = definition.structure.unknownFields(in: json).map {
            StatusCause(field: $0, reason: "FieldValueForbidden", message: "the field is not known; check its spelling")
        }
        let settled = try definition.settled(json)
        let metadata = settled["metadata"]
        let name = metadata?["name"]?.asString ?? ""
        if name.isEmpty { causes.append(.required("metadata.name", "objects of manifests need a name of their own")) }
        causes += ObjectMetadata.validate(settled) + definition.structure.faults(of: settled)
        causes += (try definition.validate?(KindContext(.create, settled, kinds: kinds)) ?? [])
            .filter { !(name.isEmpty && $0.field == "metadata.name") }
        let namespace = definition.isNamespaced ? metadata?["namespace"]?.asString ?? "default" : ""
        if !definition.isNamespaced, let given = metadata?["namespace"]?.asString, !given.isEmpty {
            causes.append(.forbidden("metadata.namespace", "\(definition.kind) is cluster-wide"))
        }
        return (ObjectKey(definition.id, namespace: namespace, name: name), causes)
    }
}

extension String {
    fileprivate func withoutPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
