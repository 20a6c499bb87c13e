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
