import Foundation
import SwiftASN1
import SystemKit
import Testing
import X509

@testable import Gateway

/// The gateway's own authority is made once; what it signs is renewed when it has to be.
struct CertificateAuthorityTests {
    private static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "pki-" + UUID().uuidString.prefix(13)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private static func leaf(_ text: String) throws -> Certificate {
        let documents = try PEMDocument.parseMultiple(pemString: text)
        return try Certificate(pemDocument: documents[0])
    }

    @Test func `the same authority and certificate after a second start`() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try CertificateAuthority(data: folder)
        let made = try first.serving(hosts: ["localhost", "127.0.0.1"])
        let again = try CertificateAuthority(data: folder)
        let second = try again.serving(hosts: ["localhost", "127.0.0.1"])
        #expect(first.pem == again.pem)
        #expect(try Self.leaf(made.certificate) == Self.leaf(second.certificate))
        for file in ["ca.key", "server.key"] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/pki/\(file)")[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(file)")
        }
    }

    @Test func `another host gets another certificate of the same authority`() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority(data: folder)
        let old = try Self.leaf(try authority.serving(hosts: ["localhost"]).certificate)
        let new = try Self.leaf(
            try authority.serving(hosts: ["localhost", "10.1.2.3", "::1", "gate.example.com"]).certificate)
        #expect(old != new)
        let names = CertificateNames(new)
        for host in ["localhost", "10.1.2.3", "::1", "GATE.example.com"] { #expect(names.cover(host), "\(host)") }
        for host in ["10.1.2.4", "example.com", "x.gate.example.com"] { #expect(!names.cover(host), "\(host)") }
        var verifier = Verifier(rootCertificates: CertificateStore([try Certificate(pemEncoded: authority.pem)])) {
            RFC5280Policy()
        }
        let result = await verifier.validate(leaf: new, intermediates: CertificateStore())
        guard case .validCertificate = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test func `an authority that can't be read is said, not replaced`() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try CertificateAuthority(data: folder)
        try Data("rubbish".utf8).write(to: URL(fileURLWithPath: "\(folder)/pki/ca.crt"))
        #expect(throws: (any Error).self) { try CertificateAuthority(data: folder) }
        #expect(try String(contentsOfFile: "\(folder)/pki/ca.crt", encoding: .utf8) == "rubbish")
    }

    @Test func `the token is kept, rotates, and takes the kubeconfig along`() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let token = try AdminToken.load(data: folder)
        #expect(try AdminToken.load(data: folder) == token)
        #expect(token.utf8.count >= 43)
        let path = try Kubeconfig(server: "https://127.0.0.1:1", authority: "x", token: token).write(data: folder)
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains(token))
        #expect(try AdminToken.rotate(data: folder) == 3)
        let next = try AdminToken.load(data: folder)
        #expect(next != token)
        #expect(throws: (any Error).self) { try AdminToken.rotate(data: "\(folder)/pki-of-nobody") }
        for path in Kubeconfig.paths(data: folder) {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains(next) && !text.contains(token))
        }
    }
}
