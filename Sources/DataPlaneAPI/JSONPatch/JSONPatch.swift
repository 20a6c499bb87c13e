import DataPlaneAPI

/// JSON patches (RFC 6902).
struct JSONPatch {
    /// The most operations a patch may have.
    static let operationLimit = 10_000
    /// The deepest a patched document may be: what a body may be, too.
    private static let depthLimit = 128

    private struct Operation {
        var word: String
        var path: [String]
        var from: [String]
        var value: JSONValue?
    }

    /// Why an operation can't be done.
    struct Fault: Error {
        var message: String
    }

    private let operations: [Operation]

    /// Reads a patch.
    ///
    /// - Throws: 400 for anything that isn't one, 413 for too many operations.
    init(_ json: JSONValue) throws(GatewayError) {
        guard let list = json.asArray else {
            throw GatewayError(.badRequest, "a JSON patch must be an array of operations, not \(json.typeName)")
        }
        guard list.count <= Self.operationLimit else {
            throw GatewayError(
                .payloadTooLarge,
                "Request entity too large: The allowed maximum operations in a JSON patch is \(Self.operationLimit), "
                    + "got \(list.count)")
        }
        var operations: [Operation] = []
        for (index, entry) in list.enumerated() {
            let place = "[\(index)]"
            guard entry.asObject != nil else {
                throw .badField(.wrongType(place, expected: "an object", found: entry.typeName))
            }
            let word = try entry.requiredString("op", in: place)
            let words = ["add", "remove", "replace", "move", "copy", "test"]
            guard words.contains(word) else { throw .badField(.notSupported("\(place).op", word, supported: words)) }
            let path = try Self.pointer(try entry.requiredString("path", in: place), "\(place).path")
            var from: [String] = []
            if word == "move" || word == "copy" {
                from = try Self.pointer(try entry.requiredString("from", in: place), "\(place).from")
            }
            if ["add", "replace", "test"].contains(word), entry["value"] == nil {
                throw .badField(.required("\(place).value"))
            }
            operations.append(Operation(word: word, path: path, from: from, value: entry["value"]))
        }
        self.operations = operations
    }

    /// The document with every operation done in order.
    func apply(to document: JSONValue) throws(Fault) -> JSONValue {
        var document = document
        // Copies of copies double the document each time: bounded by what a body may be.
        var copied = 0
        for operation in operations {
            switch operation.word {
            case "add": try Self.add(operation.value ?? .null, at: operation.path[...], in: &document)
            case "remove": _ = try Self.remove(operation.path[...], in: &document)
            case "replace":
                guard Self.find(operation.path, in: document) != nil else { throw Self.missing(operation.path) }
                try Self.replace(operation.value ?? .null, at: operation.path[...], in: &document)
            case "test":
                guard let found = Self.find(operation.path, in: document),
                    found.isEquivalent(to: operation.value ?? .null)
                else { throw Fault(message: "testing path \(Self.text(operation.path)) failed: the value is another") }
            case "copy":
                guard let value = Self.find(operation.from, in: document) else { throw Self.missing(operation.from) }
                copied += value.bytes().count
                guard copied <= 3_145_728 else { throw Fault(message: "the patch copies more than 3145728 bytes") }
                try Self.add(value, at: operation.path[...], in: &document)
            default:
                guard operation.path == operation.from || !operation.path.starts(with: operation.from) else {
                    throw Fault(message: "\(Self.text(operation.from)) can't be moved into itself")
                }
                let value = try Self.remove(operation.from[...], in: &document)
                try Self.add(value, at: operation.path[...], in: &document)
            }
        }
        return document
    }

    // MARK: JSON pointers (RFC 6901)

    private static func pointer(_ text: String, _ field: String) throws(GatewayError) -> [String] {
        if text.isEmpty { return [] }
        guard text.hasPrefix("/") else {
            throw .badField(.invalid(field, string: text, "must begin with a slash, such as /spec/group"))
        }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(unescaped)
    }

