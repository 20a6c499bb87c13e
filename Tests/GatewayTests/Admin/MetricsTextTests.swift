import Testing

@testable import Gateway

/// The Prometheus text format.
struct MetricsTextTests {
    @Test func `a family has help and type, and label values are escaped`() {
        var out = MetricsText()
        out.family("a_total", .counter, "Things.")
        out.sample(1)
        out.sample(2.5, ["plugin": "x\"\\\n", "phase": "Ready"])
        out.single("b", .gauge, "More.", -3)
        #expect(
            out.text == """
                # HELP a_total Things.
                # TYPE a_total counter
                a_total 1
                a_total{plugin="x\\"\\\\\\n",phase="Ready"} 2.5
                # HELP b More.
                # TYPE b gauge
                b -3

                """)
    }
}
