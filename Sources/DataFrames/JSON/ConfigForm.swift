import Bytes

/// Writes a field's `config` in the form of a query answer.
enum ConfigForm {
    static func write(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        out.append(UInt8(ascii: "{"))
        try writeMembers(&form, place, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    /// The members alone: a stat of the frame's meta has them too.
    static func writeMembers(_ form: inout ObjectForm, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        for key in ["displayName", "displayNameFromDS", "path", "description"] as [StaticString] {
            try form.writeString(key, to: &out)
        }
        try form.writeBool("filterable", to: &out)
        try form.writeBool("writeable", to: &out)
        try form.writeString("unit", to: &out)
        if let decimals = try form.whole("decimals", 0...65535) {
            form.key("decimals", to: &out)
            out.append(number: decimals)
        }
        try form.writeNumber("min", to: &out)
        try form.writeNumber("max", to: &out)
        try form.writeNumber("interval", to: &out, omitsZero: true)
        try form.writeList("mappings", to: &out) { (value, place, out) throws(FrameError) in
            try mapping(value, place, to: &out)
        }
        if let thresholds = form.find("thresholds") {
            form.key("thresholds", to: &out)
            try self.thresholds(thresholds, "\(place).thresholds", to: &out)
        }
        try form.writeAny("color", to: &out, mustBeObject: true)
        try form.writeList("links", to: &out) { (value, place, out) throws(FrameError) in
            try link(value, place, to: &out)
        }
        try form.writeString("noValue", to: &out)
        if let type = form.find("type") {
            form.key("type", to: &out)
            try enumeration(type, "\(place).type", to: &out)
        }
        try form.writeAny("custom", to: &out, mustBeObject: true)
    }

    private static func mapping(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        let form = try ObjectForm(value, place)
        let kind = String(decoding: try form.string("type") ?? [], as: UTF8.self)
        let options = form.find("options") ?? .null
        var inner = try ObjectForm(options, "\(place).options")
        switch kind {
        case "value":
            out.append("{\"type\":\"value\",\"options\":{" as StaticString)
            for (index, member) in SmallJSON.sorted(inner.all).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                member.key.withUnsafeBytes { out.appendJSONString($0) }
                out.append(UInt8(ascii: ":"))
                try result(member.value, "\(place).options", to: &out)
            }
        case "range":
            out.append("{\"type\":\"range\",\"options\":{" as StaticString)
            try inner.writeNumber("from", to: &out)
            try inner.writeNumber("to", to: &out)
            inner.key("result", to: &out)
            try result(inner.find("result") ?? .null, "\(place).options.result", to: &out)
        case "special":
            out.append("{\"type\":\"special\",\"options\":{" as StaticString)
            try inner.writeString("match", to: &out, evenEmpty: true)
            inner.key("result", to: &out)
            try result(inner.find("result") ?? .null, "\(place).options.result", to: &out)
        default:
            throw FrameError("\(place).type must be value, range or special")
        }
        out.append("}}" as StaticString)
    }

    private static func result(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        out.append(UInt8(ascii: "{"))
        try form.writeString("text", to: &out)
        try form.writeString("color", to: &out)
        if let index = try form.whole("index", -9e15...9e15), index != 0 {
            form.key("index", to: &out)
            out.append(number: index)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func thresholds(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        out.append(UInt8(ascii: "{"))
        try form.writeString("mode", to: &out, evenEmpty: true)
        form.key("steps", to: &out)
        guard let steps = try form.list("steps") else { return out.append("null}" as StaticString) }
        out.append(UInt8(ascii: "["))
        for (index, step) in steps.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            try threshold(step, "\(place).steps[\(index)]", to: &out)
        }
        out.append("]}" as StaticString)
    }

    private static func threshold(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        for member in form.all {
            let key = String(decoding: member.key, as: UTF8.self)
            guard ["value", "color", "state"].contains(key.lowercased()) else {
                throw FrameError("\(place) has the unknown key \(key.prefix(64)); value, color and state are known")
            }
        }
        out.append(UInt8(ascii: "{"))
        // No value is minus infinity, which JSON can't say.
        form.key("value", to: &out)
        if let number = try form.number("value") {
            out.append(number: number)
        } else {
            out.append("null" as StaticString)
        }
        try form.writeString("color", to: &out)
        try form.writeString("state", to: &out)
        out.append(UInt8(ascii: "}"))
    }

    private static func link(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        out.append(UInt8(ascii: "{"))
        try form.writeString("title", to: &out)
        try form.writeBool("targetBlank", to: &out, omitsFalse: true)
        try form.writeString("url", to: &out)
        if let value = form.find("internal") {
            form.key("internal", to: &out)
            var inner = try ObjectForm(value, "\(place).internal")
            out.append(UInt8(ascii: "{"))
            try inner.writeAny("query", to: &out)
            try inner.writeString("datasourceUid", to: &out)
            try inner.writeString("datasourceName", to: &out)
            try inner.writeAny("panelsState", to: &out)
            try inner.writeList("transformations", to: &out) { (value, place, out) throws(FrameError) in
                var form = try ObjectForm(value, place)
                out.append(UInt8(ascii: "{"))
                try form.writeString("type", to: &out, evenEmpty: true)
                try form.writeString("field", to: &out)
                try form.writeString("expression", to: &out)
                try form.writeString("mapValue", to: &out)
                out.append(UInt8(ascii: "}"))
            }
            try inner.writeAny("timeRange", to: &out)
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func enumeration(_ value: SmallJSON, _ place: String, to out: inout ByteWriter) throws(FrameError) {
        var form = try ObjectForm(value, place)
        out.append(UInt8(ascii: "{"))
        if let value = form.find("enum") {
            form.key("enum", to: &out)
            var inner = try ObjectForm(value, "\(place).enum")
            out.append(UInt8(ascii: "{"))
            // A panel tells a list without texts from none.
            try inner.writeStrings("text", to: &out, evenEmpty: true)
            for key in ["color", "icon", "description"] as [StaticString] { try inner.writeStrings(key, to: &out) }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "}"))
    }
}
