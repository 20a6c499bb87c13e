package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/golang/protobuf/proto"
	"golang.org/x/net/context"
	"google.golang.org/grpc"
	pb "pluginv2"
)

func checkHealth(context.Context, proto.Message) (proto.Message, error) {
	return &pb.CheckHealthResponse{
		Status: 1, Message: []byte(runtime.Version()), JsonDetails: []byte(`{"go":true}`),
	}, nil
}

func collectMetrics(context.Context, proto.Message) (proto.Message, error) {
	text := []byte("# TYPE interop_up gauge\ninterop_up 1\n")
	return &pb.CollectMetricsResponse{Metrics: &pb.CollectMetricsResponse_Payload{Prometheus: text}}, nil
}

func header(name string, values ...string) *pb.StringListEntry {
	list := &pb.StringList{}
	for _, value := range values {
		list.Values = append(list.Values, []byte(value))
	}
	return &pb.StringListEntry{Key: []byte(name), Value: list}
}

// callResource answers by path; everything else is told with its method, its path and its body.
func callResource(message proto.Message, stream grpc.ServerStream) error {
	request := message.(*pb.CallResourceRequest)
	answer := &pb.CallResourceResponse{Code: 200, Headers: []*pb.StringListEntry{header("Content-Type", "text/plain")}}
	switch string(request.Path) {
	case "nothing":
		return nil
	case "count":
		if err := stream.SendMsg(answer); err != nil {
			return err
		}
		for at := 1; at <= 5; at++ {
			if err := stream.SendMsg(&pb.CallResourceResponse{Body: []byte(fmt.Sprintln(at))}); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return nil
	case "endless":
		answer.Body = []byte("first\n")
		if err := stream.SendMsg(answer); err != nil {
			return err
		}
		<-stream.Context().Done()
		logger.Info("the resource call was cancelled")
		return nil
	case "headers":
		answer.Code = 201
		answer.Headers = []*pb.StringListEntry{
			header("x-two", "a", "b"), header("Set-Cookie", "c=1"), header("Connection", "close"),
		}
		answer.Body = []byte("{}")
		return stream.SendMsg(answer)
	case "missing":
		answer.Code = 404
	}
	answer.Body = []byte(string(request.Method) + " " + string(request.Path) + string(request.Body))
	return stream.SendMsg(answer)
}

func subscribe(_ context.Context, message proto.Message) (proto.Message, error) {
	switch string(message.(*pb.StreamRequest).Path) {
	case "clock", "ticks":
		return &pb.StreamResponse{Data: []byte(`{"first":true}`)}, nil
	case "chat":
		return &pb.StreamResponse{}, nil
	case "secret":
		return &pb.StreamResponse{Status: 2}, nil
	}
	return &pb.StreamResponse{Status: 1}, nil
}

func runStream(message proto.Message, stream grpc.ServerStream) error {
	done := stream.Context().Done()
	switch string(message.(*pb.StreamRequest).Path) {
	case "chat":
		<-done
		return nil
	case "ticks":
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for at := 1; ; at++ {
			select {
			case <-done:
				logger.Info("the stream was cancelled")
				return nil
			case <-ticker.C:
				if err := stream.SendMsg(&pb.StreamPacket{Data: []byte(fmt.Sprintf(`{"tick":%d}`, at))}); err != nil {
					logger.Info("the stream was cancelled")
					return err
				}
			}
		}
	}
	for at := 0; at < 3; at++ {
		text := fmt.Sprintf(`{"data":{"values":[[%d]]}}`, at)
		if err := stream.SendMsg(&pb.StreamPacket{Data: []byte(text)}); err != nil {
			return err
		}
	}
	return nil
}

func publish(_ context.Context, message proto.Message) (proto.Message, error) {
	request := message.(*pb.StreamRequest)
	if string(request.Path) != "chat" {
		return &pb.StreamResponse{Status: 2}, nil
	}
	return &pb.StreamResponse{Data: []byte(`{"heard": ` + string(request.Data) + `}`)}, nil
}
