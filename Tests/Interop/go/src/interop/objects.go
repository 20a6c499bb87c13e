package main

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/golang/protobuf/proto"
	"golang.org/x/net/context"
	pb "pluginv2"
)

// object reads JSON without loss of digits; anything but an object is empty.
func object(raw []byte) map[string]interface{} {
	fields := map[string]interface{}{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	_ = decoder.Decode(&fields)
	return fields
}

// member is an object within an object, made where it is missing.
func member(fields map[string]interface{}, key string) map[string]interface{} {
	if found, ok := fields[key].(map[string]interface{}); ok {
		return found
	}
	made := map[string]interface{}{}
	fields[key] = made
	return made
}

// validate refuses objects with spec.forbidden.
func validate(_ context.Context, message proto.Message) (proto.Message, error) {
	wanted := object(message.(*pb.AdmissionRequest).ObjectBytes)
	if forbidden, _ := member(wanted, "spec")["forbidden"].(bool); !forbidden {
		return &pb.AdmissionResponse{Allowed: true}, nil
	}
	return &pb.AdmissionResponse{
		Result: &pb.StatusResult{
			Status: []byte("Failure"), Message: []byte("spec.forbidden is set"), Reason: []byte("Forbidden"), Code: 403,
		},
		Warnings: [][]byte{[]byte("think again")},
	}, nil
}

// mutate adds an annotation, with the number of the operation.
func mutate(_ context.Context, message proto.Message) (proto.Message, error) {
	request := message.(*pb.AdmissionRequest)
	if len(request.ObjectBytes) == 0 {
		return &pb.AdmissionResponse{Allowed: true}, nil
	}
	wanted := object(request.ObjectBytes)
	member(member(wanted, "metadata"), "annotations")["operation"] = strconv.Itoa(int(request.Operation))
	changed, err := json.Marshal(wanted)
	return &pb.AdmissionResponse{Allowed: true, ObjectBytes: changed}, err
}

// convert changes apiVersion and nothing else; it can't do objects of the kind Broken.
func convert(_ context.Context, message proto.Message) (proto.Message, error) {
	request := message.(*pb.ConversionRequest)
	answer := &pb.ConversionResponse{Uid: []byte("a uid of its own")}
	for _, raw := range request.Objects {
		wanted := object(raw.Raw)
		if wanted["kind"] == "Broken" {
			return &pb.ConversionResponse{Result: &pb.StatusResult{
				Status: []byte("Failure"), Message: []byte("Broken can't be converted"), Reason: []byte("Invalid"), Code: 422,
			}}, nil
		}
		version := string(request.TargetVersion.GetVersion())
		if group := string(request.TargetVersion.GetGroup()); group != "" {
			version = group + "/" + version
		}
		wanted["apiVersion"] = version
		changed, err := json.Marshal(wanted)
		if err != nil {
			return nil, err
		}
		answer.Objects = append(answer.Objects, &pb.RawObject{Raw: changed, ContentType: []byte("application/json")})
	}
	return answer, nil
}
