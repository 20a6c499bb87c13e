import Foundation

/// Follows the DataPlaneServices of a gateway with a watch and keeps every state that came.
final class ServiceWatch: @unchecked Sendable {
    /// An object as an event showed it.
    struct State {
        let event: String
        let name: String
        let object: [String: Any]

        /// A condition as `status reason`; empty when there is none.
        func condition(_ type: String) -> String {
            guard let found = entry(type) else { return "" }
            return "\(found["status"] as? String ?? "") \(found["reason"] as? String ?? "")"
        }

        /// The message of a condition.
        func message(_ type: String) -> String { entry(type)?["message"] as? String ?? "" }

        var isAvailable: Bool { entry("Available")?["status"] as? String == "True" }

        private func entry(_ type: String) -> [String: Any]? {
            (object.at("status.conditions") as? [[String: Any]])?.first { $0["type"] as? String == type }
        }
    }

    private let condition = NSCondition()
    private var states: [State] = []
    private var end: String?

    convenience init(_ gateway: Gateway) throws { try self.init(port: gateway.port) }

    init(port: UInt16) throws {
        let client = try RawClient(port: port, seconds: 120)
        try client.send("GET \(Gateway.services)?watch=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        let head = try client.readHead()
        guard head.status == 200 else { throw Trouble("the watch was refused: \(head.status)") }
        let thread = Thread { [self] in
            do { try read(client) } catch { finish("\(error)") }
        }
        thread.start()
    }

    private func read(_ client: RawClient) throws {
        var rest: [UInt8] = []
        while true {
            guard let size = Int(try client.readLine(), radix: 16) else { throw Trouble("no chunk size") }
            guard size > 0 else { return finish("the watch ended") }
            rest += try client.read(size)
            _ = try client.readLine()
            while let line = rest.firstIndex(of: 0x0A) {
                let event = try JSONSerialization.jsonObject(with: Data(rest[..<line])) as? [String: Any] ?? [:]
                rest.removeSubrange(...line)
                add(event)
            }
        }
    }

    private func add(_ event: [String: Any]) {
        condition.lock()
        states.append(
            State(
                event: event["type"] as? String ?? "", name: event.at("object.metadata.name") as? String ?? "",
                object: event["object"] as? [String: Any] ?? [:]))
        condition.broadcast()
        condition.unlock()
    }

    private func finish(_ why: String) {
        condition.lock()
        end = why
        condition.broadcast()
        condition.unlock()
    }

    /// How many events came; a place to look from.
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return states.count
    }

    /// What came of an object from a place on.
    func states(of name: String, from start: Int = 0) -> [State] {
        condition.lock()
        defer { condition.unlock() }
        return states.dropFirst(start).filter { $0.name == name }
    }

    /// Waits for a state of an object.
    @discardableResult
    func wait(
        _ name: String, from start: Int = 0, seconds: Double = 20, until matches: (State) -> Bool
    ) throws -> State {
        let deadline = Date(timeIntervalSinceNow: seconds)
        var next = start
        condition.lock()
        defer { condition.unlock() }
        while true {
            while next < states.count {
                if states[next].name == name, matches(states[next]) { return states[next] }
                next += 1
            }
            if end != nil || !condition.wait(until: deadline) {
                let seen = states.dropFirst(start).filter { $0.name == name }.map {
                    "\($0.event) \(["Accepted", "PluginReady", "Available"].map($0.condition))"
                }
                throw Trouble("\(name) did not come to that state: \(seen) \(end ?? "in time")")
            }
        }
    }
}
