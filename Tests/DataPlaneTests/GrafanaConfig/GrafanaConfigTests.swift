import DataPlaneAPI
import PluginBridge
import PluginProtocol
import Testing

@testable import DataPlane

@Suite struct GrafanaConfigTests {
    private func load(_ ini: String, _ environment: [String: String] = [:]) throws -> (GrafanaConfig, [String]) {
        let folder = try TemporaryFolder()
        let file = try folder.write("grafana.ini", ini)
        let config = GrafanaConfig.load(file, environment: environment)
        return (config, config.faults.map { $0.message.replacing("\(folder.path)/", with: "") })
    }

    @Test func `Without a file every limit has Grafana's default`() {
        let config = GrafanaConfig.load("", environment: [:])
        #expect(config.faults.isEmpty)
        #expect(
            config.pluginContext == [
                "GF_APP_URL": "http://localhost:3000/",
                "GF_CONCURRENT_QUERY_COUNT": "10",
                "GF_USER_FACING_DEFAULT_ERROR": "please inspect Grafana server log for details",
                "GF_SQL_ROW_LIMIT": "1000000",
                "GF_SQL_MAX_OPEN_CONNS_DEFAULT": "100",
                "GF_SQL_MAX_IDLE_CONNS_DEFAULT": "100",
                "GF_SQL_MAX_CONN_LIFETIME_SECONDS_DEFAULT": "14400",
                "GF_RESPONSE_LIMIT": "0",
            ])
    }

    @Test func `Values of the file count, the environment wins`() throws {
        let (config, faults) = try load(
            """
            ; a comment
            # another
            app_mode = production
            [server]
            protocol = https
            domain = g.example ; not this
            root_url = %(protocol)s://%(domain)s:%(http_port)s/grafana
            [feature_toggles]
            enable = zeta,alpha  mid
            mid = false
            single = true
            [dataproxy]
            row_limit = ${ROWS}
            response_limit = 100
            [log]
            user_facing_default_error = \"\"\"ask; #us\"\"\"
            [sql_datasources]
            max_open_conns_default = 7
            [aws]
            allowed_auth_providers = default,keys
            [secure_socks_datasource_proxy]
            enabled = yes
            proxy_address = p:1
            """, ["ROWS": "55", "GF_SQL_DATASOURCES_MAX_OPEN_CONNS_DEFAULT": "8", "GF_DATAPROXY_ROW_LIMIT": ""])
        #expect(faults == [])
        let map = config.pluginContext
        #expect(map["GF_APP_URL"] == "https://g.example:3000/grafana/")
        #expect(map["GF_INSTANCE_FEATURE_TOGGLES_ENABLE"] == "alpha,single,zeta")
        #expect(map["GF_SQL_ROW_LIMIT"] == "55")
        #expect(map["GF_RESPONSE_LIMIT"] == "100")
        #expect(map["GF_USER_FACING_DEFAULT_ERROR"] == "ask; #us")
        #expect(map["GF_SQL_MAX_OPEN_CONNS_DEFAULT"] == "8")
        #expect(map["AWS_AUTH_AllowedAuthProviders"] == "default,keys")
        #expect(map["GF_SECURE_SOCKS_DATASOURCE_PROXY_SERVER_ENABLED"] == "true")
        #expect(map["GF_SECURE_SOCKS_DATASOURCE_PROXY_PROXY_ADDRESS"] == "p:1")
    }

    @Test func `Sections of plugins become their variables`() throws {
        let folder = try TemporaryFolder()
        let secret = try folder.write("secret", " s3cret\n")
        let (config, faults) = try load(
            """
            [plugin.my-app]
            path = /x
            id = my-app
            api_token = $__file{\(secret)}
            mode = fast
            [plugin.other]
            path = /y
            """, ["GF_PLUGIN_MODE": "slow", "GF_PLUGIN_MY_APP_API_TOKEN": ""])
        #expect(faults == [])
        #expect(config.variables.single == ["my-app": ["GF_PLUGIN_API_TOKEN": "s3cret", "GF_PLUGIN_MODE": "slow"]])
        #expect(Array(config.referencedFiles.keys) == [secret])
    }

    @Test func `keys that lead a plugin elsewhere never reach it`() throws {
        let ini = """
            [plugin.my-app]
            PATH = /x
            Id = my-app
            grpc_address_my_app = 127.0.0.1:7443
            GRPC_Address_Other = 127.0.0.1:7444
            mode = fast
            """
        for environment in [[:], ["GF_PLUGIN_GRPC_ADDRESS_MY_APP": "127.0.0.1:7445"]] {
            let (config, faults) = try load(ini, environment)
            #expect(faults == [])
            #expect(config.variables.single == ["my-app": ["GF_PLUGIN_MODE": "fast"]])
            var made = PluginEnvironment(
                host: environment, alsoAllowed: Array(environment.keys), socketDirectory: "/run/p1")
            made.set("GF_PLUGIN_grpc_address_x", "127.0.0.1:1")
            #expect(!made.entries.contains { $0.uppercased().contains("GRPC_ADDRESS") })
        }
    }

    @Test func `Feature toggles and the settings for AWS reach the processes`() throws {
        let ini = """
            [feature_toggles]
            enable = zeta alpha
            [aws]
            allowed_auth_providers = default,keys
            assume_role_enabled = false
            session_duration = 15m
            """
        let aws = [
            "AWS_AUTH_AllowedAuthProviders": "default,keys", "AWS_AUTH_AssumeRoleEnabled": "false",
            "AWS_AUTH_SESSION_DURATION": "15m",
        ]
        let toggles = ["GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "alpha,zeta"]
        let all = try load(ini).0.variables
        #expect(all["any"] == toggles.merging(aws) { $1 })
        let socks = try load("[secure_socks_datasource_proxy]\nenabled = true\nproxy_address = p:1").0.variables.common
        #expect(socks["GF_SECURE_SOCKS_DATASOURCE_PROXY_PROXY_ADDRESS"] == "p:1", "\(socks)")
        let some = try load("\(ini)\nforward_settings_to_plugins = cloudwatch, athena\n[plugin.athena]\nx = 1").0
            .variables
        #expect(some["any"] == toggles)
        #expect(some["cloudwatch"] == toggles.merging(aws) { $1 })
        #expect(some["athena"]["GF_PLUGIN_X"] == "1" && some["athena"]["AWS_AUTH_SESSION_DURATION"] == "15m")
    }

    @Test(arguments: [
        ("[dataproxy]\nrow_limit = hunter2", "grafana.ini: line 2: [dataproxy] row_limit: must be a whole number"),
        ("[dataproxy]\nrow_limit = -1", "grafana.ini: line 2: [dataproxy] row_limit: must be a whole number"),
        ("[server\nroot_url = hunter2", "grafana.ini: line 1: the section has no closing ]"),
        ("[server]\n\nhunter2", "grafana.ini: line 3: [server]: a line must be a section, a comment or `key = value`"),
        ("[server]\n= hunter2", "grafana.ini: line 2: [server]: the key before = is missing"),
        ("[log]\nx = `hunter2", "grafana.ini: line 2: [log] x: the quote is never closed"),
        ("[plugin.a]\nx = ${NOPE}", "grafana.ini: line 2: [plugin.a] x: the environment variable NOPE is not set"),
        ("[plugin.a]\nx = $__file{/no/file}", "grafana.ini: line 2: [plugin.a] x: $__file{}: /no/file: can't be read"),
        (
            "[secure_socks_datasource_proxy]\nenabled = hunter2",
            "grafana.ini: line 2: [secure_socks_datasource_proxy] enabled: must be true or false"
        ),
    ])
    func `A fault names file, line and key and never the value`(ini: String, expected: String) throws {
        let (config, faults) = try load(ini)
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
        #expect(!faults.joined().contains("hunter2"))
        #expect(config.pluginContext["GF_SQL_ROW_LIMIT"] == "1000000")
    }

    @Test(arguments: [
        ("", true), ("[auth.proxy]\nheader_name = X", true), ("[server]\nhunter2", true),
        ("[auth.proxy]\nheader_name = $__file{/no/file}", false), ("[auth.proxy]\nheaders = Role:${NOPE}", false),
        ("[auth.proxy]\nheader_name X", false), ("[auth.proxy]\n= X", false), ("[auth.proxy\nheader_name = X", false),
        ("[log]\nx = `never closed\n[auth.proxy]\nheader_name = X", false), ("[plugin.a]\nx = ${NOPE}", true),
    ])
    func `it is told whether the headers of auth_proxy are known`(ini: String, isKnown: Bool) throws {
        #expect(try load(ini).0.knowsAuthProxy == isKnown)
        // What the environment names is not what the file names.
        #expect(try load(ini, ["GF_AUTH_PROXY_HEADER_NAME": "X-Env"]).0.knowsAuthProxy == isKnown)
    }

    @Test func `what was known of auth_proxy is known while the file can't be read`() throws {
        #expect(GrafanaConfig.load("", environment: [:]).knowsAuthProxy)
        let missing = GrafanaConfig.load("/no/grafana.ini", environment: [:])
        #expect(!missing.knowsAuthProxy && missing.authProxyHeaders.isEmpty)
        #expect(!GrafanaConfig.load("/no/grafana.ini", environment: [:], previous: missing).knowsAuthProxy)
        let known = try load("[auth.proxy]\nheader_name = X-Me").0
        let gone = GrafanaConfig.load("/no/grafana.ini", environment: [:], previous: known)
        #expect(gone.knowsAuthProxy && gone.authProxyHeaders == known.authProxyHeaders)
    }

    @Test(arguments: [
        ("a = b", "b"), ("a=b", "b"), ("a : b", "b"), ("  a =  b c  ", "b c"), ("a =", ""),
        ("a = 'b #c'", "'b"), ("a = \"b\"", "b"), ("a = 'b'", "b"), ("a = '", "'"), ("a = b;c", "b"), ("a = #", ""),
        ("a = `b;c`", "b;c"), ("a = \"\"\"b\nc # d\"\"\"", "b\nc # d"), ("a = b \\\n  c", "b c"), ("a = b\\", "b\\"),
        ("a = 1\na = 2", "2"), ("\u{FEFF}a = b", "b"), ("a = b\r\nc = d", "b"), ("a = x=y", "x=y"),
    ])
    func `Values are read as Grafana's reader does`(text: String, expected: String) {
        let ini = GrafanaINI("[s]\n\(text)", file: "f")
        let bare = GrafanaINI(text, file: "f")
        #expect(ini.faults.isEmpty)
        #expect((text.hasPrefix("\u{FEFF}") ? bare.entry("DEFAULT", "a") : ini.entry("s", "a"))?.value == expected)
    }

    @Test func `Variable names are made as Grafana makes them`() {
        #expect(
            GrafanaSettings.variable("auth.generic_oauth", "client-secret") == "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET")
    }
}
