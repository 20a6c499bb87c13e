import DataPlaneAPI
import Foundation
import PluginBridge
import Testing

@testable import Bytes
@testable import Gateway

/// The document for Prometheus' service discovery.
struct ScrapeTargetsTests {
    @Test(arguments: [
        ("localhost:9903", "localhost:9903"), ("127.0.0.1:1", "127.0.0.1:1"), ("gateway", "gateway:80"),
        ("gw_1.example.com:65535", "gw_1.example.com:65535"), ("[::1]:9903", "[::1]:9903"),
        ("[fd00::7]", "[fd00::7]:80"),
        ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80"),
    ])
    func `a host is an address to scrape`(host: String, address: String) {
        #expect(ScrapeTargets.address(host, defaultPort: 80) == address)
    }

    @Test(arguments: [
        "", ":9903", "a b", "a:0", "a:65536", "a:", "a:-1", "a:1:2", "a/b", "a@b", "http://a", "a,b", "ä:1", "[::1",
        "[]:1",
        "[::1]x", "[::1]:", "[evil]:1", "::1", "a:99999999999999999999", String(repeating: "a", count: 300),
    ])
    func `anything else isn't`(host: String) {
        #expect(ScrapeTargets.address(host, defaultPort: 80) == nil)
    }

    @Test func `the gateway and all plugins that should have a process are listed by their ids`() throws {
        let root = NSTemporaryDirectory() + "targets-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (id, more) in [
            ("zeta", #""backend":true,"executable":"gpx""#), ("a b?%41", #""backend":true,"executable":"gpx""#),
            ("panel", #""backend":false"#), ("mute", #""backend":true,"executable":"gpx""#),
        ] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(id)", withIntermediateDirectories: true)
            try Data(
                #"{"id":"\#(id)","type":"datasource","info":{"version":"1.2"},"aliasIDs":["old"],\#(more)}"#.utf8
            ).write(to: URL(fileURLWithPath: "\(root)/\(id)/plugin.json"))
        }
        let plugins = PluginScan([root]).plugins.values.sorted { $0.id < $1.id }
        #expect(plugins.count == 4)
        let document = ScrapeTargets(address: "gw:9903", isTLS: false)
            .document(
                plugins, silent: ["mute", "mute-and-gone"], claimed: ["zeta", "panel", "gone", "mute-and-gone", ""])
        #expect(
            String(decoding: document.bytes(), as: UTF8.self)
                == #"[{"targets":["gw:9903"],"labels":{"__metrics_path__":"/metrics"}},"#
                // Prometheus escapes the path itself, so it is the plain id here.
                + #"{"targets":["gw:9903"],"labels":{"plugin":"a b?%41","__meta_dataplane_plugin_type":"datasource","#
                + #""__meta_dataplane_plugin_version":"1.2","__metrics_path__":"/metrics/plugins/a b?%41"}},"#
                + #"{"targets":["gw:9903"],"labels":{"plugin":"zeta","__meta_dataplane_plugin_type":"datasource","#
                + #""__meta_dataplane_plugin_version":"1.2","__metrics_path__":"/metrics/plugins/zeta"}},"#
                + #"{"targets":["gw:9903"],"labels":{"plugin":"gone","__metrics_path__":"/metrics/plugins/gone"}}]"#)
        let secure = ScrapeTargets(address: "gw:443", isTLS: true).document([], claimed: [])
        #expect(secure[0]?["labels"]?["__scheme__"]?.asString == "https")
    }

    @Test(arguments: [
        ("/metrics/plugins/a", "a"), ("/metrics/plugins/a%20b", "a b"), ("/metrics/plugins/a%2Fb", "a/b"),
        ("/metrics/plugins/a/b", "a/b"), ("/metrics/plugins/", nil), ("/metrics/plugins", nil), ("/metrics", nil),
        ("/plugins/a/stderr", nil),
    ])
    func `the rest of the path is the plugin's id`(path: String, id: String?) {
        #expect(PluginScrape.pluginID(CanonicalPath(path)) == id)
    }
}