    private static func unescaped(_ part: Substring) -> String {
        guard part.contains("~") else { return String(part) }
        var result = ""
        var rest = part
        while let character = rest.popFirst() {
            guard character == "~" else {
                result.append(character)
                continue
            }
            switch rest.first {
            case "0": result.append("~")
            case "1": result.append("/")
            default:
                result.append("~")
                continue
            }
            rest.removeFirst()
        }
        return result
    }

    private static func text(_ path: [String]) -> String { "/" + path.joined(separator: "/") }
    private static func missing(_ path: [String]) -> Fault { Fault(message: "there is nothing at \(text(path))") }

    /// An index of RFC 6901: no sign, no leading zero.
    private static func index(_ text: String, below count: Int) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }), text == "0" || text.first != "0",
            let index = Int(text), index < count
        else { return nil }
        return index
    }

    private static func find(_ path: [String], in document: JSONValue) -> JSONValue? {
        var value = document
        for part in path {
            switch value {
            case .object(let object):
                guard let next = object[part] else { return nil }
                value = next
            case .array(let list):
                guard let index = index(part, below: list.count) else { return nil }
                value = list[index]
            default: return nil
            }
        }
        return value
    }

    private static func add(_ value: JSONValue, at path: ArraySlice<String>, in document: inout JSONValue) throws(Fault)
    {
        try checkDepth(value, below: path.count)
        guard let last = path.last else {
            document = value
            return
        }
        try change(path.dropLast(), in: &document) { (parent) throws(Fault) in
            switch parent {
            case .object: parent[last] = value
            case .array(var list):
                guard let place = last == "-" ? list.count : index(last, below: list.count + 1) else {
                    throw missing(Array(path))
                }
                list.insert(value, at: place)
                parent = .array(list)
            default: throw missing(Array(path))
            }
        }
    }

    private static func replace(
        _ value: JSONValue, at path: ArraySlice<String>, in document: inout JSONValue
    ) throws(Fault) {
        try checkDepth(value, below: path.count)
        try change(path, in: &document) { (place) throws(Fault) in place = value }
    }

    private static func checkDepth(_ value: JSONValue, below levels: Int) throws(Fault) {
        guard isWithin(value, depthLimit - levels) else {
            throw Fault(message: "the patched object would be nested deeper than \(depthLimit) levels")
        }
    }

    private static func isWithin(_ value: JSONValue, _ levels: Int) -> Bool {
        switch value {
        case .array(let list): levels > 0 && list.allSatisfy { isWithin($0, levels - 1) }
        case .object(let object): levels > 0 && object.allSatisfy { isWithin($0.value, levels - 1) }
        default: levels >= 0
        }
    }

    private static func remove(_ path: ArraySlice<String>, in document: inout JSONValue) throws(Fault) -> JSONValue {
        guard let last = path.last else { throw Fault(message: "the whole document can't be removed") }
        var removed = JSONValue.null
        try change(path.dropLast(), in: &document) { (parent) throws(Fault) in
            switch parent {
            case .object(let object):
                guard let value = object[last] else { throw missing(Array(path)) }
                removed = value
                parent[last] = nil
            case .array(var list):
                guard let place = index(last, below: list.count) else { throw missing(Array(path)) }
                removed = list.remove(at: place)
                parent = .array(list)
            default: throw missing(Array(path))
            }
        }
        return removed
    }

    /// Lets `body` change the value at a path.
    private static func change(
        _ path: ArraySlice<String>, in document: inout JSONValue, _ body: (inout JSONValue) throws(Fault) -> Void
    ) throws(Fault) {
        guard let first = path.first else { return try body(&document) }
        switch document {
        case .object(let object):
            guard var value = object[first] else { throw missing(Array(path)) }
            try change(path.dropFirst(), in: &value, body)
            document[first] = value
        case .array(var list):
            guard let place = index(first, below: list.count) else { throw missing(Array(path)) }
            var value = list[place]
            try change(path.dropFirst(), in: &value, body)
            list[place] = value
            document = .array(list)
        default: throw missing(Array(path))
        }
    }
}
