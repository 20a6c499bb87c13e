import Testing

@testable import DataPlaneAPI

struct RouteClaimTests {
    private func claim(_ text: String) throws -> RouteClaim {
        let parts = text.split(separator: " ").map(String.init)
        return RouteClaim(
            pattern: try RoutePattern(try #require(parts.last)), method: parts.count == 2 ? parts[0] : "")
    }

    /// The claim that answers, as a table would find it: the first in order that matches and accepts.
    private func winner(_ claims: [String], _ method: String, _ path: String) throws -> String? {
        let sorted = try claims.map(claim).sorted { $0.precedes($1) }
        let found = sorted.first {
            $0.pattern.matches(CanonicalPath(path)) && $0.accepts(method: Array(method.utf8))
        }
        return found.map { $0.method.isEmpty ? $0.pattern.description : "\($0.method) \($0.pattern)" }
    }

    @Test(arguments: [
        ("GET", "/orders/1", "GET /orders/{id}"), ("POST", "/orders/1", "/orders/{id}"),
        ("HEAD", "/orders/1", "HEAD /orders/{id}"), ("HEAD", "/orders/new", "GET /orders/new"),
        ("POST", "/orders/new", "/orders/{id}"), ("GET", "/orders/new/items", "/orders/new/{r...}"),
        ("GET", "/orders/1/items", "/orders/{id}/items"), ("GET", "/orders/1/x/y", "/{r...}"),
        ("DELETE", "/orders", "/{r...}"), ("GET", "/", "/{r...}"), ("get", "/orders/1", "/orders/{id}"),
    ])
    func `the most specific claim answers`(_ method: String, _ path: String, _ expected: String) throws {
        let claims = [
            "/{r...}", "/orders/{id}", "GET /orders/{id}", "HEAD /orders/{id}", "GET /orders/new",
            "/orders/new/{r...}", "/orders/{id}/items",
        ]
        for order in [claims, claims.reversed()] { #expect(try winner(order, method, path) == expected) }
    }

    @Test func `a method that nobody accepts leaves the request to the delegate`() throws {
        #expect(try winner(["GET /test/{name}/example", "POST /test"], "POST", "/test/1/example") == nil)
        #expect(try winner(["GET /test/{name}/example"], "HEAD", "/test/1/example") == "GET /test/{name}/example")
    }

    @Test(arguments: [
        ("GET /a/{x}", "GET /a/{y}", true), ("/a/{x}", "/a/{y}", true), ("GET /a/{x}", "/a/{x}", false),
        ("GET /a/{x}", "POST /a/{x}", false), ("/a/{x}", "/a/b", false), ("/a/{x}", "/a/{x...}", false),
        ("/a/{x...}", "/a/{y...}", true), ("/a", "/a/b", false), ("GET /a", "HEAD /a", false),
    ])
    func `claims for the same requests are in conflict`(_ left: String, _ right: String, _ expected: Bool) throws {
        let (left, right) = (try claim(left), try claim(right))
        #expect(left.conflicts(with: right) == expected && right.conflicts(with: left) == expected)
        #expect((left.unnamed == right.unnamed) == expected)
        // Without a conflict there is an order, and only one.
        #expect(left.precedes(right) != right.precedes(left) || expected)
        #expect(!(left.precedes(right) && right.precedes(left)))
    }

    @Test func `the order is the same from wherever one starts`() throws {
        let texts = [
            "GET /a/b", "/a/b", "POST /a/b", "HEAD /a/b", "/a/{x}", "GET /a/{x}", "/a/{x...}", "/a/{x}/c", "/{x}/b",
            "/{x}/{y}", "/{x...}", "/a/b/c/d",
        ]
        let claims = try texts.map(claim)
        let order = claims.sorted { $0.precedes($1) }
        #expect(claims.reversed().sorted { $0.precedes($1) } == order)
        for (index, one) in order.enumerated() {
            for other in order.dropFirst(index + 1) { #expect(!other.precedes(one)) }
        }
    }
}
