extension Exchange {
    /// Removes every field that claims an identity, so that nothing behind can take one for true.
    package func removeIdentityFields() {
        guard request.headers.mayHave(.identity) else { return }
        request.headers.fields.removeAll { $0.known == .identity }
    }

    /// Removes the credential that was used here: it is the gateway's, not the upstream's.
    package func removeAuthorization() {
        request.headers.fields.removeAll { $0.known == .authorization }
    }

    /// Removes the `Authorization` fields whose values are the gateway's own credentials.
    package func removeAuthorization(where isOwn: (UnsafeRawBufferPointer) -> Bool) {
        let headers = request.headers
        guard headers.mayHave(.authorization) else { return }
        request.headers.fields.removeAll { $0.known == .authorization && headers.withValue($0, isOwn) }
    }

    /// Replaces the WebSocket sub-protocols that the client offers; none removes the field.
    package func offerWebSocketProtocols(_ value: [UInt8]) {
        request.headers.fields.removeAll { $0.known == .secWebSocketProtocol }
        guard !value.isEmpty else { return }
        request.headers.add("Sec-WebSocket-Protocol", value)
    }
}
