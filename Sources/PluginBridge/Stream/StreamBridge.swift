import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol

/// The streams as one event loop sees them: the clients it serves, and the streams that it runs for all loops.
package final class StreamBridge {
    let index: Int
    let loop: any EventLoop
    let settings: StreamSettings
    let plugins: LoopPlugins
    let budget: MemoryBudget
    let workers: NIOThreadPool
    let side: SideWork
    private(set) var hub: StreamHub?
    private var timer: RepeatedTask?
    private var isStopped = false
    /// Whether a route leads to a stream still.
    private var isClaimed: (StreamKey) -> Bool = { _ in true }

    // What this loop runs.
    private var feeds: [StreamKey: StreamFeed] = [:]
    private var feedsByID: [UInt64: StreamFeed] = [:]
    private var nextFeed: UInt64 = 0

    // Whom this loop serves.
    private var groups: [UInt64: ListenerGroup] = [:]
    private var fanOut: FanOut?
    /// Listeners with those that are still being asked about.
    var listenerCount = 0

    init(
        index: Int, loop: any EventLoop, settings: StreamSettings, plugins: LoopPlugins, budget: MemoryBudget,
        workers: NIOThreadPool, side: SideWork
    ) {
        self.index = index
        self.loop = loop
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
        self.side = side
        fanOut = FanOut {
            loop.nextTurn($0)
        } done: { [weak self] group, message in
            self?.handedOn(message, to: group)
        }
    }

    func start(_ hub: StreamHub) {
        self.hub = hub
        plugins.observe { [weak self] id in self?.pluginChanged(id) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let beat = TimeAmount.seconds(Int64(max(1, settings.heartbeat)))
        timer = loop.scheduleRepeatedTask(initialDelay: beat, delay: beat) { _ in bound.value.beat() }
    }

    /// Ends every stream that this loop runs, and refuses new ones.
    func stop() {
        isStopped = true
        timer?.cancel()
        timer = nil
        for feed in Array(feeds.values) { feed.stop(.goingAway) }
    }

    /// How many streams this loop runs.
    var feedCount: Int { feeds.count }

    /// Milliseconds on the monotonic clock.
    var now: Int { Int(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    func run(on index: Int, _ body: @escaping @Sendable (StreamBridge) -> Void) { hub?.run(on: index, body) }

    /// Gives running streams their plugin context anew; call on every loop when data sources have changed.
    ///
    /// - Parameter context: the encoded context without a user of a stream; nil when its data source is gone.
    package func refresh(_ context: (StreamKey) -> ContextBytes?) {
        for feed in Array(feeds.values) {
            if let bytes = context(feed.key) {
                feed.use(context: bytes)
            } else {
                feed.stop(.failed(GatewayError(.notFound, "the data source of this stream was removed")))
            }
        }
    }

    /// Ends the streams that no route leads to any more, and refuses them from now on; call on every loop when routes have
    /// changed.
    package func serve(while isClaimed: @escaping (StreamKey) -> Bool) {
        self.isClaimed = isClaimed
        for feed in Array(feeds.values) where !isClaimed(feed.key) { feed.stop(.failed(Self.routeIsGone)) }
    }

    private func pluginChanged(_ id: String) {
        for feed in Array(feeds.values) where feed.key.pluginID == id { feed.pluginChanged() }
    }

    // MARK: The home of a stream

    /// Joins a listener of some loop to a stream that this loop runs.
    func join(
        _ key: StreamKey, context: ContextBytes, loop: Int, format: StreamFormat, lastEventID: String?
    ) -> Result<StreamWelcome, GatewayError> {
        guard !isStopped else { return .failure(Self.stopping) }
        // A listener may have been on its way here when the routes changed.
        guard isClaimed(key) else { return .failure(Self.routeIsGone) }
        if let feed = feeds[key] { return feed.join(loop: loop, format, lastEventID: lastEventID) }
        guard feeds.count < settings.streamLimit else {
            return .failure(
                GatewayError(
                    .serviceUnavailable,
                    "this gateway already runs \(feeds.count) streams here, its limit is \(settings.streamLimit) "
                        + "(setting stream-limit)", source: .gateway, retryAfterSeconds: 5))
        }
        nextFeed += 1
        let feed = StreamFeed(
            id: UInt64(index) << 48 | nextFeed, key: key, context: context, bridge: self)
        feeds[key] = feed
        feedsByID[feed.id] = feed
        return feed.join(loop: loop, format, lastEventID: lastEventID)
    }

    func leave(_ feed: UInt64, loop: Int, format: StreamFormat) { feedsByID[feed]?.leave(loop: loop, format) }

    func report(_ feed: UInt64, loop: Int, number: UInt64, total: UInt64) {
        feedsByID[feed]?.report(loop: loop, number: number, total: total)
    }

    func publish(_ key: StreamKey, _ packet: StreamPacket) {
        for feed in Array(feeds.values) where feed.key.isSameChannel(as: key) { feed.publish(packet) }
    }

    func forget(_ feed: StreamFeed) {
        feedsByID[feed.id] = nil
        if feeds[feed.key] === feed { feeds[feed.key] = nil }
    }

    // MARK: The listeners of this loop

    /// Adds a listener to a stream.
    ///
    /// - Parameter seen: it need not get messages up to this number.
    func add(_ listener: StreamListener, to feed: UInt64, home: Int, seen: UInt64) -> ListenerGroup {
        let group = groups[feed] ?? ListenerGroup(feed: feed, home: home)
        groups[feed] = group
        group.add(listener, seen: seen)
        return group
    }

    func remove(_ listener: StreamListener, from group: ListenerGroup, format: StreamFormat) {
        guard group.remove(listener), !group.isEnding else { return }
        if group.count == 0 { groups[group.feed] = nil }
        let (feed, loop) = (group.feed, index)
        run(on: group.home) { $0.leave(feed, loop: loop, format: format) }
    }

    func deliver(_ feed: UInt64, _ message: StreamMessage) {
        if let group = groups[feed] { fanOut?.deliver(message, to: group) }
    }

    /// All listeners of this loop have a message.
    private func handedOn(_ message: StreamMessage, to group: ListenerGroup) {
        let (feed, loop, number, total) = (group.feed, index, message.number, message.total)
        // A loop that runs the stream itself says so at once.
        guard group.home != index else { return report(feed, loop: loop, number: number, total: total) }
        let isDue =
            number &- group.reportedNumber >= FanOutWindow.reportMessages
            || total &- group.reportedTotal >= FanOutWindow.reportBytes
        guard isDue else { return }
        group.reportedNumber = number
        group.reportedTotal = total
        run(on: group.home) { $0.report(feed, loop: loop, number: number, total: total) }
    }

    func end(_ feed: UInt64, _ ending: StreamEnding) {
        if let group = groups.removeValue(forKey: feed) { fanOut?.end(ending, group) }
    }

    private func beat() {
        let now = now
        for group in Array(groups.values) { fanOut?.beat(now: now, group) }
    }

    static var routeIsGone: GatewayError {
        GatewayError(
            .notFound, "the route of this stream is gone: no DataPlaneService claims it for this plugin any more",
            source: .gateway)
    }

    static var stopping: GatewayError {
        GatewayError(.serviceUnavailable, "the gateway is stopping", source: .gateway, retryAfterSeconds: 1)
    }
}
