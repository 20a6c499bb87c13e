import DataPlaneAPI
import NIOCore
import Testing

@testable import HTTPKit
@testable import Origins

struct AddressPolicyTests {
    private func fault(_ text: String, allowsPrivate: Bool) throws -> String? {
        AddressPolicy(allowsPrivate: allowsPrivate).fault(try SocketAddress(ipAddress: text, port: 80))
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "100.100.100.200", "192.0.0.192", "168.63.129.16", "::", "fe80::1", "febf::1", "ff02::1",
        "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "::169.254.169.254", "::ffff:0:169.254.169.254",
    ])
    func someAddressesAreNeverDialled(_ text: String) throws {
        #expect(try fault(text, allowsPrivate: true) != nil)
        #expect(try fault(text, allowsPrivate: false) != nil)
    }

    @Test(arguments: [
        "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
        "198.18.0.1", "::1", "fc00::1", "fd12:3456::1", "fec0::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    ])
    func privateAddressesAreASetting(_ text: String) throws {
        #expect(try fault(text, allowsPrivate: true) == nil)
        #expect(try fault(text, allowsPrivate: false) != nil)
    }

    @Test(arguments: [
        "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "169.253.0.1", "169.255.0.1", "11.0.0.1",
        "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1",
    ])
    func addressesOfTheInternetAreDialled(_ text: String) throws {
        #expect(try fault(text, allowsPrivate: false) == nil)
    }

    @Test func whatIsNoIPAddressIsNotDialled() throws {
        #expect(AddressPolicy(allowsPrivate: true).fault(try SocketAddress(unixDomainSocketPath: "/a")) != nil)
        #expect(AddressPolicy.kind([1, 2, 3]) != .open)
    }
}

/// The addresses of a name that are dialled.
struct AllowedAddressTests {
    private func addresses(_ texts: String...) throws -> [SocketAddress] {
        try texts.map { try SocketAddress(ipAddress: $0, port: 80) }
    }

    @Test func onlyAllowedAddressesOfANameAreDialled() throws {
        let found = try addresses("169.254.169.254", "127.0.0.1", "fe80::1", "8.8.8.8")
        let all = try AddressPolicy(allowsPrivate: true).allowed(found, of: "name", subject: "the data source")
        #expect(all.map(\.ipAddress) == ["127.0.0.1", "8.8.8.8"])
        let open = try AddressPolicy(allowsPrivate: false).allowed(found, of: "name", subject: "the data source")
        #expect(open.map(\.ipAddress) == ["8.8.8.8"])
    }

    @Test func aNameWithoutAnAllowedAddressIsRefused() throws {
        let found = try addresses("10.0.0.1", "::1")
        let error = #expect(throws: GatewayError.self) {
            try AddressPolicy(allowsPrivate: false).allowed(found, of: "name", subject: "the data source")
        }
        #expect(error?.code == .forbidden)
        #expect(error?.message.contains("datasource-proxy-private") == true)
    }
}
