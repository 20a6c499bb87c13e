import DataPlaneAPI

/// A watch on its way to a client: turns signals of the store into lines of JSON.
struct WatchSession: Sendable {
    let renderer: Renderer
    let options: ListOptions
    /// Nil if the watch could not start.
    let watch: StoreWatch?
    /// Only changes after this version are delivered.
    let from: Int
    /// Why the watch could not start, told as an event.
    let error: GatewayError?

    /// How long the stream lasts, in seconds: what the client asks for, else half an hour to an hour.
    var seconds: Int {
        let wanted = options.timeoutSeconds ?? 0
        return wanted > 0 ? min(wanted, 86_400) : Int.random(in: 1_800...3_600)
    }

    /// Writes the stream until it ends or `send` returns false.
    func run(_ send: ([UInt8]) async -> Bool) async {
        if let error {
            let status = (try? JSONValue.parse(StatusBody.failure(error))) ?? .emptyObject
            _ = await send(Self.line("ERROR", status))
            return
        }
        guard let watch else { return }
        var hasColumns = false
        for event in watch.initial {
            if let line = line(event, &hasColumns), !(await send(line)) { return }
        }
        if options.sendsInitialEvents == true, options.bookmarks {
            guard await send(bookmark(watch.version, endsInitialEvents: true, &hasColumns)) else { return }
        }
        for await signal in watch.signals {
            switch signal {
            case .change(let event):
                if let line = line(event, &hasColumns), !(await send(line)) { return }
            case .bookmark(let version):
                guard options.bookmarks else { continue }
                guard await send(bookmark(max(version, watch.version), endsInitialEvents: false, &hasColumns)) else {
                    return
                }
            }
        }
    }

    /// The line of a change; nil if the selectors leave it out.
    private func line(_ event: StoreEvent, _ hasColumns: inout Bool) -> [UInt8]? {
        guard event.object.version > from || from == 0 else { return nil }
        let isNow = options.matches(event.object.body)
        let wasBefore = event.previous.map { options.matches($0) } ?? false
        let type: String
        var object = event.object.body
        switch event.kind {
        case .deleted:
            guard wasBefore else { return nil }
            type = "DELETED"
        case .added, .modified:
            if isNow {
                type = wasBefore ? "MODIFIED" : "ADDED"
            } else if wasBefore, let previous = event.previous {
                type = "DELETED"
                object = previous
                object["metadata"]?["resourceVersion"] = .string(String(event.object.version))
            } else {
                return nil
            }
        }
        defer { hasColumns = true }
        return Self.line(type, renderer.single(object, withColumns: !hasColumns))
    }

    private func bookmark(_ version: Int, endsInitialEvents: Bool, _ hasColumns: inout Bool) -> [UInt8] {
        var object: JSONValue = [
            "kind": .string(renderer.definition.kind), "apiVersion": .string(renderer.definition.apiVersion),
            "metadata": ["resourceVersion": .string(String(version)), "creationTimestamp": .null],
        ]
        if endsInitialEvents {
            object["metadata"]?["annotations"] = ["k8s.io/initial-events-end": "true"]
        }
        if case .table = renderer.rendering {
            defer { hasColumns = true }
            return Self.line("BOOKMARK", renderer.single(object, withColumns: !hasColumns))
        }
        if case .partial(let group) = renderer.rendering {
            object["kind"] = "PartialObjectMetadata"
            object["apiVersion"] = .string("meta.k8s.io/\(group)")
        }
        return Self.line("BOOKMARK", object)
    }

    private static func line(_ type: String, _ object: JSONValue) -> [UInt8] {
        var bytes = (["type": .string(type), "object": object] as JSONValue).bytes()
        bytes.append(0x0A)
        return bytes
    }
}
