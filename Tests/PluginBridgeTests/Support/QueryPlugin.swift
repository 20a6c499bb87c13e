import DataFrames
import DataPlaneAPI
import PluginKit

/// A plugin that answers queries as closures say.
struct QueryPlugin: Plugin, QueryDataHandler {
    var answer: @Sendable (QueryDataRequest) async throws -> [String: DataResponse] = { _ in [:] }

    init() {}

    init(_ answer: @escaping @Sendable (QueryDataRequest) async throws -> [String: DataResponse]) {
        self.answer = answer
    }

    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] { try await answer(request) }
}

/// The same with chunks.
struct ChunkPlugin: Plugin, QueryDataHandler, QueryChunkedDataHandler {
    var chunks: @Sendable (QueryDataRequest, ChunkSender) async throws -> Void = { _, _ in }

    init() {}

    init(_ chunks: @escaping @Sendable (QueryDataRequest, ChunkSender) async throws -> Void) {
        self.chunks = chunks
    }

    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
        throw PluginError("this plugin is asked for chunks")
    }

    func queryChunkedData(_ request: QueryDataRequest, _ chunks: ChunkSender) async throws {
        try await self.chunks(request, chunks)
    }
}

/// Bodies of query requests.
enum QueryBody {
    static func of(_ refIDs: String...) -> [UInt8] {
        let queries = refIDs.map { "{\"refId\":\"\($0)\",\"datasource\":{\"type\":\"test\",\"uid\":\"u\"}}" }
        return Array("{\"queries\":[\(queries.joined(separator: ","))]}".utf8)
    }
}

extension Frame {
    /// A frame of numbers from `first` on.
    static func counting(_ first: Int, _ rows: Int) -> Frame {
        Frame("n", fields: [.numbers("n", (first..<first + rows).map { Double($0) })])
    }
}
