import DataFrames
import PluginKit

extension Showcase: QueryChunkedDataHandler {
    /// Answers like a query does, the sine in pieces of `"chunk": N` points with `"pauseMs": N` between them.
    func queryChunkedData(_ request: QueryDataRequest, _ chunks: ChunkSender) async throws {
        for query in request.queries {
            let wish = JSON(query.json)
            let size = max(1, min(wish["chunk"] as? Int ?? 1000, 100_000))
            let pause = max(0, min(wish["pauseMs"] as? Int ?? 0, 10_000))
            do {
                guard wish["wave"] as? String ?? "sine" == "sine" else {
                    for frame in try await self.query(query, in: request).frames {
                        try await chunks.send(frame, refID: query.refID, frameID: "frame")
                    }
                    continue
                }
                var rest = Self.points(wish["points"] as? Int)
                while !rest.isEmpty {
                    try await chunks.send(Self.sine(rest.prefix(size)), refID: query.refID, frameID: "sine")
                    rest = rest.dropFirst(size)
                    if pause > 0, !rest.isEmpty { try await Task.sleep(for: .milliseconds(pause)) }
                }
            } catch let error as PluginError {
                try await chunks.send(error, refID: query.refID)
            }
        }
    }
}
