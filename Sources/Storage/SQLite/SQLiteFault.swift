import DataPlaneAPI
import GRDB

/// What the database says, in our words.
enum SQLiteFault {
    /// Why a store can't be opened and what to do about it.
    static func opening(_ path: String, _ error: any Error) -> GatewayError {
        if let error = error as? GatewayError { return error }
        if error is RowDecodingError { return damaged(path, "a row holds values of other types") }
        guard let error = error as? DatabaseError else {
            return GatewayError(.internalError, "\(path): the database can't be opened: \(error)")
        }
        let why = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return damaged(path, why)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return GatewayError(
                .internalError,
                "\(path): another process uses the database; stop the other gateway or give this one its own --data-dir"
            )
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return GatewayError(
                .internalError,
                "\(path): the database can't be opened for writing (\(why)); check the owner and the permissions of the "
                    + "file and its folder")
        default:
            return GatewayError(.internalError, "\(path): the database can't be opened: \(why)")
        }
    }

    /// What to do about a file that is damaged.
    static func damaged(_ path: String, _ why: String) -> GatewayError {
        GatewayError(
            .internalError,
            "\(path): the file is damaged or is no database of this gateway (\(why)); stop the gateway and put a copy "
                + "back that `dataplane-gateway backup` wrote (`dataplane-gateway restore FILE --data-dir DIR`), or "
                + "move the file and its -wal away: a new one is made, and manifests are applied again")
    }

    /// Why a call failed.
    static func using(_ error: any Error) -> GatewayError {
        if let error = error as? GatewayError { return error }
        if error is CancellationError {
            return GatewayError(.clientClosedRequest, "the request was given up")
        }
        guard let error = error as? DatabaseError else {
            return GatewayError(.internalError, "Internal error occurred: the store failed", cause: "\(error)")
        }
        let cause = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR:
            return GatewayError(
                .insufficientStorage,
                "Internal error occurred: the store can't write; free space on the disk of the data folder",
                cause: cause)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return GatewayError(
                .internalError,
                "Internal error occurred: the store is damaged; restart the gateway: it says what to do",
                cause: cause)
        default:
            return GatewayError(.internalError, "Internal error occurred: the store failed", cause: cause)
        }
    }
}
