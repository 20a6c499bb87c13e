import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import Storage
import Synchronization
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Answers `/backup` with a consistent copy of the store; shared by all event loops.
final class StoreDownload: Sendable {
    private let storage: SQLiteStorage
    private let folder: String
    private let isBusy = Mutex(false)

    /// A download.
    ///
    /// - Parameter folder: where the copy is made; the data folder, whose disk has room for what it holds already.
    init(storage: SQLiteStorage, folder: String) {
        self.storage = storage
        self.folder = folder
        // A process that was killed may have left a copy behind.
        unlink(copy)
    }

    private var copy: String { "\(folder)/backup.tmp" }

    /// Makes the copy and sends it as the client takes it; one at a time.
    func answer(_ exchange: Exchange) {
        guard exchange.request.method == .get else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["GET"]))
        }
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else {
            return exchange.respond(
                GatewayError(.tooManyRequests, "another backup is being made; try again later", retryAfterSeconds: 1))
        }
        exchange.whenFinished { [self] in isBusy.withLock { $0 = false } }
        let bound = NIOLoopBound(exchange, eventLoop: exchange.loop)
        let loop = exchange.loop
        Task {
            let made = await make()
            loop.execute { Self.send(made, bound.value) }
        }
    }

    private func make() async -> Result<FilePieces, GatewayError> {
        unlink(copy)
        // Open, the file stays until it is sent; its name is needed no longer.
        defer { unlink(copy) }
        do throws(GatewayError) {
            try await storage.copy(to: copy)
            return .success(try FilePieces(copy))
        } catch {
            return .failure(error)
        }
    }

    private static func send(_ made: Result<FilePieces, GatewayError>, _ exchange: Exchange) {
        guard !exchange.isOver else { return }
        let pieces: FilePieces
        switch made {
        case .success(let file): pieces = file
        case .failure(let error): return exchange.respond(error)
        }
        exchange.start(status: 200, body: .known(pieces.size)) { head in
            head.add("Content-Type", fixed: "application/vnd.sqlite3")
            head.add("Cache-Control", fixed: "no-store")
        }
        let body = PacedBody(exchange)
        body.add {
            do throws(GatewayError) {
                // Just written, so it comes from the page cache.
                return try pieces.next(PacedBody.pieceSize).map { ByteBuffer(bytes: $0) }
            } catch {
                exchange.abort()
                return nil
            }
        }
        exchange.take(body)
        body.drained {
            exchange.letGo()
            exchange.end()
        }
    }
}
