import Crypto
import PluginProtocol

/// Derives stable numbers from configuration: the same on every start and on every replica.
struct ContentHash {
    private var bytes: [UInt8] = []

    /// The hash of what was added.
    var value: [UInt8] { SHA256.bytes(bytes) }

    /// Adds a field; its length goes first, so that neighbours can't run into each other.
    mutating func add(_ field: some Collection<UInt8>) {
        add(field.count)
        bytes += field
    }

    /// Adds a text.
    mutating func add(_ field: String) { add(field.utf8) }

    /// Adds a number.
    mutating func add(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { bytes += $0 }
    }

    /// Adds a mapping, whatever its order.
    mutating func add(_ map: [String: String]) {
        add(map.count)
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            add(key)
            add(value)
        }
    }

    /// Adds what a plugin receives, without the two numbers that are made from hashes.
    mutating func add(_ settings: DataSourceInstanceSettings) {
        let texts = [
            settings.uid, settings.name, settings.url, settings.user, settings.database, settings.basicAuthUser,
            settings.apiVersion,
        ]
        for text in texts { add(text) }
        add(settings.basicAuthEnabled ? 1 : 0)
        add(settings.jsonData)
        add(settings.secureJSONData)
    }

    /// A time in milliseconds that changes exactly when the content does.
    ///
    /// Plugins only ask whether it differs from the one they know. The time of a file would change when another entry
    /// of it does and wouldn't when a secret behind `$__file{}` does; the hash knows both, on every replica alike. It
    /// lies between 2001 and 2019: 39 bits after 1,000,000,000,000.
    static func updatedMS(_ content: [UInt8]) -> Int64 {
        1_000_000_000_000 + Int64(truncatingIfNeeded: number(content) >> 25)
    }

    /// A number of 53 bits that is not zero, for a data source; `taken` ones are passed over.
    static func id(orgID: Int, uid: String, taken: Set<Int64>) -> Int64 {
        var attempt = 0
        while true {
            var key = ContentHash()
            key.add(orgID)
            key.add(uid)
            if attempt > 0 { key.add(attempt) }
            let id = Int64(truncatingIfNeeded: number(key.value) >> 11)
            if id != 0, !taken.contains(id) { return id }
            attempt += 1
        }
    }

    private static func number(_ hash: [UInt8]) -> UInt64 {
        hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
