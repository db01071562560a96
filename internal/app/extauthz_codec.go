package app

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// wire is a message of Envoy's protocol as it stands on the wire. The
// published Go types would make the program 3 MB larger, for a dozen fields.
type wire struct{ data []byte }

// lenient hands messages of Envoy's protocol over as they come, so that one
// that is malformed or too long is answered and no error of gRPC. All others
// are read as usual.
type lenient struct{ usual encoding.CodecV2 }

var _ encoding.CodecV2 = lenient{}

func newCodec() lenient { return lenient{encoding.GetCodecV2(proto.Name)} }

// Name implements encoding.CodecV2.
func (lenient) Name() string { return proto.Name }

// Marshal implements encoding.CodecV2.
func (c lenient) Marshal(v any) (mem.BufferSlice, error) {
	if message, is := v.(*wire); is {
		return mem.BufferSlice{mem.SliceBuffer(message.data)}, nil
	}
	return c.usual.Marshal(v)
}

// Unmarshal implements encoding.CodecV2. Of what is too long nothing is kept.
func (c lenient) Unmarshal(data mem.BufferSlice, v any) error {
	message, is := v.(*wire)
	if !is && data.Len() > messageLimit {
		return status.Error(codes.ResourceExhausted, "the message is too long")
	}
	if !is {
		return c.usual.Unmarshal(data, v)
	}
	if data.Len() <= messageLimit {
		message.data = data.Materialize()
	}
	return nil
}
