import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// What becomes of a ready plugin by its answers.
struct HealthRecordTests {
    private typealias Verdict = HealthRecord.Verdict

    private static func run(_ findings: [HealthFinding]) -> [Verdict] {
        var record = HealthRecord()
        return findings.map { record.note($0) }
    }

    private static let silence = Verdict.outOfService(why: HealthRecord.silent)
    private static let refusal = Verdict.outOfService(why: HealthRecord.notServing)

    @Test func `one miss is nothing, two take it out of service, six end it`() {
        #expect(
            Self.run(Array(repeating: .silent, count: 6)) == [.same, Self.silence, .same, .same, .same, .hopeless])
        #expect(Self.run([.silent, .serving, .silent, .serving]) == [.same, .same, .same, .same])
        #expect(Self.run([.silent, .silent, .serving, .silent]) == [.same, Self.silence, .back, .same])
    }

    @Test func `what it says of itself counts at once, and never ends it`() {
        #expect(Self.run([.notServing, .notServing, .serving]) == [Self.refusal, .same, .back])
        #expect(Self.run([.serving] + Array(repeating: .notServing, count: 20)).last == .same)
        // Silence is another matter again, counted from its own beginning.
        #expect(
            Self.run([.notServing, .silent, .silent, .notServing]) == [Self.refusal, .same, Self.silence, Self.refusal])
    }

    @Test func `it is asked again soon while anything is wrong`() {
        var record = HealthRecord()
        #expect(!record.isDoubtful)
        for (finding, isDoubtful) in [
            (HealthFinding.silent, true), (.serving, false), (.notServing, true), (.serving, false),
        ] {
            _ = record.note(finding)
            #expect(record.isDoubtful == isDoubtful)
        }
    }
}
