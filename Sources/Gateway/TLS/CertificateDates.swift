import Access
import DataPlaneAPI
import FoundationEssentials
import X509

/// What is said about certificates by their dates.
enum CertificateDates {
    /// With less time than this a certificate ends soon.
    private static let soon: TimeInterval = 30 * 86_400

    /// A warning for each certificate of a PEM text that isn't valid now or not for long; what can't be read has none.
    ///
    /// - Parameter place: where they are, for the message.
    static func warnings(_ pem: String, place: String, now: Date = Date()) -> [String] {
        let found = (try? CertificateBundle(pem, path: ""))?.certificates ?? []
        return found.enumerated().compactMap { index, certificate in
            let which = found.count == 1 ? "the certificate" : "certificate \(index + 1) of \(found.count)"
            let (start, end) = (certificate.notValidBefore, certificate.notValidAfter)
            if end < now { return "\(place): \(which) has expired: it was valid until \(text(end)); replace it" }
            if start > now { return "\(place): \(which) is not valid yet: it is from \(text(start)) on" }
            guard end.timeIntervalSince(now) < soon else { return nil }
            let days = Int(end.timeIntervalSince(now) / 86_400)
            return
                "\(place): \(which) ends in \(days == 1 ? "1 day" : "\(days) days"), at \(text(end)); replace it before"
        }
    }

    private static func text(_ date: Date) -> String { date.ISO8601Format() }
}
