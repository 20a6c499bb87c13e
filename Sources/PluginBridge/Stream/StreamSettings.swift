import HTTPKit

/// How streams are run and what each may cost; every bound names the setting it comes from.
package struct StreamSettings: Sendable {
    /// For SubscribeStream and PublishStream, seconds (setting plugin-call-timeout).
    package var callTimeout = 30
    /// The most bytes of a packet or of initial data (setting stream-packet-limit).
    package var packetLimit = 4 * 1024 * 1024
    /// The most bytes that a client publishes at once (setting stream-publish-limit).
    package var publishLimit = 64 * 1024
    /// The most clients that listen on one event loop (setting stream-listeners-limit).
    package var listenerLimit = 10_000
    /// The most different streams that one event loop runs (setting stream-limit).
    package var streamLimit = 1000

    /// Messages that wait for a slow client; beyond, the oldest are dropped (setting stream-queue-messages).
    package var queueMessages = 256
    /// Bytes that wait for a slow client; beyond, the oldest messages are dropped (setting stream-queue-bytes).
    package var queueBytes = 1024 * 1024
    /// A client that lost so many messages without catching up is sent away (setting stream-drop-limit).
    package var dropLimit = 1000
    /// A client that has not caught up for so long is sent away, seconds (setting stream-stall-timeout).
    package var stallTimeout = 30

    /// Messages kept for clients that come again.
    package var replayMessages = 64
    /// Bytes of messages kept for clients that come again.
    package var replayBytes = 256 * 1024

    /// Between two signs of life to a client, seconds (setting stream-heartbeat).
    package var heartbeat = 15
    /// How long a stream runs on without listeners, milliseconds.
    package var lingerMS = 5000
    /// How long listeners wait for a plugin that is down, milliseconds.
    package var outageMS = 60_000
    /// What Server-Sent Events clients are told to wait before they come again, milliseconds; doubled at random.
    package var retryMS = 1000
    /// After so long a client is asked to come again with fresh credentials, seconds; 0 for never.
    package var lifetime = 0

    /// Which pages may listen and publish.
    package var origins = PageOriginPolicy()

    /// The defaults.
    package init() {}
}
