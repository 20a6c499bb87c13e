import Foundation
import PluginKit
import Testing

@testable import PrometheusPlugin

/// What becomes of Prometheus' answers.
@Suite(.timeLimit(.minutes(1)))
struct PromAnswerTests {
    private static let two = #"""
        {"metric":{"__name__":"up","job":"a"},"values":[[10,"1"],[20,"NaN"]]},
        {"metric":{"__name__":"up","job":"b","le":"+Inf"},"values":[[20,"0.5"]]}
        """#

    @Test func `a frame per series`() async throws {
        let server = try await FakePrometheus(["query_range": FakePrometheus.series(Self.two)])
        let frames = try await server.frames(#"{"expr":"up","legendFormat":"{{job}}!"}"#)
        #expect(frames.map(\.names) == [["Time", "Value"], ["Time", "Value"]])
        #expect(frames[0].at("schema.name") as? String == "a!")
        #expect(frames[0].at("schema.meta.type") as? String == "timeseries-multi")
        #expect(frames[0].at("schema.meta.custom.resultType") as? String == "matrix")
        #expect(frames[0].column(0) == "10000 20000" && frames[0].column(1) == "1 -")
    }

    @Test func `a table has a column per label and a row per point`() async throws {
        let server = try await FakePrometheus(["query_range": FakePrometheus.series(Self.two)])
        let frames = try await server.frames(#"{"expr":"up","format":"table"}"#)
        #expect(frames.map(\.names) == [["Time", "__name__", "job", "le", "Value"]])
        #expect(frames[0].at("schema.meta.type") as? String == "table")
        #expect(frames[0].column(0) == "10000 20000 20000" && frames[0].column(2) == "a a b")
        // The bound of a bucket is a number; that of the last one infinite.
        #expect(frames[0].at("schema.fields.3.type") as? String == "number")
        #expect(frames[0].at("data.entities.3.Inf.0") as? Int == 2)
        let empty = try await FakePrometheus(["query_range": FakePrometheus.series("")])
        #expect(try await empty.frames(#"{"expr":"up","format":"table"}"#).map(\.names) == [["Time", "Value"]])
    }

    @Test func `a heatmap has a column per bucket, without what lies below it`() async throws {
        let buckets = [("+Inf", "40", "35"), ("10", "10", "10"), ("20", "30", "9")].map { le, first, second in
            #"{"metric":{"job":"a","le":"\#(le)"},"values":[[10,"\#(first)"],[20,"\#(second)"]]}"#
        }
        let other = #"{"metric":{"job":"b","le":"1"},"values":[[20,"5"]]}"#
        let server = try await FakePrometheus([
            "query_range": FakePrometheus.series((buckets + [other]).joined(separator: ","))
        ])
        let frames = try await server.frames(#"{"expr":"up","format":"heatmap"}"#)
        #expect(frames.map(\.names) == [["Time", "10", "20", "+Inf"], ["Time", "1"]])
        #expect(frames[0].at("schema.meta.type") as? String == "heatmap-rows")
        #expect(frames[0].column(1) == "10 10" && frames[0].column(2) == "20 0" && frames[0].column(3) == "10 26")
        // What has no buckets is shown as it is.
        let plain = try await FakePrometheus(["query_range": FakePrometheus.series(Self.two)])
        #expect(try await plain.frames(#"{"expr":"up","format":"heatmap"}"#).count == 2)
    }

    @Test func `exemplars are a frame of their own, and nothing depends on them`() async throws {
        let exemplars = #"""
            {"status":"success","data":[{"seriesLabels":{"job":"a"},"exemplars":[
              {"labels":{"traceID":"t2"},"value":"2","timestamp":20.5},{"labels":{"traceID":"t1"},"value":"1","timestamp":10}]}]}
            """#
        let server = try await FakePrometheus([
            "query_range": FakePrometheus.series(Self.two), "query_exemplars": (200, exemplars),
        ])
        let frames = try await server.frames(#"{"expr":"up","exemplar":true}"#, from: 5, to: 300_005)
        #expect(frames.count == 3)
        #expect(frames[2].names == ["Time", "Value", "job", "traceID"])
        #expect(frames[2].at("schema.name") as? String == "exemplar")
        #expect(frames[2].at("schema.meta.custom.resultType") as? String == "exemplar")
        #expect(frames[2].column(0) == "10000 20500" && frames[2].column(3) == "t1 t2")
        #expect(server.requests.last?.all["start"] == "0.005")
        let without = try await FakePrometheus(["query_range": FakePrometheus.series(Self.two)])
        #expect(try await without.frames(#"{"expr":"up","exemplar":true}"#).count == 2)
    }

    @Test func `method and parameters are the data source's`() async throws {
        let server = try await FakePrometheus(["query_range": FakePrometheus.series("")])
        let parameters = #""customQueryParameters":"dedup=true&x=a+b%26c""#
        for method in ["POST", "GET"] {
            _ = try await server.frames(#"{"expr":"a&b"}"#, source: #"{"httpMethod":"\#(method)",\#(parameters)}"#)
        }
        let (post, get) = (server.requests[0], server.requests[1])
        #expect(post.method == "POST" && post.form["query"] == "a&b" && post.query == ["dedup": "true", "x": "a b&c"])
        #expect(get.method == "GET" && get.form.isEmpty && get.query["query"] == "a&b" && get.query["x"] == "a b&c")
    }

    private func failure(_ client: PrometheusClient) async -> PluginError? {
        do {
            let _: PromData = try await client.api("query", [("query", "x")])
            return nil
        } catch { return error as? PluginError }
    }

    @Test func `a refused connection is reported at once, in words`() async throws {
        let began = ContinuousClock.now
        let error = await failure(try FakePrometheus.client(url: "http://me:secret@127.0.0.1:1"))
        #expect(ContinuousClock.now - began < .seconds(5))
        #expect(
            error
                == PluginError(
                    "Prometheus at http://127.0.0.1:1 can't be reached: Connection refused", status: 502,
                    source: .downstream))
        let lost = await failure(try FakePrometheus.client(url: "http://no-such-host.invalid"))
        #expect(
            lost?.message
                == "Prometheus at http://no-such-host.invalid can't be reached: its host name does not resolve"
                || lost?.message.hasSuffix("its host name can't be looked up") == true, "\(lost?.message ?? "")")
    }

    @Test func `what a server answers instead is said without the library's words`() async throws {
        let page = try await FakePrometheus(["query": (200, "<html>sign in</html>")])
        let first = await failure(try page.client())
        #expect(first?.message.contains("something else than Prometheus' JSON") == true)
        let missing = try await FakePrometheus(["query": (404, "404 page not found\n")])
        let second = await failure(try missing.client())
        #expect(
            second?.message
                == "Prometheus at http://127.0.0.1:\(missing.port) answered with status 404: 404 page not found")
        let bad = try await FakePrometheus([
            "query": (400, #"{"status":"error","errorType":"bad_data","error":"parse error: oh"}"#)
        ])
        let third = await failure(try bad.client())
        #expect(third == PluginError("bad_data: parse error: oh", status: 400, source: .downstream))
        let tls = await failure(try FakePrometheus.client(url: "https://127.0.0.1:\(bad.port)"))
        #expect(
            tls?.message.hasSuffix(
                "the other side does not speak TLS on this port; check whether its URL should begin with http://")
                == true,
            "\(tls?.message ?? "")")
        for error in [first, second, third, tls] {
            #expect(error?.source == .downstream)
            for word in ["Error", "NIO", ".cc", "build", "keyNotFound"] {
                #expect(error?.message.contains(word) == false, "\(error?.message ?? "")")
            }
        }
    }

    @Test func `a data source without a usable url is its owner's to mend`() {
        for url in ["", "prometheus:9090", "ftp://x"] {
            let error = #expect(throws: PluginError.self) { try FakePrometheus.client(url: url) }
            #expect(error?.source == .downstream && error?.status == 400)
        }
    }
}
