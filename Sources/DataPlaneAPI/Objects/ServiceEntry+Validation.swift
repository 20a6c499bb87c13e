import Bytes

extension ServiceEntry {
    /// The methods a route may name.
    static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// What is wrong with the entry itself; `field` is its path.
    func validate(_ field: String) -> [StatusCause] {
        let types = ServiceType.allCases.map(\.rawValue)
        if type.isEmpty { return [.required("\(field).type", "one of \(types.joined(separator: ", "))")] }
        guard let serviceType else { return [.notSupported("\(field).type", type, supported: types)] }
        var causes: [StatusCause] = []
        if serviceType == .route {
            causes += validateRoute(field)
        } else {
            if !method.isEmpty { causes.append(.forbidden("\(field).method", "only a route has a method")) }
            if !path.isEmpty { causes.append(.forbidden("\(field).path", "only a route has a path")) }
        }
        return causes + (limits?.validate("\(field).limits") ?? [])
    }

    private func validateRoute(_ field: String) -> [StatusCause] {
        var causes: [StatusCause] = []
        if !method.isEmpty, !Self.methods.contains(method) {
            causes.append(.notSupported("\(field).method", method, supported: Self.methods))
        }
        if path.isEmpty {
            causes.append(.required("\(field).path", "the path below the namespace, such as /orders/{name}"))
        } else {
            do throws(RoutePattern.Fault) {
                _ = try RoutePattern(path)
            } catch {
                causes.append(.invalid("\(field).path", string: path, error.message))
            }
        }
        return causes
    }
}

extension [ServiceEntry] {
    private static var limit: Int { 1_000 }

    /// What is wrong with the list and its entries; `field` is its path.
    func validate(_ field: String) -> [StatusCause] {
        if isEmpty { return [.required(field, "list at least one service")] }
        if count > Self.limit { return [.tooMany(field, count: count, limit: Self.limit)] }
        var causes: [StatusCause] = []
        var keys: Set<ServiceEntry.Key> = []
        var claims: [RouteClaim: Int] = [:]
        for (index, entry) in enumerated() {
            let place = "\(field)[\(index)]"
            if !keys.insert(entry.key).inserted {
                causes.append(.duplicate(place, entry.key.json.text()))
            } else if let claim = entry.routeClaim?.unnamed {
                if let first = claims[claim] {
                    causes.append(
                        .invalid(
                            "\(place).path", string: entry.path,
                            "matches the same requests as \(field)[\(first)]; names of parameters make no difference"))
                } else {
                    claims[claim] = index
                }
            }
            causes += entry.validate(place)
        }
        return causes
    }
}
