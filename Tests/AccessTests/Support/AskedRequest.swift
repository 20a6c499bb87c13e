import HTTPTesting
import NIOCore
import NIOEmbedded

@testable import Access
@testable import HTTPKit

/// A request to ask a gate about, without a connection.
struct AskedRequest {
    let exchange: Exchange
    let loop: EmbeddedEventLoop

    init(_ head: String = "GET /apis/g.io/v1/namespaces/n/things/a HTTP/1.1\r\nHost: localhost\r\n") throws {
        loop = EmbeddedEventLoop()
        exchange = try TestTransport().exchange(head, on: loop)
    }

    /// Whether somebody waits for the client still.
    var isWaiting: Bool { exchange.owner != nil }
}

/// Somebody who has to be asked, and answers when a test says so.
final class Oracle: Authorizer, Authenticator {
    private var waiting: [(Decision) -> Void] = []
    private var unknown: [(Authentication) -> Void] = []
    /// What was asked, in this order.
    private(set) var asked: [String] = []
    /// What is known by heart, by verb and resource.
    var known: [String: Decision] = [:]
    let isAmbient = false

    private static func key(_ subject: Subject, _ question: Question) -> String {
        "\(subject.user.name) \(question.info.verb) \(question.info.resource) \(question.info.name)"
    }

    func decide(_ subject: Subject, _ question: Question) -> Decision? { known[Self.key(subject, question)] }

    func ask(_ subject: Subject, _ question: Question, _ done: @escaping (Decision) -> Void) {
        asked.append(Self.key(subject, question))
        waiting.append(done)
    }

    func rules(_ user: User, namespace: String) -> AccessRules {
        var rules = AccessRules()
        rules.isComplete = false
        return rules
    }

    func known(_ exchange: Exchange) -> Authentication? { nil }

    func find(_ exchange: Exchange, _ done: @escaping (Authentication) -> Void) {
        asked.append("who")
        unknown.append(done)
    }

    /// Answers the question that waits longest.
    func say(_ decision: Decision) { if !waiting.isEmpty { waiting.removeFirst()(decision) } }
    func say(_ found: Authentication) { if !unknown.isEmpty { unknown.removeFirst()(found) } }
}
