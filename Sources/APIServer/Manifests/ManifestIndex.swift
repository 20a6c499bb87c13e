import Storage

/// What the store holds of manifests, by file and document: a document whose objects are all there needs no reading.
struct ManifestIndex {
    private struct Document {
        let count: Int
        var keys: [ObjectKey] = []
    }

    private var files: [ObjectKey: String] = [:]
    private var named: Set<String> = []
    private var documents: [String: [String: Document]] = [:]

    init(_ store: WatchCache, _ kinds: Kinds) {
        for definition in kinds.definitions {
            var walk = store.state(definition.id).walk()
            while let object = walk.next() {
                guard let note = object.manifestNote else { continue }
                files[object.key] = note.file
                named.insert(note.file)
                guard let hash = note.hash else { continue }
                documents[note.file, default: [:]][hash, default: Document(count: note.count)].keys.append(object.key)
            }
        }
    }

    /// The objects that came from a document; nil unless all of them are stored as it made them.
    func keys(file: String, hash: String) -> [ObjectKey]? {
        guard let document = documents[file]?[hash], document.keys.count == document.count else { return nil }
        return document.keys
    }

    /// Whether any object belongs to a file.
    func holdsAnything(of file: String) -> Bool { named.contains(file) }

    /// Whether all of these objects are stored and belong to a file.
    func holds(_ keys: [ObjectKey], of file: String) -> Bool { keys.allSatisfy { files[$0] == file } }
}
