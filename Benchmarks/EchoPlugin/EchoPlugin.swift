import PluginKit

/// A plugin that answers every query with the same ready-made frame, so that what stands before it is what is measured.
@main
struct EchoPlugin: QueryDataHandler {
    private static let frame: EncodedFrame = {
        let times = (0..<100).map { "\(1_700_000_000_000 + $0 * 15_000)" }.joined(separator: ",")
        let values = (0..<100).map { "\(Double($0) * 1.25)" }.joined(separator: ",")
        let text =
            #"{"schema":{"refId":"A","fields":[{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"}},"#
            + #"{"name":"Value","type":"number","typeInfo":{"frame":"float64"}}]},"data":{"values":["#
            + "[\(times)],[\(values)]]}}"
        return EncodedFrame(Array(text.utf8), format: .json)
    }()

    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
        var responses: [String: DataResponse] = [:]
        for query in request.queries { responses[query.refID] = DataResponse(frames: [Self.frame]) }
        return responses
    }
}
