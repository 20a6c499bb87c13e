import DataPlaneAPI
import HTTPKit

/// What a route alone decides about every request: made once, when its table is.
struct PreparedRoute: Sendable {
    /// Where it is claimed.
    let place: GroupPlace
    /// What logs and metrics call its handler.
    let handler: HandlerName
    /// `<group>/<version>`, as answers about health name it.
    let apiVersion: String

    init(_ place: GroupPlace, _ type: ServiceType) {
        self.place = place
        handler = type.handlerName
        apiVersion = place.description
    }
}
