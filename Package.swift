// swift-tools-version: 6.2
import Foundation
import PackageDescription

// For tests of an optimised build (scripts/build-tests.sh): they see what is internal, and are not optimised themselves.
let isTestable = ProcessInfo.processInfo.environment["TESTABLE"] != nil
func tested(_ flag: String) -> [SwiftSetting] {
    isTestable ? [.unsafeFlags([flag], .when(configuration: .release))] : []
}

// Every target of ours is built in Swift 6 mode with warnings as errors, so that checking and testing share one build.
let swift: [SwiftSetting] =
    [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + tested("-enable-testing")
let testing = swift + tested("-Onone")
let c: [CSetting] = [.treatAllWarnings(as: .error)]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]
let embedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let tls: [Target.Dependency] = [
    .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "NIOTLS", package: "swift-nio"),
]
let certificates: [Target.Dependency] = [
    .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
    .product(name: "Crypto", package: "swift-crypto"),
]
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpServer: [Target.Dependency] = [.product(name: "NIOHTTP1", package: "swift-nio")]

func target(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: testing)
}

/// Programs that only developers run; they would cost every build otherwise.
func extra(_ variable: String, _ targets: [Target]) -> [Target] {
    ProcessInfo.processInfo.environment[variable] == nil ? [] : targets
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: swift)
}

// These are built with the tests, so that they keep compiling; `make fuzz` only runs them.
let fuzzers = [
    program("FuzzArrowReader", ["DataFrames", "DataPlaneAPI", "Bytes"], path: "Fuzz/ArrowReader"),
    program("FuzzHandshake", ["PluginProtocol"], path: "Fuzz/Handshake"),
    program("FuzzJSONPatch", ["DataPlaneAPI", "Bytes"], path: "Fuzz/JSONPatch"),
    program("FuzzReviews", ["DataPlaneAPI", "Bytes"], path: "Fuzz/Reviews"),
    program("FuzzHTTPCodec", ["HTTPKit", "DataPlaneAPI"] + nio, path: "Fuzz/HTTPCodec"),
    program("FuzzWebSocket", ["HTTPKit", "DataPlaneAPI"] + nio, path: "Fuzz/WebSocket"),
]
let benchmarks = extra(
    "BENCHMARKS",
    [
        program("FramesBenchmark", ["DataFrames", "DataPlaneAPI", "Bytes"], path: "Benchmarks/Frames"),
        program("RequestsBenchmark", ["DataPlaneAPI"], path: "Benchmarks/Requests"),
        program("EchoPlugin", ["PluginKit", "DataFrames"], path: "Benchmarks/EchoPlugin"),
    ])

