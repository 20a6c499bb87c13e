import Bytes
import DataPlaneAPI

extension RequestHead {
    /// The id of the last event that a client of a stream got: the header, or `lastEventId` of the query for clients
    /// that can't set headers; nil when there is none, or one that no server of ours gave.
    package var lastEventID: String? {
        guard let text = headers.firstValue(named: "last-event-id") ?? query["lastEventId"], !text.isEmpty,
            text.utf8.count <= 64
        else { return nil }
        return text
    }

    /// The JSON that a client of a stream gives along as `?data=`; empty for none.
    ///
    /// - Throws: 400 for an escape that can't be read.
    package func streamData() throws(GatewayError) -> [UInt8] { try query.readableBytes("data") ?? [] }
}
