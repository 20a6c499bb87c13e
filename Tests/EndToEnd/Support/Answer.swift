import Foundation

/// An HTTP answer as it came.
struct Answer {
    var status = 0
    var reason = ""
    var version = ""
    var headers: [(name: String, value: [UInt8])] = []
    var body: [UInt8] = []
    var trailers: [(name: String, value: [UInt8])] = []
    /// Interim answers that came before.
    var interim: [Int] = []

    /// The first value of a header, whatever its case.
    subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// All values of a header.
    func all(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; empty when it isn't one.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }

    /// Whether the body is a Kubernetes Status whose code is that of the status line.
    var isStatus: Bool {
        json["kind"] as? String == "Status" && json["apiVersion"] as? String == "v1"
            && json["status"] as? String == "Failure" && json["code"] as? Int == status
    }

    /// The message of a Status.
    var message: String { json["message"] as? String ?? "" }
}

extension [String: Any] {
    /// A value by a path such as `results.A.status`; numbers index arrays.
    func at(_ path: String) -> Any? {
        var value: Any? = self
        for key in path.components(separatedBy: ".") {
            if let object = value as? [String: Any] {
                value = object[key]
            } else if let array = value as? [Any], let index = Int(key), array.indices.contains(index) {
                value = array[index]
            } else {
                return nil
            }
        }
        return value
    }
}
