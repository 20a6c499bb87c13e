import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Gateway

/// What is said about certificates by their dates.
struct CertificateDatesTests {
    private static func pem(from start: TimeInterval, to end: TimeInterval) throws -> String {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("test") }
        let now = Date()
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now + start, notValidAfter: now + end, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: Certificate.Extensions(),
            issuerPrivateKey: Certificate.PrivateKey(key)
        ).serializeAsPEM().pemString
    }

    private static let day: TimeInterval = 86_400

    @Test func `expired, early and soon ending ones are named, sound ones not`() throws {
        let sound = try Self.pem(from: -Self.day, to: 90 * Self.day)
        #expect(CertificateDates.warnings(sound, place: "x").isEmpty)
        let expired = CertificateDates.warnings(try Self.pem(from: -9 * Self.day, to: -Self.day), place: "https: a.pem")
        #expect(expired.count == 1 && expired[0].hasPrefix("https: a.pem: the certificate has expired"), "\(expired)")
        let early = CertificateDates.warnings(try Self.pem(from: Self.day, to: 90 * Self.day), place: "x")
        #expect(early.count == 1 && early[0].contains("not valid yet"), "\(early)")
        let soon = CertificateDates.warnings(try Self.pem(from: -Self.day, to: 5.5 * Self.day), place: "x")
        #expect(soon.count == 1 && soon[0].contains("ends in 5 days"), "\(soon)")
        let chain = sound + "\n" + (try Self.pem(from: -9 * Self.day, to: -Self.day))
        let second = CertificateDates.warnings(chain, place: "x")
        #expect(second.count == 1 && second[0].contains("certificate 2 of 2 has expired"), "\(second)")
        #expect(CertificateDates.warnings("no certificate", place: "x").isEmpty)
    }
}
