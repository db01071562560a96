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
	var r checkReader
	ok = readFields(data, r.within(1, r.attributes))
	r.Body = r.body + r.rawBody
	r.Header = r.plain
	if len(r.raw) > 0 {
		r.Header = r.raw // repeated headers are several there
	}
	return r.EnvoyCheck, ok && (r.body == "" || r.rawBody == "") && r.agree()
}

// checkReader collects what is read of a check. Its methods take the fields of
// one message each, and skip what nobody wants.
type checkReader struct {
	proxy.EnvoyCheck
	headerForms
	body, rawBody string
	seen          [seenFields]bool
}

// The messages and texts that may be there once.
const (
	seenAttributes = iota
	seenRequest
	seenHTTP
	seenHeaderMap
	seenPeer
	seenAddress
	seenSocket
	seenSource
	seenText   // the fields of request.http follow, by number
	seenFields = seenText + 14
)

// taker takes one field that has bytes; wanted is false for what it skips.
type taker func(number protowire.Number, data []byte) (wanted, ok bool)

// once reports whether something is seen for the first time.
func (r *checkReader) once(what int) bool {
	first := !r.seen[what]
	r.seen[what] = true
	return first
}

// within takes the message attributes.
func (r *checkReader) within(number protowire.Number, take taker) taker {
	return func(n protowire.Number, data []byte) (bool, bool) {
		return n == number, n != number || r.once(seenAttributes) && readFields(data, take)
	}
}

func (r *checkReader) attributes(number protowire.Number, data []byte) (wanted, ok bool) {
	switch number {
	case 1: // source
		return true, r.once(seenPeer) && readFields(data, r.peer)
	case 4: // request
		return true, r.once(seenRequest) && readFields(data, r.request)
	}
	return false, true
}

func (r *checkReader) peer(number protowire.Number, data []byte) (wanted, ok bool) {
	if number != 1 { // address
		return false, true
	}
	return true, r.once(seenAddress) && readFields(data, r.address)
}

func (r *checkReader) address(number protowire.Number, data []byte) (wanted, ok bool) {
	if number != 1 { // socket_address
		return false, true
	}
	return true, r.once(seenSocket) && readFields(data, r.socket)
}

func (r *checkReader) socket(number protowire.Number, data []byte) (wanted, ok bool) {
	if number != 2 { // address
		return false, true
	}
	r.Source = string(data)
	return true, r.once(seenSource)
}

func (r *checkReader) request(number protowire.Number, data []byte) (wanted, ok bool) {
	if number != 2 { // http
		return false, true
	}
	return true, r.once(seenHTTP) && readFields(data, r.http)
}

func (r *checkReader) http(number protowire.Number, data []byte) (wanted, ok bool) {
	var into *string
	switch number {
	case 2:
		into = &r.Method
	case 3:
		return true, r.entry(data)
	case 4:
		into = &r.Path
	case 5:
		into = &r.Host
	case 6:
		into = &r.Scheme
	case 11:
		into = &r.body
	case 12:
		into = &r.rawBody
	case 13:
		return true, r.once(seenHeaderMap) && readFields(data, r.listed)
	default:
		return false, true
	}
	*into = string(data)
	return true, r.once(seenText + int(number))
}

func (r *checkReader) listed(number protowire.Number, data []byte) (wanted, ok bool) {
	if number != 1 {
		return false, true
	}
	return true, r.value(data)
}

// readFields hands the fields of a message to who takes them.
func readFields(data []byte, take taker) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		rest := data[n:]
		if n = protowire.ConsumeFieldValue(number, kind, rest); n < 0 {
			return false
		}
		var value []byte
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(rest)
		}
		if wanted, ok := take(number, value); !ok || wanted && kind != protowire.BytesType {
			return false
		}
		data = rest[n:]
	}
	return true
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
	f, raw, ok := readHeader(data)
	h.plain = append(h.plain, f)
	return ok && raw == ""
}

// value takes one of the list header_map: its value is a text or bytes.
func (h *headerForms) value(data []byte) bool {
	f, raw, ok := readHeader(data)
	if f.Value != "" && raw != "" {
		return false
	}
	f.Value += raw
	h.raw = append(h.raw, f)
	return ok
}

// readHeader reads a name, a value and a value in bytes, each at most once.
func readHeader(data []byte) (f proxy.Field, raw string, ok bool) {
	var seen [4]bool
	ok = readFields(data, func(number protowire.Number, data []byte) (wanted, ok bool) {
		if number < 1 || number > 3 {
			return false, true
		}
		*[...]*string{&f.Name, &f.Value, &raw}[number-1] = string(data)
		first := !seen[number]
		seen[number] = true
		return true, first
	})
	return f, raw, ok
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
	to = appendMessage(slices.Grow(to, 1024), 1, nil) // google.rpc.Status: OK
	ok := appendHeaders(make([]byte, 0, 768), 2, verdict.Headers)
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
		pair := 2*protowire.SizeTag(1) + protowire.SizeBytes(len(f.Name)) + protowire.SizeBytes(len(f.Value))
		option := 2*protowire.SizeTag(1) + protowire.SizeBytes(pair) + protowire.SizeVarint(action)
		to = protowire.AppendVarint(protowire.AppendTag(to, number, protowire.BytesType), uint64(option))
		to = protowire.AppendVarint(protowire.AppendTag(to, 1, protowire.BytesType), uint64(pair))
		to = protowire.AppendString(protowire.AppendTag(to, 1, protowire.BytesType), f.Name)
		to = protowire.AppendString(protowire.AppendTag(to, 2, protowire.BytesType), f.Value)
		to = appendNumber(to, 3, action)
	}
	return to
}

func appendMessage(to []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), data)
}

func appendNumber(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}
