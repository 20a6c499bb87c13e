/// What a frame is and how to show it; what is nil or empty is left out.
public struct FrameMeta: Sendable, Equatable {
    /// A remark for the user of a panel.
    public struct Notice: Sendable, Equatable {
        /// How bad it is.
        public enum Severity: String, Sendable {
            case info, warning, error
        }

        /// How bad it is.
        public var severity: Severity
        /// The remark.
        public var text: String
        /// An address with more about it.
        public var link: String?

        /// Makes a notice.
        public init(_ severity: Severity, _ text: String, link: String? = nil) {
            self.severity = severity
            self.text = text
            self.link = link
        }
    }

    /// A number about the query, shown in the inspector.
    public struct Stat: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: Double
        /// A unit id.
        public var unit: String?

        /// Makes a stat.
        public init(_ name: String, _ value: Double, unit: String? = nil) {
            self.name = name
            self.value = value
            self.unit = unit
        }
    }

    /// The shape of the data, such as `timeseries-multi` or `table`.
    public var type: String?
    /// The version of that shape's rules: major and minor.
    public var typeVersion: (major: UInt32, minor: UInt32) {
        get { (major, minor) }
        set { (major, minor) = (newValue.major, newValue.minor) }
    }
    private var major: UInt32 = 0
    private var minor: UInt32 = 0
    /// Any JSON of the plugin's own.
    public var customJSON: String?
    /// Numbers about the query.
    public var stats: [Stat] = []
    /// Remarks for the user.
    public var notices: [Notice] = []
    /// A live channel with more data.
    public var channel: String?
    /// `graph`, `table`, `logs`, `trace`, `nodeGraph` or `flamegraph`.
    public var preferredVisualisationType: String?
    /// The query as it was sent on.
    public var executedQueryString: String?

    /// Makes a meta.
    public init(type: String? = nil) {
        self.type = type
    }

    /// The meta as a tree, in any order: the writer sorts and leaves out.
    func tree() throws(FrameError) -> SmallJSON {
        var tree = TreeBuilder()
        tree.add("type", type)
        tree.add("typeVersion", .array([.number(Double(major)), .number(Double(minor))]))
        try tree.add("custom", json: customJSON)
        tree.add("stats", .array(stats.map(\.tree)))
        tree.add("notices", .array(notices.map(\.tree)))
        tree.add("channel", channel)
        tree.add("preferredVisualisationType", preferredVisualisationType)
        tree.add("executedQueryString", executedQueryString)
        return tree.value
    }
}

extension FrameMeta.Stat {
    fileprivate var tree: SmallJSON {
        var tree = TreeBuilder()
        tree.add("displayName", name)
        tree.add("unit", unit)
        tree.add("value", .number(value))
        return tree.value
    }
}

extension FrameMeta.Notice {
    fileprivate var tree: SmallJSON {
        var tree = TreeBuilder()
        tree.add("severity", severity.rawValue)
        tree.add("text", text)
        tree.add("link", link)
        return tree.value
    }
}
