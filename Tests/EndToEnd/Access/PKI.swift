import Foundation

/// Certificates for tests: those of the repository's script, and wrong ones of every kind, made with openssl.
final class PKI: Sendable {
    /// Where they are.
    let folder: TemporaryFolder

    /// One for all tests; making keys takes seconds.
    static let shared = Result { try PKI() }

    init() throws {
        folder = try TemporaryFolder()
        let script = try ChildProcess(
            "\(Programs.root)/hack/make-aggregator-pki.sh", ["\(folder.path)/pki"])
        guard script.waitForExit(seconds: 60), script.exitStatus == 0 else {
            throw Trouble("the script failed: \(script.stderr.tail())")
        }
        try Self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/CN=other-ca", "-keyout", "\(folder.path)/other.key", "-out", "\(folder.path)/other.crt")
    }

    /// A file of the script.
    func made(_ name: String) -> String { "\(folder.path)/pki/\(name)" }
    /// A file of the other authority.
    func other(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// A certificate and its key.
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    /// Makes a certificate.
    ///
    /// - Parameters:
    ///   - subject: in openssl's form.
    ///   - days: how long it is valid; negative for one that has expired.
    ///   - extensions: lines of openssl's extension file.
    ///   - byOther: whether the other authority signs it.
    func client(
        _ name: String, subject: String, days: Int = 30, extensions: String = "extendedKeyUsage=clientAuth",
        byOther: Bool = false
    ) throws -> Pair {
        let base = "\(folder.path)/\(name)"
        try Self.openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", "\(base).key", "-out", "\(base).csr")
        try folder.write("\(name).cnf", extensions + "\n")
        let authority = byOther ? other("other") : made("ca")
        try Self.openssl(
            "x509", "-req", "-in", "\(base).csr", "-CA", "\(authority).crt", "-CAkey", "\(authority).key",
            "-set_serial",
            "\(Int.random(in: 10...1_000_000))", "-days", "\(days)", "-extfile", "\(base).cnf", "-out", "\(base).crt")
        return Pair(certificate: "\(base).crt", key: "\(base).key")
    }

    /// The client certificate of the script.
    var development: Pair { Pair(certificate: made("client.crt"), key: made("client.key")) }

    private static func openssl(_ arguments: String...) throws {
        guard let program = Programs.installed("openssl") else { throw Trouble("openssl is not installed") }
        let process = try ChildProcess(program, arguments)
        guard process.waitForExit(), process.exitStatus == 0 else {
            throw Trouble("openssl \(arguments): \(process.stderr.tail())")
        }
    }
}

/// curl, as a user would call it.
enum Curl {
    /// An answer.
    struct Output: Sendable {
        let status: Int
        let body: String
        /// curl's own result; 0 when there was an answer.
        let exit: Int32
        let errors: String

        /// A field of the JSON body, `a.b`.
        func at(_ path: String) -> Any? {
            ((try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any])?.at(path)
        }
        var message: String { at("message") as? String ?? "" }
    }

    /// Calls a URL.
    @discardableResult
    static func get(_ url: String, pair: PKI.Pair? = nil, _ arguments: [String]) throws -> Output {
        guard let program = Programs.installed("curl") else { throw Trouble("curl is not installed") }
        var all = ["-sS", "-k", "--http1.1", "-w", "\n%{http_code}\n", "--max-time", "20", url]
        if let pair { all += ["--cert", pair.certificate, "--key", pair.key] }
        let process = try ChildProcess(program, all + arguments)
        guard process.waitForExit(), process.stdout.waitForEnd(), process.stderr.waitForEnd() else {
            throw Trouble("curl \(url) does not end")
        }
        let lines = process.stdout.tail(10_000).components(separatedBy: "\n")
        let status = Int(lines.last { !$0.isEmpty } ?? "") ?? 0
        return Output(
            status: status, body: lines.dropLast(1).joined(separator: "\n"), exit: process.exitStatus,
            errors: process.stderr.tail())
    }
}
