import HTTPKit
import PluginProtocol

/// How the answer to queries is written, as the request's `Accept` asks for.
enum QueryForm: Equatable {
    /// One JSON object for everything, the form of Grafana.
    case json
    /// One line of JSON per chunk of a frame, as the plugin makes them.
    case lines
    /// The plugin's Arrow bytes as they are.
    case arrow(Arrow)

    /// The kind of Arrow bytes and what stands around them.
    struct Arrow: Equatable {
        /// The media type of a frame.
        enum Content: String {
            case file = "application/vnd.apache.arrow.file"
            case stream = "application/vnd.apache.arrow.stream"
        }

        /// Arrow's file format as plugins send it, or the stream format that lies within it.
        var content: Content
        /// Whether the frames are parts of a multipart body; else the body is one frame.
        var isMultipart: Bool
    }

    /// The form for a request: what it names first counts, and JSON if it names none of the others.
    ///
    /// Weights are not looked at: Grafana looks for the bare names too.
    init(accepted headers: HeaderBlock) {
        var content: Arrow.Content?
        var isMultipart = false
        for field in headers.fields where field.known == .accept {
            for name in headers.withValue(field, Self.names) {
                switch name {
                case "text/jsonl" where content == nil && !isMultipart:
                    self = .lines
                    return
                case Arrow.Content.file.rawValue: content = content ?? .file
                case Arrow.Content.stream.rawValue: content = content ?? .stream
                case "multipart/mixed": isMultipart = true
                default: break
                }
            }
        }
        guard content != nil || isMultipart else {
            self = .json
            return
        }
        self = .arrow(Arrow(content: content ?? .file, isMultipart: isMultipart))
    }

    /// The format the plugin is asked for frames in.
    ///
    /// - Parameter standard: where the client leaves it to us.
    func frames(_ standard: DataFrameFormat) -> DataFrameFormat {
        if case .arrow = self { .arrow } else { standard }
    }

    private static func names(_ value: UnsafeRawBufferPointer) -> [String] {
        // Nearly every request accepts anything or JSON.
        guard value.count > 9 else { return [] }
        return value.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") || $0 == 0x20 || $0 == 0x09 }
            .map { String(decoding: $0, as: UTF8.self).lowercased() }
    }
}
