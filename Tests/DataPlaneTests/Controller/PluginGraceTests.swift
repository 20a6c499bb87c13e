import DataPlaneAPI
import PluginBridge
import Testing

@testable import DataPlane

/// When conditions follow a plugin, and when they are left standing.
struct PluginGraceTests {
    private static func condition(_ status: Condition.Status, _ reason: String = "x") -> Condition {
        Condition(type: Condition.pluginReady, status: status, reason: reason, message: "")
    }

    @Test(arguments: [PluginPhase.ready, .missing])
    func `ready and gone are told at once`(phase: PluginPhase) {
        for grace in [nil, PluginGrace.start, .restart] { #expect(PluginGrace.step(grace, phase) == .end) }
    }

    @Test func `a restart has one grace, however often it fails`() {
        #expect(PluginGrace.step(nil, .starting) == .begin(.restart))
        for phase in [PluginPhase.backingOff, .crashLooping, .degraded, .stopped] {
            #expect(PluginGrace.step(nil, phase) == .begin(.restart))
            #expect(PluginGrace.step(.restart, phase) == .leave)
            // A start that fails has the shorter one from then on.
            #expect(PluginGrace.step(.start, phase) == .begin(.restart))
        }
        #expect(PluginGrace.step(.restart, .starting) == .leave && PluginGrace.step(.start, .starting) == .leave)
    }

    @Test func `what stands is kept while the gateway starts, and what was fine while a plugin starts again`() {
        for status in Condition.Status.allCases {
            let standing = Self.condition(status)
            #expect(PluginGrace.keeps(standing, .start, .starting, isAsked: false))
            #expect(PluginGrace.keeps(standing, .restart, .backingOff, isAsked: false) == (status == .isTrue))
            #expect(!PluginGrace.keeps(standing, nil, .starting, isAsked: false))
            #expect(!PluginGrace.keeps(standing, nil, .ready, isAsked: true))
        }
    }

    @Test func `that a plugin lacks something is kept until it has been asked`() {
        let standing = Self.condition(.isFalse, ServiceConditions.notImplemented)
        #expect(PluginGrace.keeps(standing, nil, .ready, isAsked: true))
        #expect(!PluginGrace.keeps(standing, nil, .ready, isAsked: false))
    }
}
