import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import Origins
import SystemKit

/// Asks the admin listener of a running gateway, the one that the settings name.
package struct AdminClient: Sendable {
    private let host: String
    private let port: Int
    private let setting: String
    private let tls: TLSClientSettings?
    /// A whole `Authorization` line, where the gateway's token can be read.
    private let authorization: String

    /// A client for the admin listener of these settings.
    ///
    /// - Throws: `GatewayError` when the listener takes any free port, or its certificate can't be read.
    package init(_ settings: Settings) throws(GatewayError) {
        let all = settings.effectiveListeners.filter { $0.purpose == .admin }
        guard let listener = all.first(where: { $0.tls == nil }) ?? all.first else {
            throw GatewayError(.badRequest, "the settings have no admin listener; give --admin-address")
        }
        setting = listener.isListed ? "listeners: \(listener.name)" : "--admin-address"
        guard listener.address.port != 0 else {
            throw GatewayError(
                .badRequest,
                "\(setting): takes any free port; give --admin-address with the one of the gateway's \"ready\" line")
        }
        let everywhere = ["0.0.0.0": "127.0.0.1", "::": "::1"]
        let host = everywhere[listener.address.host] ?? listener.address.host
        self.host = host
        port = listener.address.port
        let data = Folder.absolute(settings.dataDir)
        tls = try listener.tls.map { (files) throws(GatewayError) in
            try Self.trust(files, host: host, bound: listener.address.host, data: data)
        }
        // In the clear it stays on this machine.
        let sends = tls != nil || Settings.isLoopback(host)
        let token = sends ? AdminToken.existing(data: data) : nil
        authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    }

    private static func trust(
        _ files: ListenerSettings.TLS, host: String, bound: String, data: String
    ) throws(GatewayError) -> TLSClientSettings {
        var settings = TLSClientSettings()
        guard !files.certFile.isEmpty else {
            settings.authorities = Array(try FileText.read("\(data)/pki/ca.crt").utf8)
            return settings
        }
        let certificate = try ServingCertificate(files, host: bound, data: data)
        settings.authorities = Array(certificate.authority.utf8)
        settings.serverName = certificate.expectedName(for: host) ?? ""
        return settings
    }

    /// The text of a page.
    ///
    /// - Throws: `GatewayError` when nobody answers, or with what the gateway said.
    func text(_ target: String) async throws -> String {
        var body: [UInt8] = []
        try await get(target) { part throws(GatewayError) in
            body += part
            guard body.count <= 1 << 24 else {
                throw GatewayError(.badGateway, "the admin listener's answer is longer than 16 MiB")
            }
        }
        while body.last == UInt8(ascii: "\n") { body.removeLast() }
        return String(decoding: body, as: UTF8.self)
    }

    /// For silence of the admin listener, seconds: a large store takes its time to be copied.
    private static let patience: Int64 = 120

    /// Gives the body of a page to `receive`, part by part.
    ///
    /// - Throws: `GatewayError` when nobody answers or goes on, with what the gateway said, or when the answer is cut.
    func get(
        _ target: String, _ receive: @escaping (ArraySlice<UInt8>) throws(GatewayError) -> Void
    ) async throws {
        let channel = try await connect()
        let host = host.contains(":") ? "[\(host)]" : host
        let request =
            "GET \(target) HTTP/1.1\r\nHost: \(host):\(port)\r\n\(authorization)Connection: close\r\n\r\n"
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = AdminAnswer()
            do {
                for try await part in inbound { try answer.add(Array(part.readableBytesView), receive) }
            } catch let error as GatewayError {
                throw error
            } catch {
                throw GatewayError(.badGateway, "the admin listener at \(host):\(port) gave no answer (\(setting))")
            }
            try answer.finish()
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        do {
            let (tls, host) = (tls, host)
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(2))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try tls?.encrypt(channel, host: host)
                        try channel.pipeline.syncOperations.addHandlers(
                            IdleStateHandler(readTimeout: .seconds(Self.patience)), SilenceHandler())
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw GatewayError(
                .serviceUnavailable,
                "no gateway answers at \(host):\(port) (\(setting)): \(describe(error)); start it, or say where it is")
        }
    }
}

/// Closes a connection on which nothing comes.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }
}

/// Reads the answer to a request with `Connection: close`.
private struct AdminAnswer {
    private var head: [UInt8] = []
    private var status = 0
    /// Bytes of body still to come; nil where the answer states no length.
    private var rest: Int?
    private var problem: [UInt8] = []

    mutating func add(
        _ bytes: [UInt8], _ receive: (ArraySlice<UInt8>) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        guard status == 0 else { return try body(bytes[...], receive) }
        head += bytes
        guard let end = head.firstRange(of: Array("\r\n\r\n".utf8)) else {
            guard head.count < 65_536 else { throw Self.noAnswer }
            return
        }
        let lines = String(decoding: head[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1."),
            let number = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Self.noAnswer }
        status = number
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
        rest = length.flatMap { Int($0.split(separator: ":")[1].filter { $0 != " " }) }
        try body(head[end.upperBound...], receive)
    }

    private mutating func body(
        _ bytes: ArraySlice<UInt8>, _ receive: (ArraySlice<UInt8>) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        if let rest { self.rest = rest - bytes.count }
        guard status != 200 else { return bytes.isEmpty ? () : try receive(bytes) }
        if problem.count < 65_536 { problem += bytes }
    }

    func finish() throws(GatewayError) {
        guard status != 0 else { throw Self.noAnswer }
        guard status == 200 else {
            let message = (try? JSONValue.parse(problem))?["message"]?.asString
            throw GatewayError(
                .badGateway, message ?? "the admin listener answered \(status)")
        }
        guard rest ?? 0 == 0 else {
            throw GatewayError(.badGateway, "the admin listener's answer was cut off; look into the gateway's log")
        }
    }

    private static let noAnswer = GatewayError(.badGateway, "the admin listener gave no answer that can be read")
}
