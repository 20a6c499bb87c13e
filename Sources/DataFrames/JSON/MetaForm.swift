import Bytes

/// Writes a frame's `meta` and a field's `labels` in the form of a query answer.
enum MetaForm {
    static func write(_ value: SmallJSON, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, "meta")
        out.append(UInt8(ascii: "{"))
        try form.writeString("type", to: &out)
        try typeVersion(&form, to: &out)
        try form.writeString("path", to: &out)
        try form.writeString("pathSeparator", to: &out)
        try form.writeAny("custom", to: &out)
        try form.writeList("stats", to: &out) { (value, place, out) throws(FrameError) in
            var form = try ObjectForm(value, place)
            out.append(UInt8(ascii: "{"))
            try ConfigForm.writeMembers(&form, place, to: &out)
            form.key("value", to: &out)
            out.append(number: try form.number("value") ?? 0)
            out.append(UInt8(ascii: "}"))
        }
        try form.writeList("notices", to: &out) { (value, place, out) throws(FrameError) in
            try notice(value, place, to: &out)
        }
        for key in [
            "channel", "preferredVisualisationType", "preferredVisualisationPluginId", "executedQueryString",
            "dataTopic",
        ] as [StaticString] {
            try form.writeString(key, to: &out)
        }
        try form.writeList("uniqueRowIdFields", to: &out) { (value, place, out) throws(FrameError) in
            guard case .number(let number) = value, number.rounded(.towardZero) == number, abs(number) < 9e15 else {
                throw FrameError("\(place) must be a whole number")
            }
            out.append(number: number)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func typeVersion(_ form: inout ObjectForm, to out: inout ByteWriter) throws(FrameError) {
        var version: [Double] = [0, 0]
        for (index, value) in (try form.list("typeVersion") ?? []).prefix(2).enumerated() {
            switch value {
            case .number(let number) where number >= 0 && number < 0x1p64 && number.rounded(.towardZero) == number:
                version[index] = number
            case .null: break
            default: throw FrameError("meta.typeVersion must be two whole numbers")
            }
        }
        form.key("typeVersion", to: &out)
        out.append(UInt8(ascii: "["))
        out.append(number: version[0])
        out.append(UInt8(ascii: ","))
        out.append(number: version[1])
        out.append(UInt8(ascii: "]"))
    }

    private static func notice(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        let form = try ObjectForm(value, place)
        out.append("{\"severity\":\"" as StaticString)
        switch String(decoding: try form.string("severity") ?? Array("info".utf8), as: UTF8.self) {
        case "info": out.append("info" as StaticString)
        case "warning": out.append("warning" as StaticString)
        case "error": out.append("error" as StaticString)
        default: throw FrameError("\(place).severity must be info, warning or error")
        }
        out.append("\",\"text\":" as StaticString)
        (try form.string("text") ?? []).withUnsafeBytes { out.appendJSONString($0) }
        if let link = try form.string("link"), !link.isEmpty {
            out.append(",\"link\":" as StaticString)
            link.withUnsafeBytes { out.appendJSONString($0) }
        }
        if let inspect = try form.whole("inspect", -9e15...9e15), inspect != 0 {
            out.append(",\"inspect\":" as StaticString)
            out.append(number: inspect)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Writes `,"labels":{…}` with sorted keys; labels that are null are left out.
    static func writeLabels(_ value: SmallJSON, to out: inout ByteWriter) throws(FrameError) {
        if case .null = value { return }
        let form = try ObjectForm(value, "labels")
        out.append(",\"labels\":{" as StaticString)
        for (index, member) in SmallJSON.sorted(form.all).enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            member.key.withUnsafeBytes { out.appendJSONString($0) }
            out.append(UInt8(ascii: ":"))
            switch member.value {
            case .string(let text): text.withUnsafeBytes { out.appendJSONString($0) }
            case .null: out.append("\"\"" as StaticString)
            default: throw FrameError("labels must be strings, one of them is \(member.value.kindName)")
            }
        }
        out.append(UInt8(ascii: "}"))
    }
}