let package = Package(
    name: "dataplane-gateway",
    products: [
        .executable(name: "dataplane-gateway", targets: ["GatewayCLI"]),
        .executable(name: "gpx_prometheus", targets: ["PrometheusPlugin"]),
        .executable(name: "gpx_showcase", targets: ["ShowcasePlugin"]),
        .library(name: "PluginKit", targets: ["PluginKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // The layers, top to bottom: an arrow never points up.
        .executableTarget(
            name: "GatewayCLI", dependencies: ["Gateway", "DataPlaneAPI", arguments], swiftSettings: swift),
        target(
            "Gateway",
            [
                "DataPlane", "APIServer", "Storage", "PluginBridge", "PluginProtocol", "Access", "Origins", "HTTPKit",
                "SystemKit",
                "DataPlaneAPI", "Bytes", lifecycle, signals, yams, logging,
            ] + certificates + nio),
        target(
            "DataPlane",
            [
                "APIServer", "Storage", "PluginBridge", "PluginProtocol", "Access", "Origins", "HTTPKit",
                "SystemKit",
                "DataPlaneAPI", "Bytes",
                yams, logging, .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ] + nio),
        target(
            "APIServer",
            [
                "Storage", "Access", "HTTPKit", "SystemKit", "DataPlaneAPI", "Bytes", yams, logging,
                .product(name: "Crypto", package: "swift-crypto"),
            ] + nio),
        target("Storage", ["SystemKit", "DataPlaneAPI", "Bytes", grdb]),
        target(
            "PluginBridge",
            ["PluginProtocol", "RPC", "DataFrames", "HTTPKit", "SystemKit", "DataPlaneAPI", "Bytes", logging] + nio),
        target("Access", ["HTTPKit", "DataPlaneAPI", "Bytes", logging] + certificates + nio),
        target(
            "Origins",
            [
                "HTTPKit", "DataPlaneAPI", "Bytes", .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ] + nio),
        target(
            "HTTPKit",
            ["CInflate", "DataPlaneAPI", "Bytes", logging, .product(name: "Crypto", package: "swift-crypto")] + nio
                + tls),
        target(
            "PluginKit",
            ["PluginProtocol", "RPC", "DataFrames", "Origins", "HTTPKit", "DataPlaneAPI", "Bytes"] + nio),
        target("SystemKit", ["CSystemShim", "DataPlaneAPI"]),
        target("PluginProtocol", ["RPC", "CGRPC", "CSystemShim", "Bytes"]),
        target("RPC", ["CGRPC", "Bytes"]),
        target("DataFrames", ["DataPlaneAPI", "Bytes"]),
        target("DataPlaneAPI", ["Bytes"]),
        target("Bytes", []),
        .target(
            name: "CGRPC",
            exclude: ["proto"],
            cSettings: c,
            linkerSettings: [.linkedLibrary("grpc"), .linkedLibrary("gpr"), .linkedLibrary("protobuf-c")]),
        .target(name: "CSystemShim", cSettings: c),
        .target(name: "CInflate", cSettings: c, linkerSettings: [.linkedLibrary("z")]),

        // Examples.
        .executableTarget(
            name: "PrometheusPlugin", dependencies: ["PluginKit", "DataFrames"],
            path: "examples/plugins/prometheus/Sources", swiftSettings: swift),

        .executableTarget(
            name: "ShowcasePlugin", dependencies: ["PluginKit", "DataFrames"],
            path: "examples/plugins/showcase/Sources", swiftSettings: swift),

        // Tests mirror Sources; EndToEnd drives the built binary.
        .executableTarget(
            name: "TestPlugin", dependencies: ["PluginKit", "RPC", "DataFrames"], path: "Tests/Plugins/TestPlugin",
            swiftSettings: swift),
        .testTarget(
            name: "EndToEnd", dependencies: [], exclude: ["Support/upstream.py", "Support/grafana.py"],
            swiftSettings: testing),
        tests(
            "PrometheusPluginTests",
            ["PrometheusPlugin", "PluginKit", "PluginProtocol", "DataFrames"] + nio + httpServer),
        tests("DataPlaneAPITests", ["DataPlaneAPI", "Bytes"]),
        tests("BytesTests", ["Bytes"]),
        tests("DataFramesTests", ["DataFrames", "DataPlaneAPI", "Bytes"]),
        tests("RPCTests", ["RPC", "Bytes"]),
        tests("PluginProtocolTests", ["RPC", "PluginProtocol", "PluginKit", "DataFrames", "DataPlaneAPI", "Bytes"]),
        tests(
            "PluginBridgeTests",
            [
                "PluginBridge", "PluginProtocol", "RPC", "PluginKit", "HTTPKit", "DataFrames", "DataPlaneAPI", "Bytes",
                embedded,
            ]
                + nio),
        target("HTTPTesting", ["HTTPKit", "DataPlaneAPI"] + nio, path: "Tests/HTTPTesting"),
        tests(
            "AccessTests", ["Access", "HTTPKit", "HTTPTesting", "DataPlaneAPI", "Bytes", embedded] + certificates + nio),
        tests("PluginKitTests", ["PluginKit", "PluginProtocol", "HTTPKit", "HTTPTesting", "DataPlaneAPI"] + nio),
        tests("HTTPKitTests", ["HTTPKit", "HTTPTesting", "DataPlaneAPI", embedded] + nio),
        tests("OriginsTests", ["Origins", "HTTPKit", "HTTPTesting", "DataPlaneAPI", embedded] + nio),
        tests(
            "DataPlaneTests",
            [
                "DataPlane", "APIServer", "Storage", "PluginBridge", "PluginProtocol", "Access", "Origins", "HTTPKit",
                "SystemKit",
                "DataPlaneAPI", "Bytes", "RPC",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ] + nio),
        tests(
            "GatewayTests",
            ["Gateway", "PluginBridge", "Access", "Origins", "HTTPKit", "SystemKit", "DataPlaneAPI", "Bytes"]
                + certificates),
        tests(
            "APIServerTests",
            [
                "DataPlane", "APIServer", "Access", "Storage", "HTTPKit", "HTTPTesting", "DataPlaneAPI",
                "Bytes", logging, embedded,
            ] + nio),
        tests("StorageTests", ["Storage", "DataPlaneAPI", "Bytes", grdb]),
        tests("SystemKitTests", ["SystemKit"]),
    ],
    swiftLanguageModes: [.v6]
)

package.targets += fuzzers + benchmarks
