extension JSONPatch {
    /// The deepest a patched document may be: what a body may be, too.
    private static let depthLimit = 128
    /// What the values of all `copy` operations together may take, as JSON text.
    private static let copyLimit = 3_145_728
    /// How many entries of arrays and members of objects all operations together may move.
    ///
    /// Whatever is put into a container or taken out of it moves the rest: thousands of operations on one that is as big
    /// as a body may be would take minutes.
    private static let moveLimit = 10_000_000

    /// Why an operation can't be done.
    package struct Fault: Error, Sendable, Hashable {
        /// What is wrong, for the client that sent the patch.
        package var message: String
    }

    /// The document with every operation done in order.
    package func apply(to document: JSONValue) throws(Fault) -> JSONValue {
        var document = document
        // Copies of copies double the document each time: bounded by what a body may be.
        var copied = 0
        var moved = 0
        for operation in operations {
            let path = operation.path.tokens
            let from = operation.from?.tokens ?? []
            switch operation.verb {
            case .add: try Self.add(operation.value ?? .null, at: path[...], in: &document, &moved)
            case .remove: _ = try Self.remove(path[...], in: &document, &moved)
            case .replace:
                guard Self.find(path, in: document) != nil else { throw Self.missing(path, in: document) }
                try Self.replace(operation.value ?? .null, at: path[...], in: &document)
            case .test:
                guard let found = Self.find(path, in: document) else {
                    throw Fault(
                        message: "testing path \(operation.path) failed: \(Self.missing(path, in: document).message)")
                }
                guard found.isEquivalent(to: operation.value ?? .null) else {
                    throw Fault(message: "testing path \(operation.path) failed: the value is another")
                }
            case .copy:
                guard let value = Self.find(from, in: document) else { throw Self.missing(from, in: document) }
                copied += value.bytes().count
                guard copied <= Self.copyLimit else {
                    throw Fault(message: "the patch copies more than \(Self.copyLimit) bytes")
                }
                try Self.add(value, at: path[...], in: &document, &moved)
            case .move:
                guard path == from || !path.starts(with: from) else {
                    throw Fault(message: "\(JSONPointer(from)) can't be moved into itself")
                }
                let value = try Self.remove(from[...], in: &document, &moved)
                try Self.add(value, at: path[...], in: &document, &moved)
            }
        }
        return document
    }

    /// What of a path isn't there: its first segment that leads nowhere, and what stands where it was looked for.
    private static func missing(_ path: [String], in document: JSONValue) -> Fault {
        var value = document
        for (depth, token) in path.enumerated() {
            guard let next = child(token, of: value) else { return missing(path[...], at: depth, of: value) }
            value = next
        }
        return Fault(message: "there is nothing at \(JSONPointer(path))")
    }

    /// That the segment at `depth` of a path isn't there in the value it is looked for in.
    private static func missing(_ path: ArraySlice<String>, at depth: Int, of value: JSONValue) -> Fault {
        let walked = Array(path.prefix(depth + 1))
        let token = walked.last ?? ""
        let place = depth == 0 ? "the document" : "\(JSONPointer(Array(walked.dropLast())))"
        let why =
            switch value {
            case .object: "\(place) has no member \"\(token)\""
            case .array(let list):
                "\(place) is an array with \(list.count) entries, and \"\(token)\" is not the index of one"
            default: "\(place) is \(value.typeName) and has no \"\(token)\""
            }
        return Fault(message: "there is nothing at \(JSONPointer(Array(path))): \(why)")
    }

    private static func child(_ token: String, of value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let object): object[token]
        case .array(let list): JSONPointer.index(token, below: list.count).map { list[$0] }
        default: nil
        }
    }

    private static func count(_ entries: Int, _ moved: inout Int) throws(Fault) {
        moved += entries
        guard moved <= moveLimit else {
            throw Fault(message: "the patch moves more than \(moveLimit) entries of arrays and objects")
        }
    }

    private static func find(_ path: [String], in document: JSONValue) -> JSONValue? {
        var value = document
        for token in path {
            guard let next = child(token, of: value) else { return nil }
            value = next
        }
        return value
    }

    private static func add(
        _ value: JSONValue, at path: ArraySlice<String>, in document: inout JSONValue, _ moved: inout Int
    ) throws(Fault) {
        try checkDepth(value, below: path.count)
        guard let last = path.last else {
            document = value
            return
        }
        try checkParent(path, in: document)
        try change(path.dropLast(), in: &document) { (parent) throws(Fault) in
            switch parent {
            case .object: parent[last] = value
            case .array(var list):
                guard let place = last == "-" ? list.count : JSONPointer.index(last, below: list.count + 1) else {
                    throw missing(path, at: path.count - 1, of: parent)
                }
                try count(list.count - place, &moved)
                parent = .null
                list.insert(value, at: place)
                parent = .array(list)
            default: throw missing(path, at: path.count - 1, of: parent)
            }
        }
    }

    private static func replace(
        _ value: JSONValue, at path: ArraySlice<String>, in document: inout JSONValue
    ) throws(Fault) {
        try checkDepth(value, below: path.count)
        try change(path, in: &document) { (place) throws(Fault) in place = value }
    }

    /// Looks for what the last segment is put into or taken out of while the document is whole, for the message.
    private static func checkParent(_ path: ArraySlice<String>, in document: JSONValue) throws(Fault) {
        let parent = Array(path.dropLast())
        guard find(parent, in: document) == nil else { return }
        throw missing(Array(path), in: document)
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

    private static func remove(
        _ path: ArraySlice<String>, in document: inout JSONValue, _ moved: inout Int
    ) throws(Fault) -> JSONValue {
        guard let last = path.last else { throw Fault(message: "the whole document can't be removed") }
        try checkParent(path, in: document)
        var removed = JSONValue.null
        try change(path.dropLast(), in: &document) { (parent) throws(Fault) in
            switch parent {
            case .object(var object):
                guard let value = object[last] else { throw missing(path, at: path.count - 1, of: parent) }
                try count(object.count, &moved)
                removed = value
                parent = .null
                object[last] = nil
                parent = .object(object)
            case .array(var list):
                guard let place = JSONPointer.index(last, below: list.count) else {
                    throw missing(path, at: path.count - 1, of: parent)
                }
                try count(list.count - place, &moved)
                parent = .null
                removed = list.remove(at: place)
                parent = .array(list)
            default: throw missing(path, at: path.count - 1, of: parent)
            }
        }
        return removed
    }

    /// Lets `body` change the value at a path.
    ///
    /// What it changes is taken out of its container meanwhile: with two owners every operation would copy every
    /// array on its way. A failure leaves `document` broken; the caller gives it up then.
    private static func change(
        _ path: ArraySlice<String>, in document: inout JSONValue, _ body: (inout JSONValue) throws(Fault) -> Void
    ) throws(Fault) {
        guard let first = path.first else { return try body(&document) }
        switch document {
        case .object(var object):
            guard var value = object[first] else { throw missing(path, at: 0, of: document) }
            document = .null
            object[first] = .null
            try change(path.dropFirst(), in: &value, body)
            object[first] = value
            document = .object(object)
        case .array(var list):
            guard let place = JSONPointer.index(first, below: list.count) else {
                throw missing(path, at: 0, of: document)
            }
            document = .null
            var value = list[place]
            list[place] = .null
            try change(path.dropFirst(), in: &value, body)
            list[place] = value
            document = .array(list)
        default: throw missing(path, at: 0, of: document)
        }
    }
}
