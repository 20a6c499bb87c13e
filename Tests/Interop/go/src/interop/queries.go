package main

import (
	"fmt"
	"os"
	"time"

	"github.com/golang/protobuf/proto"
	"golang.org/x/net/context"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pb "pluginv2"
)

// The number of the frame format JSON.
const formatJSON = 1

// failure is an error that says whose fault it is.
func failure(text, source string) error {
	plain := status.New(codes.Unknown, text)
	detailed, err := plain.WithDetails(&errdetails.ErrorInfo{Metadata: map[string]string{"errorSource": source}})
	if err != nil {
		return plain.Err()
	}
	return detailed.Err()
}

func queryData(ctx context.Context, message proto.Message) (proto.Message, error) {
	request := message.(*pb.QueryDataRequest)
	answer := &pb.QueryDataResponse{}
	for _, query := range request.Queries {
		response := &pb.DataResponse{Status: 200, Format: formatJSON}
		switch string(query.QueryType) {
		case "error":
			response = &pb.DataResponse{Status: 502, Error: []byte("no such table"), ErrorSource: []byte("downstream")}
		case "fail":
			return nil, failure("the plugin gave up", "plugin")
		case "slow":
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
			}
		case "exit":
			os.Exit(7)
		case "flood":
			flood()
			fallthrough
		default:
			response.Frames = [][]byte{[]byte(
				`{"schema":{"name":"table","fields":[{"name":"n","type":"number","typeInfo":{"frame":"int64","nullable":true}}]},` +
					`"data":{"values":[[1,2,null]]}}`)}
		}
		answer.Responses = append(answer.Responses, &pb.DataResponseEntry{Key: query.RefId, Value: response})
	}
	return answer, nil
}

func queryChunkedData(message proto.Message, stream grpc.ServerStream) error {
	request := message.(*pb.QueryDataRequest)
	for _, query := range request.Queries {
		if string(query.QueryType) == "unsupported" {
			// How SDKs say that a plugin has no chunks: neither a refId nor a frame.
			return stream.SendMsg(&pb.QueryChunkedDataResponse{Error: []byte("not implemented"), Status: 501})
		}
		if string(query.QueryType) == "error" {
			err := stream.SendMsg(&pb.QueryChunkedDataResponse{
				RefId: query.RefId, Error: []byte("no such table"), Status: 502, ErrorSource: []byte("downstream"),
			})
			if err != nil {
				return err
			}
		}
	}
	// The chunks of all queries take turns.
	for part := 0; part < 3; part++ {
		for _, query := range request.Queries {
			if string(query.QueryType) == "error" {
				continue
			}
			schema := ""
			if part == 0 {
				schema = `"schema":{"name":"parts","fields":[{"name":"n","type":"number","typeInfo":{"frame":"int64"}}]},`
			}
			rows := fmt.Sprintf(`{%s"data":{"values":[[%d,%d]]}}`, schema, part*2, part*2+1)
			err := stream.SendMsg(&pb.QueryChunkedDataResponse{
				RefId: query.RefId, FrameId: []byte("f"), Frame: []byte(rows), Format: formatJSON,
			})
			if err != nil {
				return err
			}
		}
	}
	for _, query := range request.Queries {
		if string(query.QueryType) == "broken" {
			return failure("the plugin gave up midway", "plugin")
		}
	}
	return nil
}
