import DataPlaneAPI
import NIOCore
import NIOPosix
import Testing

@testable import HTTPKit
@testable import Origins

/// Look-ups of host names, with a name server that drops packets.
struct NameServiceTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.any()

    private func addresses(
        _ names: NameService, _ host: String, port: Int = 80, milliseconds: Int = 60_000
    ) async throws -> [SocketAddress] {
        try await withCheckedThrowingContinuation { continuation in
            loop.execute {
                names.addresses(of: host, port: port, milliseconds: milliseconds, on: self.loop) {
                    continuation.resume(with: $0)
                }
            }
        }
    }

    private func error(_ names: NameService, _ host: String, milliseconds: Int) async -> GatewayError? {
        do {
            _ = try await addresses(names, host, milliseconds: milliseconds)
            return nil
        } catch {
            return error as? GatewayError
        }
    }

    @Test func aNameIsLookedUpForBothKindsAtOnce() async throws {
        let found = try await addresses(NameService(), "localhost", port: 81)
        #expect(found.contains { $0.ipAddress == "127.0.0.1" || $0.ipAddress == "::1" })
        #expect(found.allSatisfy { $0.port == 81 })
    }

    @Test func anAddressNeedsNoLookUp() async throws {
        let resolver = HangingResolver()
        let found = try await addresses(NameService(lookUp: resolver.lookUp), "::1", port: 81)
        #expect(found == [try SocketAddress(ipAddress: "::1", port: 81)])
        #expect(resolver.names.isEmpty)
    }

    @Test func aHundredSilentNamesKeepNobodyElseWaiting() async throws {
        let alive = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
        let resolver = HangingResolver(["alive": alive])
        defer { resolver.letGo() }
        let names = NameService(lookUp: resolver.lookUp)
        // As it is while the gateway runs: the name was found before.
        _ = try await addresses(names, "alive")
        names.doubt("alive")
        await withTaskGroup(of: GatewayError?.self) { tasks in
            for number in 0..<100 {
                tasks.addTask { await error(names, "dead\(number)", milliseconds: 100) }
            }
            for await error in tasks { #expect(error?.code == .gatewayTimeout) }
        }
        // The look-up is made while those hang: it finds the new address. On a busy machine the old one may be used first.
        let moved = try SocketAddress(ipAddress: "127.0.0.2", port: 0)
        resolver.move("alive", to: moved)
        while try await addresses(names, "alive").first?.ipAddress != "127.0.0.2" {}
        #expect(resolver.names.filter { $0 == "alive" }.count == 2)
        // Each that was begun was begun once.
        #expect(Set(resolver.names).count == resolver.names.count - 1)
        #expect(names.waiting == 0)
    }

    @Test func whoeverWaitsForTheSameNameSharesOneLookUp() async throws {
        let resolver = HangingResolver()
        let names = NameService(lookUp: resolver.lookUp)
        await withTaskGroup(of: GatewayError?.self) { tasks in
            for _ in 0..<50 { tasks.addTask { await error(names, "slow", milliseconds: 600_000) } }
            while names.waiting < 50 { try? await Task.sleep(for: .milliseconds(2)) }
            resolver.letGo()
            for await error in tasks { #expect(error?.code == .badGateway) }
        }
        #expect(resolver.names == ["slow"])
    }

    @Test func whoeverStopsWaitsForNoLookUp() async throws {
        let resolver = HangingResolver()
        let names = NameService(lookUp: resolver.lookUp)
        loop.execute {
            names.addresses(of: "slow", port: 1, milliseconds: 600_000, on: loop) { _ in Issue.record("told") }
        }
        while names.waiting < 1 { try await Task.sleep(for: .milliseconds(2)) }
        names.stop()
        resolver.letGo()
    }
}
