import DataPlaneAPI

/// A number type that a field can hold.
public protocol FrameNumber: BitwiseCopyable, Sendable {
    /// The name of the type in a frame: `float64`, `int64`, …
    static var frameType: String { get }
}

extension Double: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "float64" }
}

extension Float: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "float32" }
}

extension Int8: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "int8" }
}

extension Int16: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "int16" }
}

extension Int32: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "int32" }
}

extension Int64: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "int64" }
}

extension UInt8: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "uint8" }
}

extension UInt16: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "uint16" }
}

extension UInt32: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "uint32" }
}

extension UInt64: FrameNumber {
    /// The name of the type in a frame.
    public static var frameType: String { "uint64" }
}

/// A named column of a frame, its values laid out as in an Arrow file.
public struct Field: Sendable {
    /// The name of the column; names may repeat, labels tell series apart.
    public var name: String
    /// The labels of a series, nil for none.
    public var labels: [String: String]?
    /// How to show the column, nil for no wishes.
    public var config: FieldConfig?
    let column: ColumnMemory

    /// The number of rows.
    public var count: Int { column.rows }

    /// Whether the column was made from optional values.
    public var isNullable: Bool { column.isNullable }

    private init(_ name: String, _ column: ColumnMemory, _ labels: [String: String]?, _ config: FieldConfig?) {
        self.name = name
        self.column = column
        self.labels = labels
        self.config = config
    }

    /// A column of times in nanoseconds since 1970.
    public static func times(
        _ name: String, nanoseconds values: [Int64], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(.nanoseconds, fixed: values), labels, config)
    }

    /// A column of times in nanoseconds since 1970, some of them missing.
    public static func times(
        _ name: String, nanoseconds values: [Int64?], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(.nanoseconds, fixed: values, zero: 0), labels, config)
    }

    /// A column of numbers.
    public static func numbers<Number: FrameNumber & AdditiveArithmetic>(
        _ name: String, _ values: [Number], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(ColumnKind(frameType: Number.frameType), fixed: values), labels, config)
    }

    /// A column of numbers, some of them missing.
    public static func numbers<Number: FrameNumber & AdditiveArithmetic>(
        _ name: String, _ values: [Number?], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(ColumnKind(frameType: Number.frameType), fixed: values, zero: .zero), labels, config)
    }

    /// A column of strings.
    public static func strings(
        _ name: String, _ values: [String], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(.utf8, text: values.map { $0 }, isNullable: false), labels, config)
    }

    /// A column of strings, some of them missing.
    public static func strings(
        _ name: String, _ values: [String?], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(.utf8, text: values, isNullable: true), labels, config)
    }

    /// A column of JSON texts, some of them missing; a text that is not one JSON value is shown as null.
    public static func json(
        _ name: String, _ values: [String?], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(.json, text: values, isNullable: true), labels, config)
    }

    /// A column of truth values.
    public static func booleans(
        _ name: String, _ values: [Bool], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(bits: values.map { $0 }, isNullable: false), labels, config)
    }

    /// A column of truth values, some of them missing.
    public static func booleans(
        _ name: String, _ values: [Bool?], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        Field(name, ColumnMemory(bits: values, isNullable: true), labels, config)
    }

    /// A column of indexes into a list of texts.
    public static func enumeration(
        _ name: String, _ values: [UInt16], texts: [String], labels: [String: String]? = nil, config: FieldConfig? = nil
    ) -> Field {
        var config = config ?? FieldConfig()
        config.enumTexts = texts
        return Field(name, ColumnMemory(.enumeration, fixed: values), labels, config)
    }
}

extension ColumnKind {
    /// The kind of a number type; the names come from the conformances above.
    init(frameType: String) {
        switch frameType {
        case "float32": self = .float32
        case "int8": self = .int8
        case "int16": self = .int16
        case "int32": self = .int32
        case "int64": self = .int64
        case "uint8": self = .uint8
        case "uint16": self = .uint16
        case "uint32": self = .uint32
        case "uint64": self = .uint64
        default: self = .float64
        }
    }
}
