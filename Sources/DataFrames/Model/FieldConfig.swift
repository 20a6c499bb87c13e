/// How a field wants to be shown; what is nil or empty is left out.
public struct FieldConfig: Sendable, Equatable {
    /// A link that a cell offers.
    public struct Link: Sendable, Equatable {
        /// The text of the link.
        public var title: String
        /// The address, which may hold variables.
        public var url: String
        /// Opens in a new tab.
        public var targetBlank: Bool

        /// Makes a link.
        public init(title: String, url: String, targetBlank: Bool = false) {
            self.title = title
            self.url = url
            self.targetBlank = targetBlank
        }
    }

    /// A name that the user's own settings may replace.
    public var displayNameFromDS: String?
    /// A name that wins over everything.
    public var displayName: String?
    /// A text about the field.
    public var description: String?
    /// A unit id such as `bytes` or `percent`.
    public var unit: String?
    /// Digits behind the point, 0...65535.
    public var decimals: Int?
    /// The smallest value to expect.
    public var min: Double?
    /// The largest value to expect.
    public var max: Double?
    /// The step of a time field in milliseconds.
    public var interval: Double?
    /// The text for a missing value.
    public var noValue: String?
    /// Whether the data source can filter by the field.
    public var filterable: Bool?
    /// Links that the cells offer.
    public var links: [Link] = []
    /// The texts of an enum field.
    public var enumTexts: [String] = []
    /// A JSON object of the panel's own settings.
    public var customJSON: String?

    /// Makes a config without wishes.
    public init(displayNameFromDS: String? = nil, unit: String? = nil) {
        self.displayNameFromDS = displayNameFromDS
        self.unit = unit
    }

    /// The config as a tree, in any order: the writer sorts and leaves out.
    func tree() throws(FrameError) -> SmallJSON {
        var tree = TreeBuilder()
        tree.add("displayName", displayName)
        tree.add("displayNameFromDS", displayNameFromDS)
        tree.add("description", description)
        tree.add("unit", unit)
        tree.add("decimals", decimals.map(Double.init))
        tree.add("min", min)
        tree.add("max", max)
        tree.add("interval", interval)
        tree.add("noValue", noValue)
        if let filterable { tree.add("filterable", .bool(filterable)) }
        if !links.isEmpty {
            tree.add("links", .array(links.map(\.tree)))
        }
        if !enumTexts.isEmpty {
            let texts = SmallJSON.array(enumTexts.map { .string(Array($0.utf8)) })
            tree.add("type", TreeBuilder.object("enum", TreeBuilder.object("text", texts)))
        }
        try tree.add("custom", json: customJSON)
        return tree.value
    }
}

extension FieldConfig.Link {
    fileprivate var tree: SmallJSON {
        var tree = TreeBuilder()
        tree.add("title", title)
        tree.add("url", url)
        tree.add("targetBlank", .bool(targetBlank))
        return tree.value
    }
}

/// Collects members of an object.
struct TreeBuilder {
    private var members: [SmallJSON.Member] = []

    var value: SmallJSON { .object(members) }

    static func object(_ key: String, _ value: SmallJSON) -> SmallJSON {
        .object([SmallJSON.Member(key: Array(key.utf8), value: value)])
    }

    mutating func add(_ key: String, _ value: SmallJSON) {
        members.append(SmallJSON.Member(key: Array(key.utf8), value: value))
    }

    mutating func add(_ key: String, _ text: String?) {
        if let text { add(key, .string(Array(text.utf8))) }
    }

    mutating func add(_ key: String, _ number: Double?) {
        if let number { add(key, .number(number)) }
    }

    mutating func add(_ key: String, json: String?) throws(FrameError) {
        guard let json else { return }
        let parsed: Result<SmallJSON, FrameError> = Array(json.utf8).withUnsafeBytes { bytes in
            do throws(FrameError) {
                return .success(try SmallJSON.parse(bytes))
            } catch {
                return .failure(error.prefixed(key))
            }
        }
        add(key, try parsed.get())
    }
}
