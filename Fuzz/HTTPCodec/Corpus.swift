/// Where mutations start, and what they put in.
enum Corpus {
    static let requests: [[UInt8]] = [
        "GET /a/b?c=d HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        "POST /apis/g/v1/namespaces/default/datasources/u/query HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, X-A\r\nUpgrade: websocket\r\nX-Remote-User: x\r\n\r\n",
        "POST http://h:1/p HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
        "\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ].map { Array($0.utf8) }

    static let answers: [[UInt8]] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length : 5\n\nhello",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\r\n1;x\n!\n0\nA : b\n\r\n",
        "HTTP/1.0 200\r\nContent-Type: text/plain\r\n\r\nuntil the end",
        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    ].map { Array($0.utf8) }

    static let paths: [[UInt8]] = [
        "/apis/g/v1/namespaces/default/datasources/a%2Fb/query", "/api/v1", "/a/../apis/%2e%2e/x", "//apis/./x;y=z",
        "/openapi/v3/%252e", "/a\\..\\version", "/",
    ].map { Array($0.utf8) }

    static let queries: [[UInt8]] = [
        #"{"from":"now-5m","to":"now","queries":[{"refId":"A","datasource":{"type":"t","uid":"u"},"intervalMs":5000,"maxDataPoints":"100","x":[1,{"y":null}]}]}"#,
        #"{"queries":[{"refId":"A","timeRange":{"from":"2024-01-01","to":"now/d"}},{"refId":"B","datasource":"u","hide":true}]}"#,
        #"{"from":"1763114100000","to":1763114110000,"queries":[{"datasource":{"type":"t","uid":"u"},"datasourceId":7,"queryType":"\u00e9\ud83d\ude00"}]}"#,
    ].map { Array($0.utf8) }

    static let pieces: [[UInt8]] = [
        "\r\n", "\n", "\r", "\r\n\r\n", ":", " ", "\t", "\u{0}", "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content_Length: 3\r\n", "chunked", "0\r\n", "ffffffffffffffff", "7fffffffffffffff", "99999999999999999999",
        ";a=\"b\"",
        "Host: b\r\n", "HTTP/1.1", "%2e", "%2f", "%00", "%", "..", "//", "\\", ";", "/apis", "{", "[", "}", "\"", ",",
        "\\u",
        "\\ud800", "-1", "1e999", "now-", "/fy", "||", "null", "\u{FEFF}",
    ].map { Array($0.utf8) }
}
