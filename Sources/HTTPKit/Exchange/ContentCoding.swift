import DataPlaneAPI

/// What `Content-Encoding` says about a request's body.
enum ContentCoding: Equatable {
    case none
    /// One layer of gzip, which is unpacked.
    case gzip

    /// Reads the fields; `identity` says nothing.
    ///
    /// - Throws: 415 naming the coding that isn't known.
    init(_ headers: HeaderBlock) throws(GatewayError) {
        self = .none
        guard headers.first(.contentEncoding) != nil else { return }
        var found = ContentCoding.none
        var unknown: String?
        for field in headers.fields where field.known == .contentEncoding {
            headers.withValue(field) { value in
                _ = HeaderBlock.list(value) { coding in
                    if coding.equalsIgnoringCase("identity") { return false }
                    let isGzip = coding.equalsIgnoringCase("gzip") || coding.equalsIgnoringCase("x-gzip")
                    if isGzip, found == .none {
                        found = .gzip
                    } else if unknown == nil {
                        unknown = isGzip ? "gzip twice" : "\"\(String(decoding: coding.prefix(64), as: UTF8.self))\""
                    }
                    return unknown != nil
                }
            }
        }
        self = found
        guard let unknown else { return }
        throw GatewayError(
            .unsupportedMediaType,
            "the Content-Encoding \(unknown) is not supported; send the body as it is, or with gzip")
    }
}
