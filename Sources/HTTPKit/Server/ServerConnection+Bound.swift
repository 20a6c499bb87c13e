import DataPlaneAPI
import NIOCore

/// What a connection has to do with the bound of its listener's connections.
extension ServerConnection {
    /// Since when nobody has wanted anything of it; nil while somebody does.
    var idleSince: NIODeadline? {
        phase == .head && exchange == nil && pending.readableBytes == 0 && !isHeld && !hasGivenWay ? lastUsed : nil
    }

    /// Reads nothing until there is room for the connection.
    func hold() {
        isHeld = true
        updateReading()
    }

    /// There is room.
    func goOn() {
        isHeld = false
        updateReading()
    }

    /// There is none.
    func refuse(_ error: GatewayError) {
        isHeld = false
        guard phase == .head, !isHandshaking else { return abort() }
        response = ResponseState()
        response.keepAlive = false
        phase = .answering
        writeRefusal(error)
        lingeringClose()
    }

    /// Makes room for another connection.
    func giveWay() {
        hasGivenWay = true
        abort()
    }
}
