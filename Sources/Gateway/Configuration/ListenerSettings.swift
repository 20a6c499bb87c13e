import DataPlaneAPI
import HTTPKit

/// One listener.
package struct ListenerSettings: Sendable, Equatable {
    /// Who is served there.
    package enum Purpose: String, Sendable {
        /// Users.
        case data
        /// Operators.
        case admin
    }

    /// What a TLS listener shows.
    package struct TLS: Sendable, Equatable {
        /// PEM certificate with its intermediates; empty for one that is made in the data folder.
        package var certFile = ""
        /// PEM private key.
        package var keyFile = ""
    }

    /// The name in messages.
    package var name: String
    /// Where it listens.
    package var address: ListenAddress
    /// Who is served.
    package var purpose = Purpose.data
    /// How it is encrypted; nil for plain HTTP.
    package var tls: TLS?
    /// Whether it was listed, rather than made of the port settings.
    package var isListed = false
    /// Where it was written, `file:line`; empty when it comes from the port settings.
    var origin = ""
}

extension Settings {
    /// Whether somebody said who may sign in; without that only this machine is served.
    package var isAuthenticationConfigured: Bool {
        !clientCAFile.isEmpty || !tokenAuthFile.isEmpty || !requestHeaderClientCAFile.isEmpty
    }

    /// Whether the gateway only passes on to the upstream what comes from beyond this machine: nobody can sign in here, so
    /// its own routes stay closed, to this machine as well.
    package var isProxyOnly: Bool {
        !isAuthenticationConfigured && upstream != nil
            && effectiveListeners.contains { $0.purpose == .data && !Self.isLoopback($0.address.host) }
    }

    /// All listeners: the listed ones, or those of the port settings.
    package var effectiveListeners: [ListenerSettings] {
        var all = listeners
        if !listeners.contains(where: { $0.purpose == .data }) {
            if let httpPort {
                all.append(
                    ListenerSettings(name: "http-port", address: ListenAddress(host: bindAddress, port: httpPort)))
            }
            if let securePort {
                all.append(
                    ListenerSettings(
                        name: "secure-port", address: ListenAddress(host: bindAddress, port: securePort),
                        tls: ListenerSettings.TLS(certFile: tlsCertFile, keyFile: tlsPrivateKeyFile)))
            }
        }
        if !listeners.contains(where: { $0.purpose == .admin }) {
            all.append(ListenerSettings(name: "admin-address", address: adminAddress, purpose: .admin))
        }
        return all
    }

    /// What is wrong with the listeners as a whole.
    package var listenerFaults: [GatewayError] {
        var faults: [GatewayError] = []
        // Both ports share their address: what is wrong with it is said once.
        for found in effectiveListeners.compactMap(fault) where !faults.contains(found) { faults.append(found) }
        let isListed = listeners.contains { $0.purpose == .data }
        for key in ["bind-address", "http-port", "secure-port", "tls-cert-file", "tls-private-key-file"]
        where isListed && origins[key] != nil {
            faults.append(
                GatewayError(.badRequest, "\(place(key)): can't stand beside listeners; put it into the list"))
        }
        if origins["admin-address"] != nil, listeners.contains(where: { $0.purpose == .admin }) {
            faults.append(
                GatewayError(.badRequest, "\(place("admin-address")): an admin listener is listed; keep one of the two")
            )
        }
        return faults + portFaults
    }

    /// Listeners that want the same port of the same address.
    private var portFaults: [GatewayError] {
        let all = effectiveListeners.filter { $0.address.port != 0 }
        return all.indices.flatMap { index in
            all[..<index].filter { $0.overlaps(all[index]) }.map { first in
                GatewayError(
                    .badRequest,
                    "\(place(of: all[index])): port \(first.address.port) is that of \(place(of: first)) already; "
                        + "give one of them another")
            }
        }
    }

    /// What messages call a listener.
    func place(of listener: ListenerSettings) -> String {
        if listener.isListed {
            return "\(listener.origin.isEmpty ? "" : "\(listener.origin): ")listeners: \(listener.name)"
        }
        // Both ports share one address; which setting is meant depends on the fault.
        return place(listener.name)
    }

    /// What messages call a listener's certificate file.
    func place(ofCertificateOf listener: ListenerSettings) -> String {
        listener.isListed ? place(of: listener) : place("tls-cert-file")
    }

    private func fault(_ listener: ListenerSettings) -> GatewayError? {
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "\(place(of: listener)): \(why)")
        }
        if let tls = listener.tls, tls.certFile.isEmpty != tls.keyFile.isEmpty {
            return fault("a certificate file and its private key file go together; give both or none")
        }
        let host = listener.address.host
        guard !Self.isLoopback(host) else { return nil }
        if let why = listener.address.fault {
            return GatewayError(
                .badRequest,
                "\(listener.isListed ? place(of: listener) : place(listener.purpose == .admin ? "admin-address" : "bind-address")): \(why)"
            )
        }
        // What is only passed on is the upstream's to protect.
        if listener.purpose == .data, !isAuthenticationConfigured, upstream != nil { return nil }
        guard isAuthenticationConfigured else {
            let setting =
                listener.isListed
                ? place(of: listener) : place(listener.purpose == .admin ? "admin-address" : "bind-address")
            return GatewayError(
                .badRequest,
                "\(setting): \(host) is not a loopback address, and no authentication is configured; use 127.0.0.1, ::1 or localhost, give --client-ca-file or --token-auth-file, or --upstream for a gateway that only passes on"
            )
        }
        guard listener.tls == nil else { return nil }
        if listener.purpose == .admin {
            return fault("\(host) is not a loopback address; list an admin listener with tls")
        }
        // Somebody who lists a plain listener says so; a bind address alone doesn't.
        guard !listener.isListed else { return nil }
        return fault("would serve credentials in the clear on \(host); give --http-port 0, or list that listener")
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
