package app

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/memberward/memberward/internal/proxy"
)

// readCheck reads envoy.service.auth.v3.CheckRequest. It reports false for
// what is malformed, for a message or text that is there twice, and for
// headers that are told in two ways: protobuf merges what is repeated, and
// somebody else may take the other one.
func readCheck(data []byte) (check proxy.EnvoyCheck, ok bool) {
	var both headerForms
	var body, raw string
	http := fields{
		2: one(&check.Method), 3: both.entry, 4: one(&check.Path), 5: one(&check.Host), 6: one(&check.Scheme), 11: one(&body), 12: one(&raw),
		13: within(fields{1: both.value}),
	}
	attributes := fields{
		1: within(fields{1: within(fields{1: within(fields{2: one(&check.Source)})})}), // source.address.socket_address.address
		4: within(fields{2: within(http)}),                                             // request.http
	}
	ok = fields{1: within(attributes)}.read(data)
	check.Body = body + raw
	check.Header = both.plain
	if len(both.raw) > 0 {
		check.Header = both.raw // repeated headers are several there
	}
	return check, ok && (body == "" || raw == "") && both.agree()
}

// fields says who takes the fields of a message that have bytes, by number.
// Others are skipped.
type fields map[protowire.Number]func([]byte) bool

func (f fields) read(data []byte) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		data = data[n:]
		take, wanted := f[number]
		if !wanted {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return false
			}
			data = data[n:]
			continue
		}
		if kind != protowire.BytesType {
			return false
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 || !take(value) {
			return false
		}
		data = data[n:]
	}
	return true
}

// within reads a message that may be there once.
func within(f fields) func([]byte) bool {
	seen := false
	return func(data []byte) bool {
		if seen {
			return false
		}
		seen = true
		return f.read(data)
	}
}

// one takes a text that may be there once.
func one(into *string) func([]byte) bool {
	seen := false
	return func(data []byte) bool {
		if seen {
			return false
		}
		seen = true
		*into = string(data)
		return true
	}
}

// headerForms are the two forms in which Envoy tells headers.
type headerForms struct{ plain, raw []proxy.Field }

// agree reports whether there is one form, or two that say the same.
func (h *headerForms) agree() bool {
	return len(h.plain) == 0 || len(h.raw) == 0 || maps.Equal(joined(h.plain), joined(h.raw))
}

// joined gives the values by name in lower case, those of one name as the map
// joins them.
func joined(headers []proxy.Field) map[string]string {
	values := map[string]string{}
	for _, f := range headers {
		name := strings.ToLower(f.Name)
		if before, repeated := values[name]; repeated {
			f.Value = before + "," + f.Value
		}
		values[name] = f.Value
	}
	return values
}

// entry takes one of the map headers, where what is repeated is joined.
func (h *headerForms) entry(data []byte) bool {
	var f proxy.Field
	ok := fields{1: one(&f.Name), 2: one(&f.Value)}.read(data)
	h.plain = append(h.plain, f)
	return ok
}

// value takes one of the list header_map: its value is a text or bytes.
func (h *headerForms) value(data []byte) bool {
	var f proxy.Field
	var raw string
	ok := fields{1: one(&f.Name), 2: one(&f.Value), 3: one(&raw)}.read(data)
	if f.Value != "" && raw != "" {
		return false
	}
	f.Value += raw
	h.raw = append(h.raw, f)
	return ok
}

// What becomes of a header that is there already
// (HeaderValueOption.HeaderAppendAction): what the request has under the name
// is not ours; what we said before stays.
const (
	beside    = 0 // APPEND_IF_EXISTS_OR_ADD
	overwrite = 2 // OVERWRITE_IF_EXISTS_OR_ADD
)

// appendAllowed writes a CheckResponse with an OkHttpResponse.
func appendAllowed(to []byte, verdict proxy.EnvoyVerdict) []byte {
	to = appendMessage(to, 1, nil) // google.rpc.Status: OK
	ok := appendHeaders(nil, 2, verdict.Headers)
	for _, name := range verdict.Remove {
		ok = appendMessage(ok, 5, []byte(name))
	}
	to = appendMessage(to, 3, appendHeaders(ok, 6, verdict.ToClient))
	return appendMetadata(to, verdict.Metadata)
}

// appendDenied writes a CheckResponse with a DeniedHttpResponse.
func appendDenied(to []byte, verdict proxy.EnvoyVerdict) []byte {
	status, code := verdict.Status, codes.PermissionDenied
	switch {
	case status == http.StatusUnauthorized:
		code = codes.Unauthenticated
	case status < http.StatusMultipleChoices || status >= http.StatusInternalServerError:
		status = http.StatusForbidden
	}
	to = appendMessage(to, 1, appendNumber(nil, 1, uint64(code)))
	denied := appendHeaders(appendMessage(nil, 1, appendNumber(nil, 1, uint64(status))), 2, verdict.Headers)
	if verdict.Body != "" {
		denied = appendMessage(denied, 3, []byte(verdict.Body))
	}
	return appendMetadata(appendMessage(to, 2, denied), verdict.Metadata)
}

// appendMetadata writes the dynamic metadata of either kind of answer, a
// google.protobuf.Struct. What is none is left out: it decides nothing.
func appendMetadata(to, object []byte) []byte {
	values := &structpb.Struct{}
	if len(object) == 0 || values.UnmarshalJSON(object) != nil {
		return to
	}
	data, err := proto.Marshal(values)
	if err != nil {
		return to
	}
	return appendMessage(to, 4, data)
}

// appendHeaders writes HeaderValueOptions under a number.
func appendHeaders(to []byte, number protowire.Number, headers []proxy.Field) []byte {
	for i, f := range headers {
		action := uint64(overwrite)
		if slices.ContainsFunc(headers[:i], func(before proxy.Field) bool { return before.Name == f.Name }) {
			action = beside
		}
		pair := appendMessage(appendMessage(nil, 1, []byte(f.Name)), 2, []byte(f.Value))
		to = appendMessage(to, number, appendNumber(appendMessage(nil, 1, pair), 3, action))
	}
	return to
}

func appendMessage(to []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), data)
}

func appendNumber(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}
