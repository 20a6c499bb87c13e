import DataPlaneAPI
import Storage

/// One column of a table that kubectl prints.
package struct TableColumn: Sendable, Hashable {
    /// The heading.
    package let name: String
    /// `string`, `integer`, `boolean` or `date`.
    package let type: String
    /// `name` for the object's name, else mostly empty.
    package let format: String
    /// What the column shows.
    package let description: String
    /// 0 always shown, more only with `-o wide`.
    package let priority: Int

    /// Creates a column.
    package init(_ name: String, type: String = "string", format: String = "", description: String, priority: Int = 0) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
    }
}

/// Everything the API server has to know about one type of object; one file for each type.
package protocol ResourceDefinition: Sendable {
    /// The API group.
    var group: String { get }
    /// The version.
    var version: String { get }
    /// The type's name.
    var kind: String { get }
    /// The plural, as in paths.
    var plural: String { get }
    /// The singular.
    var singular: String { get }
    /// Short forms of the plural.
    var shortNames: [String] { get }
    /// The groups of resources that kubectl knows it under.
    var categories: [String] { get }
    /// The fields that field selectors may name beside `metadata.name` and `metadata.namespace`; of type text.
    var selectableFields: [String] { get }
    /// Whether objects lie in namespaces.
    var isNamespaced: Bool { get }
    /// The verbs that are served.
    var verbs: [String] { get }
    /// Whether there is a status subresource.
    var hasStatus: Bool { get }
    /// Lists whose entries are told apart by keys: the list's path (`spec.services`) and its keys. Others are atomic.
    var listKeys: [String: [String]] { get }
    /// The columns of its table.
    var columns: [TableColumn] { get }
    /// The OpenAPI schema of `spec` and `status`; a fragment that stands under `properties`.
    var schemaProperties: JSONValue { get }
    /// What `kubectl explain` says about the type.
    var about: String { get }
    /// The name of its schema, in the reverse form of the group.
    var schemaName: String { get }

    /// The object with defaults filled in and without unknown fields of `spec` and `status`.
    ///
    /// - Throws: 400 that names a field of the wrong type.
    func normalised(_ object: JSONValue) throws(GatewayError) -> JSONValue
    /// The configuration of a server-side apply with values in the spelling that is stored, and nothing added.
    func prepareApply(_ configuration: JSONValue) -> JSONValue
    /// Paths of fields that are not part of the type.
    func unknownFields(in object: JSONValue) -> [String]
    /// What is wrong with a new object.
    func validate(create object: JSONValue) throws(GatewayError) -> [StatusCause]
    /// What is wrong with a changed object.
    func validate(update object: JSONValue, from old: JSONValue) throws(GatewayError) -> [StatusCause]
    /// The cells of its row.
    func cells(_ object: JSONValue, nowMS: Int) -> [JSONValue]
}

extension ResourceDefinition {
    /// What most types have.
    package var verbs: [String] {
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }
    /// None.
    package var shortNames: [String] { [] }
    /// None.
    package var categories: [String] { [] }
    /// None.
    package var selectableFields: [String] { [] }
    /// Nothing to respell.
    package func prepareApply(_ configuration: JSONValue) -> JSONValue { configuration }

    /// Group and version as objects carry them.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    /// The kind of a list.
    package var listKind: String { "\(kind)List" }
    /// What kind of object it is to the store.
    package var id: ResourceID { ResourceID(group: group, resource: plural) }
    /// The 404 for a name.
    func notFound(_ name: String) -> GatewayError { .notFound(plural, group: group, name: name) }
    /// The 409 for a name.
    func conflict(_ name: String) -> GatewayError { .conflict(plural, group: group, name: name) }
}

/// The types that this server has.
package struct ResourceRegistry: Sendable {
    /// The types, in the order discovery shows them.
    package let definitions: [any ResourceDefinition]

    /// Creates a registry.
    package init(_ definitions: [any ResourceDefinition] = [DataPlaneServiceResource()]) {
        self.definitions = definitions
    }

    /// The type behind a path.
    package func find(group: String, version: String, plural: String) -> (any ResourceDefinition)? {
        definitions.first { $0.group == group && $0.version == version && $0.plural == plural }
    }

    /// The type of the core group behind a path.
    func findCore(plural: String) -> (any ResourceDefinition)? { CoreResource.all.first { $0.plural == plural } }

    /// The type of an object.
    package func find(apiVersion: String, kind: String) -> (any ResourceDefinition)? {
        definitions.first { $0.apiVersion == apiVersion && $0.kind == kind }
    }

    /// The groups, each with its versions, in order.
    package var groups: [(name: String, versions: [String])] {
        var groups: [(name: String, versions: [String])] = []
        for definition in definitions {
            if let index = groups.firstIndex(where: { $0.name == definition.group }) {
                if !groups[index].versions.contains(definition.version) {
                    groups[index].versions.append(definition.version)
                }
            } else {
                groups.append((definition.group, [definition.version]))
            }
        }
        return groups
    }
}
