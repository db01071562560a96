package app

import (
	"slices"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Every field and every enumeration of the table is the published one.
func TestTheSchemaIsThePublishedOne(t *testing.T) {
	s, err := newSchema()
	if err != nil {
		t.Fatal(err)
	}
	messages := 0
	s.files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		holdMessages(t, file.Messages(), &messages)
		for i := range file.Enums().Len() {
			holdEnum(t, file.Enums().Get(i))
		}
		return true
	})
	if messages < 17 {
		t.Errorf("only %d messages were compared", messages)
	}
	_ = authv3.File_envoy_service_auth_v3_external_auth_proto // registers what is compared with
}

func holdMessages(t *testing.T, all protoreflect.MessageDescriptors, count *int) {
	t.Helper()
	for i := range all.Len() {
		m := all.Get(i)
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(m.FullName())
		if err != nil {
			t.Errorf("%s: %v", m.FullName(), err)
			continue
		}
		published := found.(protoreflect.MessageDescriptor)
		*count++
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			p := published.Fields().ByNumber(f.Number())
			if p == nil || f.Name() != p.Name() || f.JSONName() != p.JSONName() || f.Kind() != p.Kind() || f.Cardinality() != p.Cardinality() ||
				f.IsMap() != p.IsMap() || nameOf(f) != nameOf(p) || choice(f) != choice(p) {
				t.Errorf("%s: %v, published as %v", m.FullName(), f, p)
			}
		}
		for j := range m.Enums().Len() {
			holdEnum(t, m.Enums().Get(j))
		}
		holdMessages(t, m.Messages(), count)
	}
}

func nameOf(f protoreflect.FieldDescriptor) protoreflect.FullName {
	switch {
	case f.Message() != nil:
		return f.Message().FullName()
	case f.Enum() != nil:
		return f.Enum().FullName()
	default:
		return ""
	}
}

func choice(f protoreflect.FieldDescriptor) protoreflect.Name {
	if f.ContainingOneof() == nil {
		return ""
	}
	return f.ContainingOneof().Name()
}

func holdEnum(t *testing.T, e protoreflect.EnumDescriptor) {
	t.Helper()
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(e.FullName())
	if err != nil {
		t.Errorf("%s: %v", e.FullName(), err)
		return
	}
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		if p := found.(protoreflect.EnumDescriptor).Values().ByNumber(v.Number()); p == nil || p.Name() != v.Name() {
			t.Errorf("%s: %s = %d, published as %v", e.FullName(), v.Name(), v.Number(), p)
		}
	}
}

// A client that knows nothing of Envoy can learn from reflection how to ask, as
// grpcurl does, in both versions.
func TestReflectionDescribesTheProtocol(t *testing.T) {
	r := launch(t, settings(t.TempDir()))
	connection, err := grpc.NewClient(r.at.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(connection).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{} // a file is sent once
	for _, symbol := range []string{extAuthzService, extAuthzService + ".Check", "envoy.service.auth.v3.CheckRequest", "envoy.type.v3.StatusCode"} {
		ask := &grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}}
		if err := stream.Send(ask); err != nil {
			t.Fatal(err)
		}
		got, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range got.GetFileDescriptorResponse().GetFileDescriptorProto() {
			one := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(file, one); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(set.File, func(f *descriptorpb.FileDescriptorProto) bool { return f.GetName() == one.GetName() }) {
				set.File = append(set.File, one)
			}
		}
		files, err := protodesc.NewFiles(set)
		if err != nil {
			t.Errorf("%s: %v", symbol, err)
			continue
		}
		if _, err := files.FindDescriptorByName(protoreflect.FullName(symbol)); err != nil {
			t.Errorf("%s: %v", symbol, err)
		}
	}
}
