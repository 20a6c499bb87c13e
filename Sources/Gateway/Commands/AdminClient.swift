import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// Asks the admin listener of a running gateway.
enum AdminClient {
    /// The body of a page.
    ///
    /// - Throws: `GatewayError` when nobody answers, or with what the gateway said.
    static func get(_ address: ListenAddress, _ target: String) async throws -> String {
        let group = MultiThreadedEventLoopGroup.singleton
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(2))
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw GatewayError(
                .serviceUnavailable,
                "no gateway answers at \(address.host):\(address.port) (--admin-address): \(describe(error)); "
                    + "start it, or use --offline")
        }
        let text = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            var all = ByteBuffer()
            for try await part in inbound {
                all.writeImmutableBuffer(part)
                if all.readableBytes > 1 << 20 { break }
            }
            return String(buffer: all)
        }
        guard let split = text.range(of: "\r\n\r\n") else {
            throw GatewayError(.badGateway, "the admin listener gave no answer")
        }
        var body = String(text[split.upperBound...])
        while body.hasSuffix("\n") { body.removeLast() }
        guard text.hasPrefix("HTTP/1.1 200") else { throw GatewayError(.badGateway, body) }
        return body
    }

    static func escape(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.unicodeScalars.append(.init(byte))
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}

extension String {
    /// The first place of a text.
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
