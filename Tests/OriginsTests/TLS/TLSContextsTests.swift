import DataPlaneAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPKit
@testable import Origins

/// TLS contexts are made once for each configuration.
struct TLSContextsTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    private func context(_ contexts: TLSContexts, _ settings: TLSClientSettings, host: String = "a") async throws {
        let loop = group.any()
        try await withCheckedThrowingContinuation { continuation in
            loop.execute {
                contexts.context(settings, host: host, milliseconds: 30_000, on: loop) {
                    continuation.resume(with: $0.map { _ in })
                }
            }
        }
    }

    @Test func oneIsMadeForAllPoolsAndLoops() async throws {
        let made = Atomic<Int>(0)
        let contexts = TLSContexts(.forTests) {
            made.add(1, ordering: .relaxed)
            return $0.context()
        }
        var settings = TLSClientSettings()
        settings.verifies = false
        try await withThrowingTaskGroup(of: Void.self) { [settings] tasks in
            for number in 0..<20 {
                tasks.addTask { try await context(contexts, settings, host: "host\(number)") }
            }
            try await tasks.waitForAll()
        }
        // The name and the words are not what takes time.
        settings.serverName = "other"
        settings.words = .backend
        try await context(contexts, settings)
        #expect(made.load(ordering: .relaxed) == 1)
    }

    @Test func oneThatFailedIsTriedAgain() async throws {
        let tries = Atomic<Int>(0)
        let contexts = TLSContexts(.forTests) { material in
            guard tries.add(1, ordering: .relaxed).newValue > 1 else {
                return .failure(TLSMaterialFault(.authorities, CancellationError()))
            }
            return material.context()
        }
        var settings = TLSClientSettings()
        settings.verifies = false
        let error = await #expect(throws: GatewayError.self) { try await context(contexts, settings) }
        #expect(error?.message.contains("tlsCACert holds no PEM certificate") == true)
        try await context(contexts, settings)
    }
}
