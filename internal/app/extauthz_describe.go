package app

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// describe gives a message with its fields, and the enumerations within it.
func (m schemaMessage) describe(pkg string, enums map[string]map[int32]string) *descriptorpb.DescriptorProto {
	name := m.name[strings.LastIndexByte(m.name, '.')+1:]
	built := &descriptorpb.DescriptorProto{Name: proto.String(name)}
	for _, f := range m.fields {
		field := &descriptorpb.FieldDescriptorProto{
			Name: proto.String(f.name), Number: proto.Int32(f.number), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
		kind, isMap := strings.CutPrefix(f.kind, "map[]")
		if isMap {
			entry := entryOf(f.name, kind)
			built.NestedType = append(built.NestedType, entry)
			kind = "[]" + pkg + "." + m.name + "." + entry.GetName()
		}
		if of, repeated := strings.CutPrefix(kind, "[]"); repeated {
			kind, field.Label = of, descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
		}
		setKind(field, kind, enums)
		if f.choice != "" {
			field.OneofIndex = proto.Int32(choiceOf(built, f.choice))
		}
		built.Field = append(built.Field, field)
		if inner, within := strings.CutPrefix(kind, pkg+"."+m.name+"."); within && enums[kind] != nil {
			built.EnumType = append(built.EnumType, enumOf(inner, enums[kind]))
		}
	}
	return built
}

// entryOf gives the message that protobuf makes of a map's entries.
func entryOf(field, value string) *descriptorpb.DescriptorProto {
	var name strings.Builder
	for word := range strings.SplitSeq(field, "_") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	entry := schemaMessage{name.String() + "Entry", []schemaField{{1, "key", "string", ""}, {2, "value", value, ""}}}.describe("", nil)
	entry.Options = &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)}
	return entry
}

func setKind(field *descriptorpb.FieldDescriptorProto, kind string, enums map[string]map[int32]string) {
	scalar, isScalar := descriptorpb.FieldDescriptorProto_Type_value["TYPE_"+strings.ToUpper(kind)]
	switch {
	case isScalar:
		field.Type = descriptorpb.FieldDescriptorProto_Type(scalar).Enum()
		return
	case enums[kind] != nil:
		field.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
	default:
		field.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	}
	field.TypeName = proto.String("." + kind)
}

// choiceOf gives the index of a oneof, which is made once.
func choiceOf(m *descriptorpb.DescriptorProto, name string) int32 {
	at := slices.IndexFunc(m.OneofDecl, func(o *descriptorpb.OneofDescriptorProto) bool { return o.GetName() == name })
	if at < 0 {
		at = len(m.OneofDecl)
		m.OneofDecl = append(m.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String(name)})
	}
	return int32(at)
}

func enumOf(name string, values map[int32]string) *descriptorpb.EnumDescriptorProto {
	built := &descriptorpb.EnumDescriptorProto{Name: proto.String(name)}
	for _, number := range slices.Sorted(maps.Keys(values)) {
		built.Value = append(built.Value, &descriptorpb.EnumValueDescriptorProto{Name: proto.String(values[number]), Number: proto.Int32(number)})
	}
	return built
}

// attributes gives the attributes of a check as JSON, with this path and these
// headers in place of those that Envoy sent.
func (s *schema) attributes(request []byte, path string, headers map[string]string) ([]byte, error) {
	message := dynamicpb.NewMessage(s.request)
	if err := proto.Unmarshal(request, message); err != nil {
		return nil, errors.New("a check that is malformed")
	}
	attributes := below(message, "attributes")
	http := below(below(attributes, "request"), "http")
	fields := http.Descriptor().Fields()
	http.Set(fields.ByName("path"), protoreflect.ValueOfString(path))
	http.Clear(fields.ByName("header_map"))
	http.Clear(fields.ByName("headers"))
	told := http.Mutable(fields.ByName("headers")).Map()
	for name, value := range headers {
		told.Set(protoreflect.ValueOfString(name).MapKey(), protoreflect.ValueOfString(value))
	}
	return protojson.Marshal(attributes.Interface())
}

// below gives a message within a message.
func below(m protoreflect.Message, name protoreflect.Name) protoreflect.Message {
	return m.Mutable(m.Descriptor().Fields().ByName(name)).Message()
}
