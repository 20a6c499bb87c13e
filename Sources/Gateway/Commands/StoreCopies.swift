import DataPlaneAPI
import Storage
import SystemKit

/// The commands `backup` and `restore`.
package enum StoreCopies {
    /// The store's file in the data folder.
    static let file = "gateway.db"

    /// Writes a copy of the store of a running gateway to a file that isn't there yet.
    ///
    /// - Returns: its size in bytes.
    package static func backup(to path: String, _ settings: Settings) async throws -> Int {
        let client = try AdminClient(settings)
        let file = try NewFile(path, mode: 0o600)
        var size = 0
        var start: [UInt8] = []
        try await client.get("/backup") { part throws(GatewayError) in
            size += part.count
            if start.count < header.count { start += part.prefix(header.count - start.count) }
            guard header.starts(with: start) else { throw noStore }
            let written = part.withUnsafeBytes { raw in Result { () throws(GatewayError) in try file.write(raw) } }
            try written.get()
        }
        guard start == header else { throw noStore }
        try file.finish()
        return size
    }

    /// What every database of SQLite begins with.
    private static let header = Array("SQLite format 3\0".utf8)
    private static let noStore = GatewayError(
        .badGateway, "what answers at the admin address gave no store; say with --admin-address where the gateway is")

    /// The data folder that is meant where none is named: that of a gateway that was started here.
    package static func dataFolderHere() throws(GatewayError) -> String {
        let here = "./data"
        guard FileFacts("\(here)/\(AdminToken.fileName)") != nil else {
            throw GatewayError(
                .badRequest, "\(here) is no gateway's data folder; say with --data-dir where the objects go")
        }
        return here
    }

    /// Puts a copy in the place of the store of a gateway that doesn't run.
    ///
    /// - Returns: the name of the store that was there before; nil when there was none.
    package static func restore(_ path: String, dataDir: String) async throws(GatewayError) -> String? {
        let data = Folder.absolute(dataDir)
        try Folder.create(data, mode: 0o700)
        let lock = try FolderLock(data)
        defer { withExtendedLifetime(lock) {} }
        return try await SQLiteStorage.restore(path, to: "\(data)/\(file)")
    }
}
