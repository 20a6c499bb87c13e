import Access
import Bytes
import Storage

/// What a function of a kind is told.
package struct KindContext: Sendable {
    /// What is done.
    package enum Operation: Sendable, Hashable {
        case create, update
        /// An update of the status alone.
        case status
        /// A kind that isn't stored is asked.
        case read
    }

    /// What is done.
    package var operation: Operation
    /// The new state of the object; null for a read.
    package var object: JSONValue
    /// The state before; nil for a create.
    package var old: JSONValue?
    /// Who wants it; nil for the gateway itself.
    package var user: User?
    /// Says what users may do; nil for the gateway itself, which may do everything.
    package var authorizer: LoopAuthorizer?
    /// Whether nothing is stored.
    package var isDryRun = false
    /// The kinds there are.
    package var kinds: Kinds
    /// The objects there are; nil where only texts are looked at.
    package var reader: WatchCache?

    /// Creates a context.
    package init(
        _ operation: Operation, _ object: JSONValue, old: JSONValue? = nil, user: User? = nil,
        authorizer: LoopAuthorizer? = nil, isDryRun: Bool = false, kinds: Kinds = Kinds(), reader: WatchCache? = nil
    ) {
        self.operation = operation
        self.object = object
        self.old = old
        self.user = user
        self.authorizer = authorizer
        self.isDryRun = isDryRun
        self.kinds = kinds
        self.reader = reader
    }
}
