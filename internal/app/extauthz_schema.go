package app

import (
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// schemaFile is one file of the protocol: as much of it as a check asks and
// is answered with. What is left out is skipped when it comes.
type schemaFile struct {
	path, pkg string
	needs     []string // paths of other files
	messages  []schemaMessage
}

type schemaMessage struct {
	name   string // within the package, its parents' names before it
	fields []schemaField
}

type schemaField struct {
	number int32
	name   string
	kind   string // a scalar, or a full name; [] before it: repeated; map[]: from strings
	choice string // the oneof that it belongs to; empty: none
}

const (
	corePackage = "envoy.config.core.v3."
	authPackage = "envoy.service.auth.v3."
	structOf    = "google.protobuf.Struct"
	schemaRoot  = "envoy/service/auth/v3/external_auth.proto"
)

// extAuthzSchema is Envoy's ext_authz v3, each file after those it needs.
// TestTheSchemaIsThePublishedOne holds it against the published types.
var extAuthzSchema = []schemaFile{
	{"envoy/config/core/v3/address.proto", "envoy.config.core.v3", nil, []schemaMessage{
		{"SocketAddress", []schemaField{
			{1, "protocol", corePackage + "SocketAddress.Protocol", ""},
			{2, "address", "string", ""},
			{3, "port_value", "uint32", "port_specifier"},
			{4, "named_port", "string", "port_specifier"},
			{5, "resolver_name", "string", ""},
			{6, "ipv4_compat", "bool", ""},
		}},
		{"Pipe", []schemaField{{1, "path", "string", ""}, {2, "mode", "uint32", ""}}},
		{"Address", []schemaField{{1, "socket_address", corePackage + "SocketAddress", "address"}, {2, "pipe", corePackage + "Pipe", "address"}}},
	}},
	{"envoy/config/core/v3/base.proto", "envoy.config.core.v3", []string{"google/protobuf/struct.proto"}, []schemaMessage{
		{"HeaderValue", []schemaField{{1, "key", "string", ""}, {2, "value", "string", ""}, {3, "raw_value", "bytes", ""}}},
		{"HeaderMap", []schemaField{{1, "headers", "[]" + corePackage + "HeaderValue", ""}}},
		{"HeaderValueOption", []schemaField{
			{1, "header", corePackage + "HeaderValue", ""}, {3, "append_action", corePackage + "HeaderValueOption.HeaderAppendAction", ""},
		}},
		{"Metadata", []schemaField{{1, "filter_metadata", "map[]" + structOf, ""}}},
	}},
	{"envoy/type/v3/http_status.proto", "envoy.type.v3", nil, []schemaMessage{
		{"HttpStatus", []schemaField{{1, "code", "envoy.type.v3.StatusCode", ""}}},
	}},
	{
		"envoy/service/auth/v3/attribute_context.proto", "envoy.service.auth.v3",
		[]string{"envoy/config/core/v3/address.proto", "envoy/config/core/v3/base.proto", "google/protobuf/timestamp.proto"},
		[]schemaMessage{
			{"AttributeContext", []schemaField{
				{1, "source", authPackage + "AttributeContext.Peer", ""},
				{2, "destination", authPackage + "AttributeContext.Peer", ""},
				{4, "request", authPackage + "AttributeContext.Request", ""},
				{10, "context_extensions", "map[]string", ""},
				{11, "metadata_context", corePackage + "Metadata", ""},
				{12, "tls_session", authPackage + "AttributeContext.TLSSession", ""},
				{13, "route_metadata_context", corePackage + "Metadata", ""},
			}},
			{"AttributeContext.Peer", []schemaField{
				{1, "address", corePackage + "Address", ""},
				{2, "service", "string", ""},
				{3, "labels", "map[]string", ""},
				{4, "principal", "string", ""},
				{5, "certificate", "string", ""},
			}},
			{"AttributeContext.Request", []schemaField{
				{1, "time", "google.protobuf.Timestamp", ""}, {2, "http", authPackage + "AttributeContext.HttpRequest", ""},
			}},
			{"AttributeContext.HttpRequest", []schemaField{
				{1, "id", "string", ""},
				{2, "method", "string", ""},
				{3, "headers", "map[]string", ""},
				{4, "path", "string", ""},
				{5, "host", "string", ""},
				{6, "scheme", "string", ""},
				{7, "query", "string", ""},
				{8, "fragment", "string", ""},
				{9, "size", "int64", ""},
				{10, "protocol", "string", ""},
				{11, "body", "string", ""},
				{12, "raw_body", "bytes", ""},
				{13, "header_map", corePackage + "HeaderMap", ""},
			}},
			{"AttributeContext.TLSSession", []schemaField{{1, "sni", "string", ""}}},
		},
	},
	{
		schemaRoot, "envoy.service.auth.v3",
		[]string{
			"envoy/config/core/v3/base.proto", "envoy/service/auth/v3/attribute_context.proto", "envoy/type/v3/http_status.proto",
			"google/protobuf/struct.proto", "google/rpc/status.proto",
		},
		[]schemaMessage{
			{"CheckRequest", []schemaField{{1, "attributes", authPackage + "AttributeContext", ""}}},
			{"DeniedHttpResponse", []schemaField{
				{1, "status", "envoy.type.v3.HttpStatus", ""}, {2, "headers", "[]" + corePackage + "HeaderValueOption", ""}, {3, "body", "string", ""},
			}},
			{"OkHttpResponse", []schemaField{
				{2, "headers", "[]" + corePackage + "HeaderValueOption", ""},
				{5, "headers_to_remove", "[]string", ""},
				{6, "response_headers_to_add", "[]" + corePackage + "HeaderValueOption", ""},
			}},
			{"CheckResponse", []schemaField{
				{1, "status", "google.rpc.Status", ""},
				{2, "denied_response", authPackage + "DeniedHttpResponse", "http_response"},
				{3, "ok_response", authPackage + "OkHttpResponse", "http_response"},
				{4, "dynamic_metadata", structOf, ""},
			}},
		},
	},
}

// schemaEnums are the protocol's enumerations, by the full name.
func schemaEnums() map[string]map[int32]string {
	statuses := map[int32]string{0: "Empty", http.StatusOK: "OK"}
	for status := int32(http.StatusMultipleChoices); status < http.StatusInternalServerError; status++ {
		switch status {
		case http.StatusUseProxy, http.StatusTeapot, http.StatusTooEarly, http.StatusUnavailableForLegalReasons, http.StatusRequestEntityTooLarge,
			http.StatusRequestURITooLong, http.StatusRequestedRangeNotSatisfiable: // unknown there, or of another name
			continue
		}
		if text := http.StatusText(int(status)); text != "" {
			statuses[status] = strings.ReplaceAll(text, " ", "")
		}
	}
	return map[string]map[int32]string{
		"envoy.type.v3.StatusCode":             statuses,
		corePackage + "SocketAddress.Protocol": {0: "TCP", 1: "UDP"},
		corePackage + "HeaderValueOption.HeaderAppendAction": {
			0: "APPEND_IF_EXISTS_OR_ADD", 1: "ADD_IF_ABSENT", 2: "OVERWRITE_IF_EXISTS_OR_ADD", 3: "OVERWRITE_IF_EXISTS",
		},
	}
}

// schema is the protocol's description, for reflection and for showing a
// request to a rule.
type schema struct {
	files   *protoregistry.Files
	request protoreflect.MessageDescriptor
}

// newSchema builds the description. It never fails on the table above.
func newSchema() (*schema, error) {
	s := &schema{files: &protoregistry.Files{}}
	enums := schemaEnums()
	for _, file := range extAuthzSchema {
		built, err := protodesc.NewFile(file.describe(enums), s)
		if err == nil {
			err = s.files.RegisterFile(built)
		}
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", file.path, err)
		}
	}
	found, err := s.files.FindDescriptorByName(authPackage + "CheckRequest")
	if err != nil {
		return nil, err
	}
	s.request = found.(protoreflect.MessageDescriptor)
	return s, nil
}

