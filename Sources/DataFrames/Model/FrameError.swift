/// Why a data frame or a query answer can't be read or written; the message names the place and the reason.
public struct FrameError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, for the person who wrote the plugin; it holds names and numbers of the frame, never cell values.
    public let message: String

    /// Makes an error.
    public init(_ message: String) {
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// The same error with the place where it happened in front.
    package func prefixed(_ place: String) -> FrameError {
        FrameError("\(place): \(message)")
    }
}
