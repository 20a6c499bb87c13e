import Bytes
import DataPlaneAPI
import Storage

/// Everything the API server has to know about one kind of object, as data; functions are optional and get one context.
package struct ResourceDefinition: Sendable {
    /// Where its objects come from.
    package enum Nature: Sendable {
        /// They are stored.
        case stored
        /// They are made when somebody reads them, and can't be written.
        case computed(@Sendable (KindContext) async throws(GatewayError) -> [JSONValue])
        /// A create is answered, and nothing is kept: reviews.
        case answered(@Sendable (KindContext) async throws(GatewayError) -> JSONValue)
    }

    /// Its names.
    package struct Names: Sendable, Hashable {
        /// The type's name.
        package var kind: String
        /// The plural, as in paths.
        package var plural: String
        /// The singular.
        package var singular: String
        /// Short forms of the plural.
        package var short: [String]
        /// The groups of resources that kubectl knows it under.
        package var categories: [String]

        /// Creates names.
        package init(
            kind: String, plural: String, singular: String, short: [String] = [], categories: [String] = []
        ) {
            self.kind = kind
            self.plural = plural
            self.singular = singular
            self.short = short
            self.categories = categories
        }
    }

    /// The API group.
    package let group: String
    /// The version.
    package let version: String
    /// Its names.
    package let names: Names
    /// Whether objects lie in namespaces.
    package let isNamespaced: Bool
    /// Where its objects come from.
    package var nature = Nature.stored
    /// The fields of its objects.
    package var structure = Structure()
    /// Whether there is a status subresource.
    package var hasStatus = false
    /// The fields that field selectors may name beside `metadata.name` and `metadata.namespace`; of type text.
    package var selectableFields: [String] = []
    /// What `kubectl explain` says about the type.
    package var about = ""
    /// The name of its schema, in the reverse form of the group.
    package var schemaName: String
    /// The columns of its table.
    package var columns = [
        TableColumn("Name", format: "name", description: "Name of the object."),
        TableColumn("Age", type: "date", description: "Time since the object was created."),
    ]
    /// The cells of an object's row at a time in milliseconds.
    package var cells: @Sendable (JSONValue, Int) -> [JSONValue] = { object, _ in
        [object["metadata"]?["name"] ?? "", "<unknown>"]
    }
    /// Puts what is written in an earlier form into the present one; nothing is added.
    package var respell: (@Sendable (JSONValue) -> JSONValue)?
    /// Says what becomes of an object before it is checked, or throws to refuse it; may ask others, and nothing is held
    /// meanwhile.
    package var admit: (@Sendable (KindContext) async throws(GatewayError) -> JSONValue)?
    /// What is wrong with an object beyond the types of its fields.
    package var validate: (@Sendable (KindContext) throws(GatewayError) -> [StatusCause])?

    /// A kind whose objects are stored and that has no functions of its own yet.
    package init(group: String, version: String, names: Names, isNamespaced: Bool, schemaName: String) {
        self.group = group
        self.version = version
        self.names = names
        self.isNamespaced = isNamespaced
        self.schemaName = schemaName
    }

    /// The type's name.
    package var kind: String { names.kind }
    /// The plural, as in paths.
    package var plural: String { names.plural }
    /// The singular.
    package var singular: String { names.singular }
    /// Group and version as objects carry them.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    /// The kind of a list.
    package var listKind: String { "\(kind)List" }
    /// What kind of object it is to the store.
    package var id: ResourceID { ResourceID(group: group, resource: plural) }

    /// The verbs that are served.
    package var verbs: [String] {
        switch nature {
        case .stored: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        case .computed: ["get", "list", "watch"]
        case .answered: ["create"]
        }
    }

    /// The object in its present form, with defaults and without fields that aren't part of the kind.
    ///
    /// - Throws: 400 that names a field of a wrong type.
    func settled(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        try structure.settled(respell?(object) ?? object)
    }

    /// What somebody wants, in its present form: nothing is added.
    func wanted(_ configuration: JSONValue) throws(GatewayError) -> JSONValue {
        try structure.pruned(respell?(configuration) ?? configuration)
    }

    /// The 404 for a name.
    func notFound(_ name: String) -> GatewayError { .notFound(plural, group: group, name: name) }
    /// The 409 for a name.
    func conflict(_ name: String) -> GatewayError { .conflict(plural, group: group, name: name) }
}