var _ protodesc.Resolver = (*schema)(nil)

// FindFileByPath implements protodesc.Resolver.
func (s *schema) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if found, err := s.files.FindFileByPath(path); err == nil {
		return found, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (s *schema) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if found, err := s.files.FindDescriptorByName(name); err == nil {
		return found, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

// describe gives a file in the form that libraries read.
func (f schemaFile) describe(enums map[string]map[int32]string) *descriptorpb.FileDescriptorProto {
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String(f.path), Package: proto.String(f.pkg), Syntax: proto.String("proto3"), Dependency: f.needs,
	}
	all := map[string]*descriptorpb.DescriptorProto{}
	for _, m := range f.messages {
		built := m.describe(f.pkg, enums)
		all[m.name] = built
		if parent, _, nested := strings.Cut(m.name, "."); nested {
			all[parent].NestedType = append(all[parent].NestedType, built)
		} else {
			file.MessageType = append(file.MessageType, built)
		}
	}
	if f.path == schemaRoot {
		file.Service = []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Authorization"), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: proto.String("Check"), InputType: proto.String("." + authPackage + "CheckRequest"), OutputType: proto.String("." + authPackage + "CheckResponse"),
		}}}}
	}
	if values, has := enums[f.pkg+".StatusCode"]; has {
		file.EnumType = append(file.EnumType, enumOf("StatusCode", values))
	}
	return file
}
