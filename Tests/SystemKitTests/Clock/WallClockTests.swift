import SystemKit
import Testing

struct WallClockTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        (1_709_211_296_007, "2024-02-29T12:54:56Z", "2024-02-29T12:54:56.007Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59Z", "2099-12-31T23:59:59.999Z"),
    ])
    func `times are written as RFC 3339 has them`(milliseconds: Int, whole: String, exact: String) {
        #expect(WallClock.text(milliseconds, hasMilliseconds: false) == whole)
        #expect(WallClock.text(milliseconds, hasMilliseconds: true) == exact)
    }
}
