@_exported import PluginProtocol

/// A plugin: conform to the handler protocols of what it can do, and mark the type `@main`.
///
/// What it has no handler for is answered with UNIMPLEMENTED, which hosts take as "not offered".
public protocol Plugin: Sendable {
    /// Makes the plugin when its process starts.
    init() throws
}

extension Plugin {
    /// Runs the plugin until the host ends it.
    public static func main() async {
        await PluginMain.run { try Self() }
    }
}

/// Answers queries.
public protocol QueryDataHandler: Plugin {
    /// Answers all queries of a request; by default each one on its own, at the same time.
    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse]

    /// Answers one query. What it throws becomes the error of that query alone.
    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse
}

extension QueryDataHandler {
    /// Runs `query` for each query at the same time.
    public func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
        await withTaskGroup(of: AnsweredQuery.self) { group in
            for query in request.queries {
                group.addTask { await self.answer(query, in: request) }
            }
            var responses: [String: DataResponse] = [:]
            for await answered in group { responses[answered.refID] = answered.response }
            return responses
        }
    }

    // A function of its own with one object as its result: an optimised child task that returned a tuple out of its
    // `do` and `catch` left the result unset (Swift 6.3.1), and the process ended with a segmentation fault.
    @inline(never)
    private func answer(_ query: DataQuery, in request: QueryDataRequest) async -> AnsweredQuery {
        let response: DataResponse
        do {
            response = try await self.query(query, in: request)
        } catch {
            response = DataResponse(error: PluginError(wrapping: error))
        }
        return AnsweredQuery(query.refID, response)
    }

    /// Only there for plugins that answer all queries at once.
    public func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        throw PluginError("the plugin answers no single query", status: 501)
    }
}

/// Answers queries piece by piece: for frames that are too big to be made, sent and shown at once.
public protocol QueryChunkedDataHandler: Plugin {
    /// Answers all queries of a request through `chunks`.
    ///
    /// What it throws ends the whole answer; the error of one query is sent through `chunks`.
    func queryChunkedData(_ request: QueryDataRequest, _ chunks: ChunkSender) async throws
}

/// Says whether the plugin or the data source works.
public protocol CheckHealthHandler: Plugin {
    /// Checks the data source of the context.
    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult
}

/// Says of the process whether it serves; a plugin without this handler does from its start on.
public protocol ServingHandler: Plugin {
    /// Whether calls are welcome: while they aren't, hosts keep them away.
    func isServing() async -> Bool
}

/// Answers HTTP requests for the plugin's resources.
public protocol CallResourceHandler: Plugin {
    /// Answers through `response`, at once or piece by piece.
    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws
}

/// Gives metrics in the Prometheus text format.
public protocol CollectMetricsHandler: Plugin {
    /// The metrics of the process.
    func collectMetrics() async throws -> String
}

/// Publishes streams.
public protocol StreamHandler: Plugin {
    /// Whether the user may listen, and what a subscriber gets first.
    func subscribeStream(_ request: StreamRequest) async throws -> StreamResult

    /// Sends packets until the task is cancelled: once for all subscribers of a stream.
    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws

    /// Takes what a client publishes; by default nobody may.
    func publishStream(_ request: StreamRequest) async throws -> StreamResult
}

extension StreamHandler {
    /// Nobody may publish.
    public func publishStream(_ request: StreamRequest) async throws -> StreamResult {
        StreamResult(status: .permissionDenied)
    }
}

/// Judges and completes objects before they are stored.
public protocol AdmissionHandler: Plugin {
    /// Whether the object may be stored.
    func validateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult

    /// The object as it should be stored.
    func mutateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult
}

/// Converts objects between versions.
public protocol ConversionHandler: Plugin {
    /// The objects in the version wanted.
    func convertObjects(_ request: ConversionRequest) async throws -> ConversionResult
}

/// The answer to one of several queries.
private final class AnsweredQuery: Sendable {
    let refID: String
    let response: DataResponse

    init(_ refID: String, _ response: DataResponse) {
        self.refID = refID
        self.response = response
    }
}
