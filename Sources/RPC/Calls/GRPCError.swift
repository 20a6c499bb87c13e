internal import CGRPC

/// A call that ended with a status other than OK.
package struct GRPCError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The status code of gRPC.
    package struct Code: RawRepresentable, Sendable, Hashable {
        /// The number on the wire.
        package let rawValue: Int32

        /// Any number, known or not.
        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static let ok = Code(rawValue: 0)
        package static let cancelled = Code(rawValue: 1)
        package static let unknown = Code(rawValue: 2)
        package static let invalidArgument = Code(rawValue: 3)
        package static let deadlineExceeded = Code(rawValue: 4)
        package static let notFound = Code(rawValue: 5)
        package static let alreadyExists = Code(rawValue: 6)
        package static let permissionDenied = Code(rawValue: 7)
        package static let resourceExhausted = Code(rawValue: 8)
        package static let failedPrecondition = Code(rawValue: 9)
        package static let aborted = Code(rawValue: 10)
        package static let outOfRange = Code(rawValue: 11)
        package static let unimplemented = Code(rawValue: 12)
        package static let internalError = Code(rawValue: 13)
        package static let unavailable = Code(rawValue: 14)
        package static let dataLoss = Code(rawValue: 15)
        package static let unauthenticated = Code(rawValue: 16)
        /// Ours, never on the wire: the answer had to go because all answers together take too much memory.
        package static let memoryFull = Code(rawValue: .min)
        /// Ours, never on the wire: one message takes more memory than all may.
        package static let messageTooLarge = Code(rawValue: .min + 1)

        private static let names = [
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
            "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
        ]

        /// The name as gRPC writes it, or the number.
        package var name: String {
            let index = Int(rawValue)
            return Self.names.indices.contains(index) ? Self.names[index] : "CODE_\(rawValue)"
        }
    }

    /// The status code.
    package var code: Code
    /// What the other side, or the core, said.
    package var message: String
    /// The trailer `grpc-status-details-bin`, a google.rpc.Status; empty when there was none.
    package var details: [UInt8]

    /// An error of that code.
    package init(code: Code, message: String, details: [UInt8] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// Code and message in one line.
    package var description: String { "\(code.name): \(message)" }

    /// The outcome of a finished call, nil for OK.
    init?(finished call: OpaquePointer) {
        let status = cgrpc_call_status(call)
        guard status != 0 else { return nil }
        var length = 0
        let text = cgrpc_call_status_message(call, &length)
        code = Code(rawValue: status)
        message = String(decoding: UnsafeBufferPointer(start: text, count: text == nil ? 0 : length), as: UTF8.self)
        var detailsLength = 0
        let trailer = cgrpc_call_trailer(call, "grpc-status-details-bin", &detailsLength)
        details = Array(UnsafeRawBufferPointer(start: trailer, count: trailer == nil ? 0 : detailsLength))
    }
}
