import DataPlaneAPI
import NIOCore
import NIOEmbedded
import Testing

@testable import Access
@testable import HTTPKit

/// A gate whose members know by themselves, and one whose members must ask.
struct AccessGateTests {
    private let oracle = Oracle()
    private let bob = User(name: "bob").asAuthenticated

    private func text(_ verdict: Verdict?) -> String {
        switch verdict {
        case nil: "asks"
        case .allowed(let subject): "allowed \(subject.user.name)"
        case .refused(let error): "\(error.httpStatus)"
        }
    }

    private func gate(_ nobody: AccessGate.Nobody = .anonymous, _ members: [any Authorizer]? = nil) -> AccessGate {
        AccessGate(nobody: nobody, policy: AuthorizerUnion(members ?? [MastersAuthorizer(), oracle]))
    }

    /// Asks the gate; what it says is noted.
    private final class Asked {
        var verdicts: [String] = []
    }

    private func ask(_ gate: AccessGate, _ request: AskedRequest) -> Asked {
        let asked = Asked()
        gate.ask(request.exchange, .request(request.exchange)) { asked.verdicts.append(text($0)) }
        return asked
    }

    @Test func `what is known needs nobody`() throws {
        let request = try AskedRequest()
        let exchange = request.exchange
        exchange.accessState.user = User(name: "m", groups: [User.masters])
        #expect(text(gate().verdict(exchange, .request(exchange))) == "allowed m")
        let stranger = try AskedRequest().exchange
        let closed = gate(.refused)
        #expect(text(closed.verdict(stranger, .request(stranger))) == "401")
        #expect(text(gate(.anonymous, []).verdict(stranger, .request(stranger))) == "403")
        #expect(oracle.asked == [] && !request.isWaiting)
    }

    @Test(arguments: [
        (Decision.allow, "allowed bob"), (.noOpinion, "403"), (.deny("no"), "403"),
        (.failed(GatewayError(.serviceUnavailable, "gone")), "503"),
    ])
    func `an authorizer is asked once and its word counts`(decision: Decision, verdict: String) throws {
        let request = try AskedRequest()
        request.exchange.accessState.user = bob
        let gate = gate()
        #expect(gate.verdict(request.exchange, .request(request.exchange)) == nil)
        let asked = ask(gate, request)
        #expect(asked.verdicts == [] && request.isWaiting)
        oracle.say(decision)
        #expect(asked.verdicts == [verdict] && !request.isWaiting)
        #expect(oracle.asked == ["bob get things a"])
    }

    @Test func `who is asked in vain leaves it to the next, and a denial is the last word`() throws {
        let second = Oracle()
        let gate = gate(.anonymous, [oracle, second])
        for (first, later, verdict) in [
            (Decision.noOpinion, Decision.allow, "allowed bob"), (.noOpinion, .noOpinion, "403"),
            (.deny("no"), .allow, "403"), (.failed(GatewayError(.gatewayTimeout, "slow")), .allow, "504"),
        ] {
            let request = try AskedRequest()
            request.exchange.accessState.user = bob
            let asked = ask(gate, request)
            oracle.say(first)
            second.say(later)
            #expect(asked.verdicts == [verdict])
        }
    }

    @Test func `who somebody is, is asked before what they may do`() throws {
        let request = try AskedRequest()
        request.exchange.accessState.unasked = [oracle]
        let gate = gate(.refused)
        #expect(gate.verdict(request.exchange, .request(request.exchange)) == nil)
        let asked = ask(gate, request)
        oracle.say(.user(bob))
        #expect(oracle.asked == ["who", "bob get things a"])
        oracle.say(Decision.allow)
        #expect(asked.verdicts == ["allowed bob"])
        #expect(request.exchange.user?.name == "bob")
    }

    @Test(arguments: [(Authentication.unrecognised, "401"), (.refused(why: "wrong"), "401")])
    func `whom nobody recognises is refused`(found: Authentication, verdict: String) throws {
        let request = try AskedRequest()
        request.exchange.accessState.unasked = [oracle]
        let asked = ask(gate(.refused), request)
        oracle.say(found)
        #expect(asked.verdicts == [verdict])
    }

    @Test func `to act as somebody needs every part, and then counts as them`() throws {
        let request = try AskedRequest()
        request.exchange.accessState.user = bob
        var wish = Impersonation(["Impersonate-User": "ann"])
        wish?.groups = ["dev"]
        request.exchange.accessState.impersonation = wish
        let asked = ask(gate(), request)
        oracle.say(Decision.allow)
        oracle.say(Decision.allow)
        oracle.say(Decision.allow)
        #expect(oracle.asked == ["bob impersonate users ann", "bob impersonate groups dev", "ann get things a"])
        #expect(asked.verdicts == ["allowed ann"])
        #expect(request.exchange.accessState.impersonator?.name == "bob")
    }

    @Test func `one part that isn't allowed is enough`() throws {
        let request = try AskedRequest()
        request.exchange.accessState.user = bob
        request.exchange.accessState.impersonation = Impersonation(["Impersonate-User": "ann"])
        oracle.known = ["ann get things a": .allow]
        let asked = ask(gate(), request)
        oracle.say(Decision.noOpinion)
        #expect(asked.verdicts == ["403"] && request.exchange.user?.name == "bob")
    }

    @Test func `a client that leaves hears nothing, and an answer that comes late neither`() throws {
        let request = try AskedRequest()
        request.exchange.accessState.user = bob
        let asked = ask(gate(), request)
        request.exchange.aborted()
        oracle.say(Decision.allow)
        request.loop.advanceTime(by: .seconds(60))
        #expect(asked.verdicts == [])
    }

    @Test func `nobody waits for ever`() throws {
        let request = try AskedRequest()
        request.exchange.accessState.user = bob
        let asked = ask(gate(), request)
        request.loop.advanceTime(by: .seconds(AskedExchange.deadline))
        #expect(asked.verdicts == ["503"] && !request.isWaiting)
        oracle.say(Decision.allow)
        #expect(asked.verdicts == ["503"])
    }

    @Test func `what only answers questions makes a list incomplete`() {
        #expect(!AuthorizerUnion([MastersAuthorizer(), oracle]).rules(bob, namespace: "n").isComplete)
        #expect(AuthorizerUnion([MastersAuthorizer()]).rules(bob, namespace: "n").isComplete)
    }
}
