// A plugin that shares no code with the gateway: hashicorp/go-plugin and grpc-go.
//
// It answers what the Python plugin beside it answers; its frames are JSON. With -tcp it listens on 127.0.0.1 without
// go-plugin and writes the handshake with five fields; with -noise it writes a line before the handshake.
package main

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/net/context"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

var logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: os.Stderr, JSONFormat: true})

var handshake = plugin.HandshakeConfig{
	ProtocolVersion: 2, MagicCookieKey: "grafana_plugin_type", MagicCookieValue: "datasource",
}

// services is go-plugin's plugin: all services on one server.
type services struct {
	plugin.NetRPCUnsupportedPlugin
}

func (services) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	register(server)
	return nil
}

func (services) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (interface{}, error) {
	return nil, nil
}

func newServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(16<<20))...)
}

func main() {
	tcp := false
	for _, argument := range os.Args[1:] {
		switch argument {
		case "-noise":
			fmt.Println("welcome to the plugin")
		case "-tcp":
			tcp = true
		}
	}
	if tcp {
		serveTCP()
		return
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake, Logger: logger, GRPCServer: newServer,
		VersionedPlugins: map[int]plugin.PluginSet{2: {"all": services{}}},
	})
}

func serveTCP() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		logger.Error("no listener", "error", err)
		os.Exit(1)
	}
	server := newServer(nil)
	register(server)
	state := health.NewServer()
	state.SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, state)
	fmt.Printf("1|2|tcp|%s|grpc\n", listener.Addr())
	_ = server.Serve(listener)
}

// flood writes ten million bytes on each of both streams: past go-plugin, which keeps what is written with fmt.
func flood() {
	line := make([]byte, 2000)
	for i := range line {
		line[i] = 'x'
	}
	line[1999] = '\n'
	for i := 0; i < 5000; i++ {
		for _, stream := range []int{1, 2} {
			_, _ = syscall.Write(stream, line)
		}
	}
}
