import DataPlaneAPI

/// The DataPlaneServices as they were read last, and which of them share a group and version or a plugin.
struct ServiceCatalogue {
    private var services: [String: DataPlaneService] = [:]
    private var places: [GroupPlace: Set<String>] = [:]
    private var plugins: [String: Set<String>] = [:]

    /// The names of all objects.
    var names: Dictionary<String, DataPlaneService>.Keys { services.keys }
    /// The objects, in no order.
    var all: Dictionary<String, DataPlaneService>.Values { services.values }
    /// The plugins that objects name as the one that answers.
    var pluginIDs: Dictionary<String, Set<String>>.Keys { plugins.keys }

    /// One object.
    subscript(name: String) -> DataPlaneService? { services[name] }

    /// All objects that claim routes below a group and version.
    func services(at place: GroupPlace) -> [DataPlaneService] { (places[place] ?? []).compactMap { services[$0] } }

    /// The names of the objects that a plugin answers for.
    func names(of plugin: String) -> Set<String> { plugins[plugin] ?? [] }

    /// Takes over an object as it is now.
    ///
    /// - Returns: the groups and versions whose routes it changes; none when only its status or metadata are others.
    mutating func set(_ service: DataPlaneService) -> Set<GroupPlace> {
        let name = service.metadata.name
        let place = GroupPlace(service)
        guard let old = services.updateValue(service, forKey: name) else {
            enter(service)
            return [place]
        }
        guard old.metadata.uid != service.metadata.uid || old.spec != service.spec else { return [] }
        leave(old)
        enter(service)
        return [GroupPlace(old), place]
    }

    /// Forgets an object.
    ///
    /// - Returns: the group and version whose routes that changes.
    mutating func remove(_ name: String) -> Set<GroupPlace> {
        guard let old = services.removeValue(forKey: name) else { return [] }
        leave(old)
        return [GroupPlace(old)]
    }

    private mutating func enter(_ service: DataPlaneService) {
        places[GroupPlace(service), default: []].insert(service.metadata.name)
        if service.spec.backend.kind == .plugin {
            plugins[service.spec.pluginID, default: []].insert(service.metadata.name)
        }
    }

    private mutating func leave(_ service: DataPlaneService) {
        let (name, place, plugin) = (service.metadata.name, GroupPlace(service), service.spec.pluginID)
        places[place]?.remove(name)
        if places[place]?.isEmpty == true { places[place] = nil }
        plugins[plugin]?.remove(name)
        if plugins[plugin]?.isEmpty == true { plugins[plugin] = nil }
    }
}
