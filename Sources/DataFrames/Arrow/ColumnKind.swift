/// How the values of a column lie in memory and what they are in a frame.
enum ColumnKind: UInt8 {
    case int8, int16, int32, int64, uint8, uint16, uint32, uint64
    case float32, float64
    case boolean
    case utf8, largeUtf8, utf8View
    case json, largeJSON, jsonView
    case seconds, milliseconds, microseconds, nanoseconds
    case date32, date64
    case enumeration

    /// The bytes of one value, 0 when values are not of fixed width.
    var width: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16, .enumeration: 2
        case .int32, .uint32, .float32, .date32: 4
        case .int64, .uint64, .float64, .seconds, .milliseconds, .microseconds, .nanoseconds, .date64: 8
        case .utf8View, .jsonView: 16
        case .boolean, .utf8, .largeUtf8, .json, .largeJSON: 0
        }
    }

    /// `type` and `typeInfo.frame` of a frame's schema.
    var names: (type: StaticString, frame: StaticString) {
        switch self {
        case .int8: ("number", "int8")
        case .int16: ("number", "int16")
        case .int32: ("number", "int32")
        case .int64: ("number", "int64")
        case .uint8: ("number", "uint8")
        case .uint16: ("number", "uint16")
        case .uint32: ("number", "uint32")
        case .uint64: ("number", "uint64")
        case .float32: ("number", "float32")
        case .float64: ("number", "float64")
        case .boolean: ("boolean", "bool")
        case .utf8, .largeUtf8, .utf8View: ("string", "string")
        case .json, .largeJSON, .jsonView: ("other", "json.RawMessage")
        case .seconds, .milliseconds, .microseconds, .nanoseconds, .date32, .date64: ("time", "time.Time")
        case .enumeration: ("enum", "enum")
        }
    }
}

extension ColumnKind {
    /// Reads the type of a schema field.
    init(_ field: FlatTable, isEnum: Bool) throws(FrameError) {
        guard try field.table(4) == nil else {
            throw FrameError("dictionary encoding is not accepted; send the values themselves")
        }
        let code = try field.number(2, default: UInt8(0))
        let type = try field.table(3)
        switch code {
        case 2: self = try Self.integer(type, isEnum: isEnum)
        case 3:
            switch try type?.number(0, default: Int16(0)) ?? 0 {
            case 1: self = .float32
            case 2: self = .float64
            default: throw FrameError("half precision floats are not accepted; send float32 or float64")
            }
        case 4: self = .json
        case 5: self = .utf8
        case 6: self = .boolean
        case 8: self = try type?.number(0, default: Int16(1)) ?? 1 == 0 ? .date32 : .date64
        case 10:
            switch try type?.number(0, default: Int16(0)) ?? 0 {
            case 0: self = .seconds
            case 1: self = .milliseconds
            case 2: self = .microseconds
            case 3: self = .nanoseconds
            case let unit: throw FrameError("timestamp unit \(unit) does not exist")
            }
        case 19: self = .largeJSON
        case 20: self = .largeUtf8
        case 23: self = .jsonView
        case 24: self = .utf8View
        default: throw FrameError("Arrow type \(Self.typeName(code)) is not accepted in a data frame")
        }
    }

    private static func integer(_ type: FlatTable?, isEnum: Bool) throws(FrameError) -> ColumnKind {
        let width = try type?.number(0, default: Int32(0)) ?? 0
        let isSigned = try type?.number(1, default: UInt8(0)) ?? 0 != 0
        switch (width, isSigned) {
        case (8, true): return .int8
        case (16, true): return .int16
        case (32, true): return .int32
        case (64, true): return .int64
        case (8, false): return .uint8
        case (16, false): return isEnum ? .enumeration : .uint16
        case (32, false): return .uint32
        case (64, false): return .uint64
        default: throw FrameError("integers of \(width) bits are not accepted")
        }
    }

    private static func typeName(_ code: UInt8) -> String {
        let names = [
            "none", "Null", "Int", "FloatingPoint", "Binary", "Utf8", "Bool", "Decimal", "Date", "Time", "Timestamp",
            "Interval", "List", "Struct", "Union", "FixedSizeBinary", "FixedSizeList", "Map", "Duration", "LargeBinary",
            "LargeUtf8", "LargeList", "RunEndEncoded", "BinaryView", "Utf8View", "ListView", "LargeListView",
        ]
        return Int(code) < names.count ? names[Int(code)] : "number \(code)"
    }
}
