import DataPlaneAPI
import NIOCore
import NIOPosix
import Testing

@testable import HTTPKit

struct GuardedResolverTests {
    private func addresses(_ texts: String...) throws -> [SocketAddress] {
        try texts.map { try SocketAddress(ipAddress: $0, port: 80) }
    }

    @Test func onlyAllowedAddressesOfANameAreDialled() throws {
        let found = try addresses("169.254.169.254", "127.0.0.1", "fe80::1", "8.8.8.8")
        let all = try GuardedResolver.allowed(found, AddressPolicy(allowsPrivate: true), "name")
        #expect(all.map(\.ipAddress) == ["127.0.0.1", "8.8.8.8"])
        let open = try GuardedResolver.allowed(found, AddressPolicy(allowsPrivate: false), "name")
        #expect(open.map(\.ipAddress) == ["8.8.8.8"])
    }

    @Test func aNameWithoutAnAllowedAddressIsRefused() throws {
        let found = try addresses("10.0.0.1", "::1")
        let error = #expect(throws: GatewayError.self) {
            try GuardedResolver.allowed(found, AddressPolicy(allowsPrivate: false), "name")
        }
        #expect(error?.code == .forbidden)
        #expect(error?.message.contains("datasource-proxy-private") == true)
    }

    @Test func aNameIsLookedUpForBothKindsAtOnce() async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let resolver = GuardedResolver(loop: loop, policy: AddressPolicy(allowsPrivate: true), threads: threads)
        let six = resolver.initiateAAAAQuery(host: "localhost", port: 81)
        let four = resolver.initiateAQuery(host: "localhost", port: 81)
        let found = try await four.get() + six.get()
        #expect(found.contains { $0.ipAddress == "127.0.0.1" || $0.ipAddress == "::1" })
        #expect(found.allSatisfy { $0.port == 81 })
        try await threads.shutdownGracefully()
    }
}
