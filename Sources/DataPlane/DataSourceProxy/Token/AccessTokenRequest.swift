import DataPlaneAPI
import Origins

/// One question for an access token; equal ones share the answer.
struct AccessTokenRequest: Sendable, Hashable {
    /// Data source and route.
    let owner: String
    /// What messages call the data source.
    let name: String
    /// The token endpoint.
    let url: DataSourceURL
    /// For the whole question, seconds.
    let timeout: Int
    /// What is sent; holds secrets.
    let grant: Grant

    /// The kinds of questions.
    enum Grant: Sendable, Hashable {
        /// A complete form.
        case form([UInt8])
        /// A form with an assertion that is made anew each time.
        case assertion(SignedAssertion)
    }
}
