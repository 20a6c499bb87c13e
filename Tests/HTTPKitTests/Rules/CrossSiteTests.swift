import HTTPTesting
import Testing

@testable import HTTPKit

/// Which requests a page of another site made.
struct CrossSiteTests {
    private func fault(_ fields: String, host: String = "grafana.example", mayBeProxied: Bool = true) throws -> String?
    {
        let exchange = try TestTransport().exchange("GET / HTTP/1.1\r\nHost: \(host)\r\n\(fields)")
        return CrossSite.fault(exchange, mayBeProxied: mayBeProxied)
    }

    @Test(arguments: [
        "", "Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: None\r\n", "Origin: http://grafana.example\r\n",
        "Origin: http://GRAFANA.example:80\r\n",
        // A proxy before us may have ended its TLS.
        "Origin: https://grafana.example\r\n", "Origin: https://grafana.example:443\r\n",
    ])
    func `programs and our own pages may ask`(fields: String) throws {
        #expect(try fault(fields) == nil)
    }

    @Test(arguments: [
        ("Sec-Fetch-Site: cross-site\r\n", "another site"), ("Sec-Fetch-Site: same-site\r\n", "another site"),
        ("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", "another site"),
        ("Origin: http://evil.example\r\n", "another origin"), ("Origin: null\r\n", "another origin"),
        ("Origin:\r\n", "another origin"), ("Origin: http://grafana.example:81\r\n", "another origin"),
        ("Origin: http://grafana.example/\r\n", "another origin"),
        ("Origin: http://u@grafana.example\r\n", "another origin"),
        ("Origin: http://grafana.example\r\nOrigin: http://grafana.example\r\n", "two Origin headers"),
    ])
    func `other pages may not`(fields: String, why: String) throws {
        #expect(try fault(fields)?.contains(why) == true)
    }

    @Test func `where no proxy can be the scheme counts too`() throws {
        #expect(try fault("Origin: https://127.0.0.1\r\n", host: "127.0.0.1", mayBeProxied: false) != nil)
        #expect(try fault("Origin: http://127.0.0.1:80\r\n", host: "127.0.0.1", mayBeProxied: false) == nil)
    }

    @Test func `the port of a scheme needs no word`() throws {
        #expect(try fault("Origin: https://grafana.example\r\n", host: "grafana.example:443") == nil)
        #expect(try fault("Origin: http://grafana.example\r\n", host: "grafana.example:443") != nil)
        #expect(try fault("Origin: http://[::1]:3000\r\n", host: "[::1]:3000") == nil)
    }
}
