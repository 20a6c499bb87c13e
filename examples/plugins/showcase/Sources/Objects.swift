import Foundation
import PluginKit

extension Showcase: AdmissionHandler {
    /// Refuses objects whose `spec.replicas` is above 10.
    func validateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult {
        let replicas = JSON(request.fields.object).object("spec")["replicas"] as? Int ?? 0
        guard replicas > 10 else { return AdmissionResult(allowed: true) }
        return AdmissionResult(
            allowed: false,
            result: StatusResult(
                status: "Failure", message: "spec.replicas: \(replicas) is more than 10", reason: "Invalid", code: 422))
    }

    /// Gives objects the label `showcase: "true"`.
    func mutateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult {
        var object = JSON(request.fields.object)
        var metadata = object.object("metadata")
        var labels = metadata["labels"] as? [String: Any] ?? [:]
        labels["showcase"] = "true"
        metadata["labels"] = labels
        object["metadata"] = metadata
        return AdmissionResult(allowed: true, warnings: ["the showcase labels everything"], object: object.bytes)
    }
}

extension Showcase: ConversionHandler {
    /// Renames `spec.size` of v1 to `spec.replicas` of v2, and back.
    func convertObjects(_ request: ConversionRequest) async throws -> ConversionResult {
        let objects = request.objects.map { raw -> RawObject in
            var object = JSON(raw.raw)
            var spec = object.object("spec")
            let (from, to) = request.targetVersion == "v2" ? ("size", "replicas") : ("replicas", "size")
            if let value = spec.removeValue(forKey: from) { spec[to] = value }
            object["spec"] = spec
            let group = request.targetGroup
            object["apiVersion"] = group.isEmpty ? request.targetVersion : "\(group)/\(request.targetVersion)"
            return RawObject(raw: object.bytes, contentType: "application/json")
        }
        return ConversionResult(uid: request.uid, objects: objects)
    }
}
