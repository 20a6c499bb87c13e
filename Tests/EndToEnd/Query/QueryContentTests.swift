import Foundation
import Testing

/// What a plugin gets to see of a query, and how calls end early.
@Suite(.timeLimit(.minutes(5)))
struct QueryContentTests {
    /// What the plugin says it got for a query.
    private func echo(
        _ query: String, top: String = "", headers: [(String, String)] = [], refID: String = "A"
    ) throws -> [String: Any] {
        let body = "{\(top)\"queries\":[\(query)]}"
        let answer = try Shared.queries.get().request("POST", QueryRouteTests.path, headers, body: body)
        let values = answer.json.at("results.\(refID).frames.0.data.values.0.0") as? String
        let text = try #require(values, "\(answer.status) \(answer.text.prefix(600))")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `a bare query gets the defaults`() throws {
        let got = try echo("{}")
        #expect(got["maxDataPoints"] as? Int == 100)
        #expect(got["intervalMs"] as? Int == 1000)
        #expect(got["refId"] as? String == "A")
        let (from, to) = (try #require(got["from"] as? Int), try #require(got["to"] as? Int))
        #expect(to - from == 6 * 3_600_000)
        #expect(abs(Date().timeIntervalSince1970 * 1000 - Double(to)) < 60_000)
    }

    @Test func `Q-30 fields of a query arrive as sent and its range leaves the JSON`() throws {
        let got = try echo(
            #"{"refId":"A","timeRange":{"from":"12345678","to":"87654321"},"datasource":{"type":"testds","uid":"123"},"queryType":"interesting","maxDataPoints":42,"intervalMs":15,"key1":"value1","key2":"value2"}"#
        )
        #expect(got["from"] as? Int == 12_345_678)
        #expect(got["to"] as? Int == 87_654_321)
        #expect(got["queryType"] as? String == "interesting")
        #expect(got["maxDataPoints"] as? Int == 42)
        #expect(got["intervalMs"] as? Int == 15)
        let json = try #require(got["json"] as? String)
        #expect(!json.contains("timeRange"))
        #expect(json.contains(#""key1":"value1""#) && json.contains(#""key2":"value2""#))
    }

    @Test func `the request's range holds for queries without one`() throws {
        let got = try echo("{}", top: #""from":"1763114100000","to":"1763114110000","#)
        #expect(got["from"] as? Int == 1_763_114_100_000)
        #expect(got["to"] as? Int == 1_763_114_110_000)
    }

    @Test(arguments: [("0.5", 0), ("-1", 1000), ("0", 1000), ("500", 500)])
    func `an interval of nothing or less becomes a second`(text: String, expected: Int) throws {
        #expect(try echo("{\"intervalMs\":\(text)}")["intervalMs"] as? Int == expected)
    }

    @Test func `the plugin context is that of the data source`() throws {
        let got = try echo("{}")
        #expect(got["orgId"] as? Int == 1)
        #expect(got["pluginId"] as? String == "testds")
        #expect(got["pluginVersion"] as? String == "1.2.3")
        #expect(got["namespace"] as? String == "default")
        #expect(got["apiVersion"] as? String == "v1")
        #expect((got["userAgent"] as? String)?.hasPrefix("Grafana/") == true)
        #expect(got.at("source.uid") as? String == "123")
        #expect(got.at("source.url") as? String == "http://127.0.0.1:1")
        #expect(got.at("source.id") as? Int != 0)
        #expect((got.at("source.json") as? String)?.contains("blue") == true)
        #expect(got.at("source.secure.token") as? String == "s3cret")
    }

    @Test func `Q-31 only listed headers reach the plugin`() throws {
        let got = try echo(
            "{}",
            headers: [
                ("X-Rule-Uid", "rule"), ("x-cache-skip", "true"), ("FromAlert", "true"),
                ("Authorization", "Basic YTpi"),
                ("Cookie", "session=1"), ("X-Remote-User", "root"), ("X-Other", "1"), ("X_Rule_Folder", "f"),
            ])
        let headers = try #require(got["headers"] as? [String: String])
        #expect(headers == ["http_X-Rule-Uid": "rule", "http_X-Cache-Skip": "true", "FromAlert": "true"])
    }

    @Test func `queries carry credentials as far as the data source lets them, and say where they come from`() throws {
        let answer = try Shared.queries.get().request(
            "POST", QueryRouteTests.path.replacingOccurrences(of: "/123/", with: "/open/"),
            [
                ("Authorization", "Basic YTpi"), ("Cookie", "sid=1; other=2; grafana_session=3"), ("X-Panel-Id", "7"),
                ("X-Dashboard-Uid", "d"), ("X-Query-Group-Id", "g"),
            ], body: #"{"queries":[{"refId":"A"}]}"#)
        let text = try #require(answer.json.at("results.A.frames.0.data.values.0.0") as? String, "\(answer.text)")
        let got = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            got["headers"] as? [String: String] == [
                "Authorization": "Basic YTpi", "Cookie": "sid=1", "http_X-Panel-Id": "7", "http_X-Dashboard-Uid": "d",
                "http_X-Query-Group-Id": "g",
            ])
    }

    @Test func `a packed body is unpacked, and another coding is named`() throws {
        // {"queries":[{"refId":"G","datasource":{"uid":"123"}}]}
        let packed = try #require(
            Data(
                base64Encoded:
                    "H4sIAAAAAAACA6tWKixNLcpMLVayiq5WKkpN80xRslJyV9JRSkksSSzOLy1KTlWyqlYqzQSJGxoZK9XWxtYC"
                    + "ALgQKsk2AAAA"))
        let client = try Shared.queries.get().connect()
        func ask(_ coding: String) throws -> Answer {
            let head =
                "POST \(QueryRouteTests.path) HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: \(coding)\r\n"
            try client.send(Array((head + "Content-Length: \(packed.count)\r\n\r\n").utf8) + Array(packed))
            return try client.readAnswer()
        }
        let answer = try ask("gzip")
        #expect(answer.status == 200 && answer.json.at("results.G.status") as? Int == 200, "\(answer.text)")
        let other = try ask("br")
        #expect(other.status == 415 && other.isStatus && other["Accept-Encoding"] == "gzip")
        #expect(other.message.contains("\"br\""), "\(other.message)")
    }

    @Test func `an answer of many rows streams`() throws {
        let body = QueryCase.queries(#"{"refId":"A","do":"rows","rows":200000}"#)
        let answer = try Shared.queries.get().request("POST", QueryRouteTests.path, body: body)
        #expect(answer.status == 200)
        #expect((answer.json.at("results.A.frames.0.data.values.0") as? [Any])?.count == 200_000)
        #expect(answer.json.at("results.A.frames.0.data.values.1.199999") as? Double == 199_999.5)
    }

    @Test func `clients that read slowly don't keep large answers from others`() throws {
        let gateway = try Shared.queries.get()
        let body = QueryCase.queries(#"{"refId":"A","do":"rows","rows":300000}"#)
        let length = "Content-Length: \(body.utf8.count)"
        let head = "POST \(QueryRouteTests.path) HTTP/1.1\r\nHost: localhost\r\n\(length)\r\n\r\n"
        let slow = try (0..<24).map { _ in try RawClient(port: gateway.port, seconds: 20, receiveBuffer: 4096) }
        for client in slow { try client.send(head + body) }
        for client in slow { #expect(try client.readHead().status == 200) }
        let quick = try gateway.request(
            "POST", QueryRouteTests.path, body: QueryCase.queries(#"{"refId":"A","do":"rows","rows":20000}"#))
        #expect(quick.status == 200)
        #expect((quick.json.at("results.A.frames.0.data.values.0") as? [Any])?.count == 20_000)
        // The slow ones get all of it, too.
        for client in [slow[0], slow[23]] {
            var text: [UInt8] = []
            while true {
                let size = try #require(Int(try client.readLine(), radix: 16))
                if size == 0 { break }
                text += try client.read(size)
                _ = try client.readLine()
            }
            let json = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
            #expect((json?.at("results.A.frames.0.data.values.1") as? [Any])?.count == 300_000)
        }
    }

    @Test func `a body in chunks is one body`() throws {
        let client = try Shared.queries.get().connect()
        try client.send(
            "POST \(QueryRouteTests.path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in QueryRouteTests.one.utf8 { try client.send([0x31, 0x0D, 0x0A, byte, 0x0D, 0x0A]) }
        try client.send("0\r\n\r\n")
        #expect(try client.readAnswer().status == 200)
        #expect(try client.request("POST", QueryRouteTests.path, body: QueryRouteTests.one).status == 200)
    }

    @Test func `a client that goes away cancels the call`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("testds", in: $0) }, services: [.init()], sources: [.init(uid: "123")],
            flags: ["--client-half-close-timeout", "1"])
        try gateway.waitForPlugin("testds")
        for cut in [true, false] {
            let tag = "tag-\(UUID().uuidString)"
            let client = try gateway.connect()
            let body = QueryCase.queries(#"{"do":"sleep","ms":60000,"tag":"\#(tag)"}"#)
            try client.send(
                "POST \(QueryRouteTests.path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            #expect(gateway.process.stderr.wait(containing: "sleeping \(tag)") != nil)
            if cut { client.reset() } else { client.shutdownWriting() }
            #expect(gateway.process.stderr.wait(seconds: 5, containing: "cancelled \(tag)") != nil, "\(gateway.log)")
        }
    }

    @Test func `DQ-03 a call that takes too long is a 504 and a body that is too long a 413`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("testds", in: $0) }, services: [.init()], sources: [.init(uid: "123")],
            flags: ["--plugin-call-timeout", "1", "--plugin-request-limit", "20000"])
        try gateway.waitForPlugin("testds")
        let slow = try gateway.request(
            "POST", QueryRouteTests.path, body: QueryCase.queries(#"{"do":"sleep","ms":60000,"tag":"slow"}"#))
        #expect(slow.status == 504)
        #expect(slow.isStatus && slow.message.contains("plugin-call-timeout"), "\(slow.text)")
        #expect(gateway.process.stderr.wait(seconds: 5, containing: "cancelled slow") != nil)
        let long = QueryCase.queries("{\"x\":\"\(String(repeating: "y", count: 30_000))\"}")
        let refused = try gateway.request("POST", QueryRouteTests.path, body: long)
        #expect(refused.status == 413)
        #expect(refused.isStatus && refused.message.contains("plugin-request-limit"), "\(refused.text)")
        // Without a stated length, the limit is found while reading.
        let client = try gateway.connect()
        try client.send(
            "POST \(QueryRouteTests.path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send("7530\r\n\(String(repeating: " ", count: 30_000))\r\n0\r\n\r\n")
        #expect(try client.readAnswer().status == 413)
        #expect(try gateway.request("POST", QueryRouteTests.path, body: QueryRouteTests.one).status == 200)
    }
}
