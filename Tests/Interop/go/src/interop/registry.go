package main

import (
	"golang.org/x/net/context"
	"google.golang.org/grpc"

	"github.com/golang/protobuf/proto"
	pb "pluginv2"
)

// unary is a method with one answer; make gives an empty request.
func unary(name string, make func() proto.Message, answer func(context.Context, proto.Message) (proto.Message, error)) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
			request := make()
			if err := decode(request); err != nil {
				return nil, err
			}
			return answer(ctx, request)
		},
	}
}

// streaming is a method with a stream of answers.
func streaming(name string, make func() proto.Message, answer func(proto.Message, grpc.ServerStream) error) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName: name, ServerStreams: true,
		Handler: func(_ interface{}, stream grpc.ServerStream) error {
			request := make()
			if err := stream.RecvMsg(request); err != nil {
				return err
			}
			return answer(request, stream)
		},
	}
}

func register(server *grpc.Server) {
	add := func(name string, methods []grpc.MethodDesc, streams []grpc.StreamDesc) {
		server.RegisterService(
			&grpc.ServiceDesc{
				ServiceName: "pluginv2." + name, HandlerType: (*interface{})(nil), Methods: methods, Streams: streams,
			}, struct{}{})
	}
	query := func() proto.Message { return new(pb.QueryDataRequest) }
	stream := func() proto.Message { return new(pb.StreamRequest) }
	admission := func() proto.Message { return new(pb.AdmissionRequest) }
	add("Data",
		[]grpc.MethodDesc{unary("QueryData", query, queryData)},
		[]grpc.StreamDesc{streaming("QueryChunkedData", query, queryChunkedData)})
	add("Diagnostics",
		[]grpc.MethodDesc{
			unary("CheckHealth", func() proto.Message { return new(pb.CheckHealthRequest) }, checkHealth),
			unary("CollectMetrics", func() proto.Message { return new(pb.CollectMetricsRequest) }, collectMetrics),
		}, nil)
	add("Resource", nil, []grpc.StreamDesc{
		streaming("CallResource", func() proto.Message { return new(pb.CallResourceRequest) }, callResource),
	})
	add("Stream",
		[]grpc.MethodDesc{unary("SubscribeStream", stream, subscribe), unary("PublishStream", stream, publish)},
		[]grpc.StreamDesc{streaming("RunStream", stream, runStream)})
	add("AdmissionControl",
		[]grpc.MethodDesc{
			unary("ValidateAdmission", admission, validate), unary("MutateAdmission", admission, mutate),
		}, nil)
	add("ResourceConversion",
		[]grpc.MethodDesc{
			unary("ConvertObjects", func() proto.Message { return new(pb.ConversionRequest) }, convert),
		}, nil)
}
