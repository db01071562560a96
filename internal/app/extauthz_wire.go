package app

import (
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/memberward/memberward/internal/proxy"
)

// readCheck reads envoy.service.auth.v3.CheckRequest. It reports false for
// what is malformed, for a message or text that is there twice, and for
// headers that are told in two ways: protobuf merges what is repeated, and
// somebody else may take the other one.
func readCheck(data []byte) (check proxy.EnvoyCheck, ok bool) {
	var both headerForms
	http := fields{
		2: one(&check.Method), 3: both.entry, 4: one(&check.Path), 5: one(&check.Host), 6: one(&check.Scheme), 13: within(fields{1: both.value}),
	}
	attributes := fields{
		1: within(fields{1: within(fields{1: within(fields{2: one(&check.Source)})})}), // source.address.socket_address.address
		4: within(fields{2: within(http)}),                                             // request.http
	}
	ok = fields{1: within(attributes)}.read(data)
	check.Header = append(both.plain, both.raw...)
	return check, ok && (len(both.plain) == 0 || len(both.raw) == 0)
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

// overwrite is HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD: what the request
// has under the name is not ours.
const overwrite = 2

// appendAllowed writes a CheckResponse with an OkHttpResponse.
func appendAllowed(to []byte, verdict proxy.EnvoyVerdict) []byte {
	to = appendMessage(to, 1, nil) // google.rpc.Status: OK
	ok := appendHeaders(nil, verdict.Headers)
	for _, name := range verdict.Remove {
		ok = appendMessage(ok, 5, []byte(name))
	}
	return appendMessage(to, 3, ok)
}

// appendDenied writes a CheckResponse with a DeniedHttpResponse.
func appendDenied(to []byte, verdict proxy.EnvoyVerdict) []byte {
	status, code := http.StatusForbidden, codes.PermissionDenied
	if verdict.Status == http.StatusUnauthorized {
		status, code = verdict.Status, codes.Unauthenticated
	}
	to = appendMessage(to, 1, appendNumber(nil, 1, uint64(code)))
	return appendMessage(to, 2, appendHeaders(appendMessage(nil, 1, appendNumber(nil, 1, uint64(status))), verdict.Headers))
}

// appendHeaders writes HeaderValueOptions, which have the number 2 in both
// kinds of answer.
func appendHeaders(to []byte, headers []proxy.Field) []byte {
	for _, f := range headers {
		pair := appendMessage(appendMessage(nil, 1, []byte(f.Name)), 2, []byte(f.Value))
		to = appendMessage(to, 2, appendNumber(appendMessage(nil, 1, pair), 3, overwrite))
	}
	return to
}

func appendMessage(to []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), data)
}

func appendNumber(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}
