import HTTPKit
import NIOCore
import Storage
import Synchronization

/// The watches of one event loop.
final class LoopWatches {
    /// For so long watches are served before the loop does something else: requests wait behind no more than this.
    private static let turn = TimeAmount.microseconds(500)

    private let loop: any EventLoop
    private let cache: WatchCache
    private let bookmarkSeconds: Int
    private var audiences: [WatchStart.Audience: Audience] = [:]
    /// The audiences that have not been asked yet since the last change.
    private var round: [Audience] = []
    /// Whether a round, or the rest behind one, goes on.
    private var isBusy = false
    private var rest = RoundRest()
    private var observation: Observation?
    private var bookmarks: RepeatedTask?
    /// Whether something changed that no round has begun for.
    private let hasNews = News()

    private final class News: Sendable {
        let value = Atomic<Bool>(false)
    }

    init(_ loop: any EventLoop, _ core: APIServerCore) {
        self.loop = loop
        cache = core.store
        bookmarkSeconds = max(1, core.bookmarkSeconds)
        let (bound, registry) = (NIOLoopBound(Weak(self), eventLoop: loop), core.registry)
        registry.observe {
            loop.execute {
                for audience in bound.value.watches?.audiences.values ?? [:].values {
                    audience.end(unless: registry.kinds)
                }
            }
        }
    }

    private struct Weak {
        weak var watches: LoopWatches?

        init(_ watches: LoopWatches) { self.watches = watches }
    }

    /// Begins a watch; call on the loop.
    func start(_ exchange: Exchange, _ request: APIRequest, _ start: WatchStart) {
        guard !exchange.isOver else { return }
        exchange.start(status: 200, body: .unknown) { head in
            head.add("Content-Type", fixed: "application/json")
            head.addDate()
            APIServerHandler.writeFields(&head, request, APIResponse())
        }
        if let error = start.error {
            exchange.write(WatchForm.error(error))
            return exchange.end()
        }
        exchange.flush()
        let watch = Watch(exchange, start)
        let audience = join(watch, start)
        let end = loop.assumeIsolated().scheduleTask(in: .seconds(Int64(start.seconds))) {
            audience.catchUp(watch)
            audience.bookmark(watch)
            watch.end()
        }
        let pump = pump(start, exchange, watch, audience)
        // Not the start itself: its state would be kept for as long as the watch is open.
        let (place, listSlot) = (start.audience, start.listSlot)
        watch.onEnd = { [weak self] in
            end.cancel()
            pump?.cancel()
            listSlot?.give()
            self?.leave(watch, audience, place)
        }
        exchange.take(watch)
        exchange.whenDraining { watch.end() }
        guard let pump else { return follow(start, exchange, watch, audience) }
        exchange.lend(to: pump)
        pump.run()
    }

    /// What shows the watch's state, then lets it follow; nil if it shows none.
    private func pump(
        _ start: WatchStart, _ exchange: Exchange, _ watch: Watch, _ audience: Audience
    ) -> PiecePump? {
        guard let state = start.state else { return nil }
        let items = ListItems.walk(state.walk(namespace: start.namespace), start.options)
        return PiecePump(exchange, StateLines(start.form, items)) { [weak self] hasWritten in
            watch.hasColumns = hasWritten
            start.listSlot?.give()
            exchange.giveBack()
            if start.options.sendsInitialEvents == true, start.options.bookmarks {
                watch.write(start.form.bookmark(state.version, endsInitialEvents: true, withColumns: !hasWritten))
                watch.hasColumns = true
            }
            self?.follow(start, exchange, watch, audience)
        }
    }

    /// Everything that was there is shown: from here on, what happens.
    private func follow(_ start: WatchStart, _ exchange: Exchange, _ watch: Watch, _ audience: Audience) {
        watch.stateIsSent()
        watch.onWritable = { [weak watch] in watch.map { audience.catchUp($0) } }
        audience.catchUp(watch)
    }

    // MARK: Audiences

    private func join(_ watch: Watch, _ start: WatchStart) -> Audience {
        let key = start.audience
        let audience: Audience
        if let known = audiences[key] {
            audience = known
        } else {
            audience = Audience(loop, cache, start.withoutState)
            audience.onMade = { [weak self, weak audience] in
                guard let self, let audience else { return }
                round.append(audience)
                if !isBusy { goOn() }
            }
            audiences[key] = audience
        }
        audience.add(watch)
        if observation == nil { observe() }
        return audience
    }

    private func leave(_ watch: Watch, _ audience: Audience, _ key: WatchStart.Audience) {
        audience.remove(watch)
        guard audience.count == 0 else { return }
        audiences[key] = nil
        guard audiences.isEmpty else { return }
        observation?.end()
        observation = nil
        bookmarks?.cancel()
        bookmarks = nil
    }

    private func observe() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let (loop, hasNews) = (loop, hasNews)
        observation = cache.observe {
            // However many changes come meanwhile, the loop is called once.
            guard !hasNews.value.exchange(true, ordering: .acquiringAndReleasing) else { return }
            loop.execute { bound.value.deliver() }
        }
        let delay = TimeAmount.seconds(Int64(bookmarkSeconds))
        bookmarks = loop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { _ in
            for audience in bound.value.audiences.values { audience.bookmark() }
        }
    }

    // MARK: Delivery

    private func deliver() {
        // Whoever goes on with a round, or rests, takes the news up at its end.
        if !isBusy { goOn() }
    }

    private func goOn() {
        isBusy = true
        if round.isEmpty, hasNews.value.exchange(false, ordering: .acquiringAndReleasing) {
            round = Array(audiences.values)
        }
        let began = NIODeadline.now()
        let end = began + Self.turn
        var now = began
        while now < end, let audience = round.last {
            if case .more = audience.deliver(until: end) {} else { round.removeLast() }
            now = .now()
        }
        rest.add(now - began)
        // Others have their turn in between.
        guard round.isEmpty else { return loop.nextTurn { [self] in goOn() } }
        if let pause = rest.take() {
            let bound = NIOLoopBound(self, eventLoop: loop)
            _ = loop.scheduleTask(in: pause) { bound.value.goOn() }
        } else if hasNews.value.load(ordering: .acquiring) {
            loop.nextTurn { [self] in goOn() }
        } else {
            isBusy = false
        }
    }
}
