import NIOCore

/// An authorizer of an event loop for those who work elsewhere: functions of kinds, which check what somebody may pass on.
package struct LoopAuthorizer: Sendable {
    private let authorizer: NIOLoopBound<any Authorizer>
    private let loop: any EventLoop

    /// Call on the loop.
    package init(_ authorizer: any Authorizer, on loop: any EventLoop) {
        self.authorizer = NIOLoopBound(authorizer, eventLoop: loop)
        self.loop = loop
    }

    /// Whether a user may do something.
    package func decide(_ user: User, _ wanted: RequestInfo) async -> Decision {
        await withCheckedContinuation { continuation in
            loop.execute {
                authorizer.value.ask(Subject(user), .attributes(wanted)) { continuation.resume(returning: $0) }
            }
        }
    }
}
