import Bytes
import DataPlaneAPI
import Dispatch
import HTTPKit
import NIOCore
import NIOPosix
import Testing

@testable import DataPlane
@testable import Origins

/// What an object's condition says of its backend.
struct BackendProbeTests {
    private func service(_ name: String) throws -> DataPlaneService {
        try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"\(name)"},"spec":{"group":"a.example","version":"v1",
                "backend":{"type":"http","baseURL":"http://\(name).example:1","connectTimeoutSeconds":1},
                "services":[{"type":"route","path":"x"}]}}
                """))
    }

    @Test func `a name server that drops packets is named in the state of each object`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let names = NameService { host in
            gate.wait()
            gate.signal()
            return .unknown("timed out")
        }
        let work = SideWork(threads: 1)
        let probe = try await BackendProbe.make(
            certificates: ClientCertificates(),
            dialer: Dialer(names: names, contexts: TLSContexts(work), work: work),
            loop: MultiThreadedEventLoopGroup.singleton.any())
        let services = try (0..<100).map { try service("dead\($0)") }
        let states = await withTaskGroup(of: BackendState.self) { tasks in
            for service in services { tasks.addTask { await probe.state(service) } }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(states.count == 100)
        for state in states {
            guard case .unreachable(let why) = state else {
                Issue.record("\(state)")
                continue
            }
            #expect(why.contains("the backend can't be reached: the host name dead"))
            #expect(why.contains("answer") && why.contains("name server"))
        }
        gate.signal()
        await work.stop()
    }
}
