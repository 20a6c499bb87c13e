import Foundation
import Testing

/// What clients of a stream give along, and who asked first, reach the plugin; a stream that can't begin says so.
@Suite(.timeLimit(.minutes(5)))
struct StreamDataTests {
    private static let given = "\(ShowcaseGateway.source)/stream/given"
    private static let query = #"?data=%7B%22topic%22%3A%22a+b%22%7D"#

    @Test func `the data of the address reaches the plugin as lines and events`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let lines = try BodyLines(gateway, Self.given + Self.query)
        #expect(try lines.json()["type"] as? String == "subscribed")
        let line = try lines.json()
        #expect(line.at("data.given.topic") as? String == "a b", "\(line)")
        #expect(line.at("data.user") as? String == "system:first-run", "\(line)")
        let events = try BodyLines(gateway, Self.given + "?data=[1,2]", [("Accept", "text/event-stream")])
        let event = try events.eventData()
        #expect(event.data["given"] as? [Int] == [1, 2], "\(event)")
    }

    @Test func `the data reaches the plugin from the first message of a WebSocket, too`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        // Not what another test listens for: the plugin sends it once to each run.
        let asked = try WebSocketClient(gateway, Self.given + "?data=%22asked%22")
        _ = try asked.message("subscribed")
        #expect(try asked.message("data").at("data.given") as? String == "asked")
        let told = try WebSocketClient(gateway, Self.given)
        try told.send(#"{"type":"subscribe","data":{"topic":"told"}}"#)
        #expect(try told.message("data").at("data.given.topic") as? String == "told")
        // What comes later is published, whatever it looks like.
        try told.send(#"{"type":"subscribe","data":1}"#)
        #expect(try told.message("refused")["code"] as? Int == 403)
    }

    @Test(arguments: ["?data=%7B", "?data={}x", "?data=%zz"])
    func `data that is no JSON is 400`(query: String) throws {
        let gateway = try ShowcaseGateway.shared.get()
        let answer = try gateway.request("GET", Self.given + query)
        #expect(answer.status == 400 && answer.isStatus && answer.message.contains("data"), "\(answer.text)")
        #expect(try WebSocketClient(gateway, Self.given + query).head.status == 400)
    }

    @Test func `a stream that fails at once tells why within a few tries`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let lines = try BodyLines(gateway, Self.given)
        #expect(try lines.json()["type"] as? String == "subscribed")
        let last = try lines.json()
        #expect(last["type"] as? String == "error" && last["code"] as? Int == 502, "\(last)")
        #expect((last["message"] as? String)?.contains("this stream needs data") == true, "\(last)")
        #expect(try lines.next() == nil)
        let socket = try WebSocketClient(gateway, Self.given)
        #expect((try socket.message("error")["message"] as? String)?.contains("needs data") == true)
    }
}
