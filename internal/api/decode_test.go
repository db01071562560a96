package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	jsonexp "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/api"
)

// sample is a body like those of the dialects.
type sample struct {
	UserID  *string           `json:"user_id"`
	Enabled bool              `json:"enabled"`
	Count   int               `json:"count"`
	Inner   *inner            `json:"inner"`
	List    []inner           `json:"list"`
	Labels  map[string]string `json:"labels"`
	Any     any               `json:"any"`
}

type inner struct {
	Name string `json:"name"`
}

func TestDecodeRefuses(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	long := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]" }
	rows := []struct {
		name    string
		body    string
		fault   api.Fault
		pointer string
	}{
		{"no body", "", api.FaultMissing, ""},
		{"only space", " \n\t", api.FaultMissing, ""},
		{"malformed", `{"user_id":`, api.FaultSyntax, ""},
		{"no JSON at all", `user_id=1`, api.FaultSyntax, ""},
		{"single quotes", `{'user_id':'a'}`, api.FaultSyntax, ""},
		{"a comment", `{"count":1/**/}`, api.FaultSyntax, ""},
		{"a trailing comma", `{"count":1,}`, api.FaultSyntax, ""},
		{"NaN", `{"count":NaN}`, api.FaultSyntax, ""},
		{"a byte order mark", "\ufeff{}", api.FaultSyntax, ""},
		{"trailing garbage", `{"count":1}x`, api.FaultSyntax, ""},
		{"a second value", `{"count":1}{"count":2}`, api.FaultSyntax, ""},
		{"a second value on its own line", "{}\n{}", api.FaultSyntax, ""},
		{"invalid UTF-8", "{\"user_id\":\"\xff\"}", api.FaultSyntax, ""},
		{"invalid UTF-8 in a key", "{\"\xc3\x28\":1}", api.FaultSyntax, ""},
		{"half a surrogate pair", `{"user_id":"\ud800"}`, api.FaultSyntax, ""},
		{"raw NUL", "{\"user_id\":\"a\x00b\"}", api.FaultSyntax, ""},
		{"NUL", `{"user_id":"a\u0000b"}`, api.FaultValue, "/user_id"},
		{"NUL in a key", `{"labels":{"\u0000":"a"}}`, api.FaultValue, "/labels/\x00"},
		{"NUL deep inside", `{"any":{"a":["b","\u0000"]}}`, api.FaultValue, "/any/a/1"},
		{"a number of very many digits", `{"any":[` + strings.Repeat("9", 200_000) + `]}`, api.FaultValue, "/any/0"},
		{"a fraction of very many digits", `{"any":0.` + strings.Repeat("0", 100_000) + `1}`, api.FaultValue, "/any"},
		{"an exponent beyond all bounds", `{"any":1e99999999}`, api.FaultValue, "/any"},
		{"a key twice", `{"count":1,"count":2}`, api.FaultDuplicate, "/count"},
		{"a key twice, once escaped", `{"count":1,"\u0063ount":2}`, api.FaultDuplicate, "/count"},
		{"an unknown key twice", `{"any":{"x":1,"x":1}}`, api.FaultDuplicate, "/any/x"},
		{"an unknown key", `{"nope":1}`, api.FaultUnknown, "/nope"},
		{"an unknown key inside", `{"inner":{"name":"a","nope":1}}`, api.FaultUnknown, "/inner/nope"},
		{"a number for a text", `{"user_id":1}`, api.FaultType, "/user_id"},
		{"a text for a boolean", `{"enabled":"true"}`, api.FaultType, "/enabled"},
		{"a text for a number", `{"count":"1"}`, api.FaultType, "/count"},
		{"a fraction for an integer", `{"count":1.5}`, api.FaultType, "/count"},
		{"a number over its range", `{"count":9223372036854775808}`, api.FaultType, "/count"},
		{"an object for a text", `{"user_id":{}}`, api.FaultType, "/user_id"},
		{"a list for an object", `[]`, api.FaultType, ""},
		{"a text for an object", `"a"`, api.FaultType, ""},
		{"null for an object", ` null `, api.FaultType, ""},
		{"a wrong element", `{"list":[{"name":"a"},{"name":1}]}`, api.FaultType, "/list/1/name"},
		{"an array over the limit", `{"any":` + long(api.ArrayLimit+1) + `}`, api.FaultTooMany, "/any"},
		{"a nesting bomb", deep(500_000), api.FaultTooDeep, strings.Repeat("/0", api.DepthLimit)},
		{"objects nested", strings.Repeat(`{"any":`, 100) + "1" + strings.Repeat("}", 100), api.FaultTooDeep, strings.Repeat("/any", api.DepthLimit)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var into sample
			err := api.Decode([]byte(row.body), &into, api.DecodeOptions{})
			var wrong *api.InputError
			if !errors.As(err, &wrong) || wrong.Fault != row.fault || wrong.In != api.InBody {
				t.Fatalf("Decode = %#v, want fault %s in the body", err, row.fault)
			}
			if wrong.Pointer() != row.pointer {
				t.Errorf("pointer %q, want %q", wrong.Pointer(), row.pointer)
			}
		})
	}
}

func TestDecodeReads(t *testing.T) {
	id := "u"
	rows := []struct {
		name string
		body string
		opts api.DecodeOptions
		want sample
	}{
		{
			"every type", `{"user_id":"u","enabled":true,"count":-3,"inner":{"name":"n"},"list":[{"name":"a"}],"labels":{"k":"v"},"any":[null]}`,
			api.DecodeOptions{},
			sample{UserID: &id, Enabled: true, Count: -3, Inner: &inner{"n"}, List: []inner{{"a"}}, Labels: map[string]string{"k": "v"}, Any: []any{nil}},
		},
		{
			"numbers of any kind keep their digits", `{"any":[9007199254740993,{"a":[-0.10]},1e2]}`,
			api.DecodeOptions{KeepDigits: true},
			sample{Any: []any{jsontext.Value("9007199254740993"), map[string]any{"a": []any{jsontext.Value("-0.10")}}, jsontext.Value("1e2")}},
		},
		{
			"and beside an unknown key", `{"nope":1,"any":[9007199254740993]}`,
			api.DecodeOptions{IgnoreUnknown: true, KeepDigits: true},
			sample{Any: []any{jsontext.Value("9007199254740993")}},
		},
		{"space around", " \r\n{\"user_id\" : \"u\"}\t", api.DecodeOptions{}, sample{UserID: &id}},
		{"null is nothing", `{"user_id":null,"inner":null}`, api.DecodeOptions{}, sample{}},
		{"no body where none is needed", "", api.DecodeOptions{AllowEmpty: true}, sample{}},
		{"an escaped backslash before u0000", `{"labels":{"k":"\\u0000"}}`, api.DecodeOptions{}, sample{Labels: map[string]string{"k": `\u0000`}}},
		{"an unknown key is ignored", `{"nope":{"deep":[1]},"user_id":"u"}`, api.DecodeOptions{IgnoreUnknown: true}, sample{UserID: &id}},
		{"keys of a map know no case", `{"labels":{"k":"v","K":"w"}}`, api.DecodeOptions{}, sample{Labels: map[string]string{"k": "v", "K": "w"}}},
		{
			"an array at the limit", `{"any":[` + strings.TrimSuffix(strings.Repeat("0,", api.ArrayLimit), ",") + `]}`,
			api.DecodeOptions{},
			sample{Any: repeat(0.0, api.ArrayLimit)},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got sample
			if err := api.Decode([]byte(row.body), &got, row.opts); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

// kept is an object that a dialect reads by itself.
type kept struct{ members map[string]any }

func (k *kept) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	return jsonexp.UnmarshalDecode(from, &k.members)
}

// Numbers keep their digits there, too.
func TestDecodeKeepsDigitsInObjectsThatReadThemselves(t *testing.T) {
	var got kept
	if err := api.Decode([]byte(`{"n":9007199254740993}`), &got, api.DecodeOptions{KeepDigits: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"n": jsontext.Value("9007199254740993")}, got.members); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func repeat(v any, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v
	}
	return list
}

// A key in another case is refused although unknown keys are ignored.
func TestDecodeRefusesAnotherCase(t *testing.T) {
	rows := []struct {
		name, body, pointer string
	}{
		{"at the top", `{"USER_ID":"u"}`, "/USER_ID"},
		{"beside the known one", `{"user_id":"u","User_Id":"v"}`, "/User_Id"},
		{"in an object", `{"inner":{"Name":"n"}}`, "/inner/Name"},
		{"in a list", `{"list":[{"name":"a"},{"nAme":"b"}]}`, "/list/1/nAme"},
		{"after an unknown one", `{"nope":1,"Count":1}`, "/Count"},
		{"with a letter that folds to ASCII", `{"li\u017ft":[]}`, "/liſt"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var wrong *api.InputError
			err := api.Decode([]byte(row.body), &sample{}, api.DecodeOptions{IgnoreUnknown: true})
			if !errors.As(err, &wrong) || wrong.Fault != api.FaultCase || wrong.Pointer() != row.pointer {
				t.Errorf("Decode = %v, want another case at %s", err, row.pointer)
			}
		})
	}
}

// FuzzDecode holds what is accepted against encoding/json: both read the same
// value, and an independent scan finds no key twice, no long list and no NUL.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `"a"`, `1e3`, `{"user_id":"u","count":1}`, `{"a":1,"a":2}`, `{"a":1,"A":2}`, "{\"a\":\"\xff\"}", `{"a":"\u0000"}`,
		`{"a":"\ud83d\ude00"}`, `{"a":"\ud800"}`, `{} {}`, `[[[[]]]]`, `{"a":{"a":{}}}`, `1e400`, `-0`, "\ufeff{}", `{"":""}`, `{"a/~b":[1,{"c":1,"c":2}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		given := bytes.Clone(data)
		strict := api.Decode(data, &sample{}, api.DecodeOptions{})
		lenient := api.Decode(data, &sample{}, api.DecodeOptions{IgnoreUnknown: true})
		if strict == nil && lenient != nil {
			t.Fatalf("the stricter reading accepts what the other refuses: %v", lenient)
		}
		var value any
		err := api.Decode(data, &value, api.DecodeOptions{KeepDigits: true})
		if !bytes.Equal(given, data) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			var wrong *api.InputError
			if !errors.As(err, &wrong) || wrong.In != api.InBody || wrong.Msg == "" {
				t.Fatalf("Decode = %#v, want an *InputError", err)
			}
			return
		}
		var standard any
		exact := json.NewDecoder(bytes.NewReader(data))
		exact.UseNumber()
		if err := exact.Decode(&standard); err != nil {
			t.Fatalf("encoding/json refuses what Decode accepts: %v", err)
		}
		standard = asWritten(standard)
		if diff := cmp.Diff(standard, value); diff != "" {
			t.Fatalf("Decode reads another value than encoding/json (-json +Decode):\n%s", diff)
		}
		if fault := independentScan(json.NewDecoder(bytes.NewReader(data))); fault != "" {
			t.Fatalf("Decode accepted %s", fault)
		}
	})
}

// asWritten puts the numbers of encoding/json into the form of Decode's.
func asWritten(value any) any {
	switch v := value.(type) {
	case json.Number:
		return jsontext.Value(v)
	case []any:
		for i := range v {
			v[i] = asWritten(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = asWritten(v[name])
		}
	}
	return value
}

// independentScan walks one value with encoding/json and names what should
// have been refused; "" for nothing.
func independentScan(dec *json.Decoder) string {
	dec.UseNumber()
	fault := scanValue(dec, 0)
	if _, err := dec.Token(); fault == "" && !errors.Is(err, io.EOF) {
		return "a second value"
	}
	return fault
}

func scanValue(dec *json.Decoder, depth int) string {
	token, err := dec.Token()
	if err != nil {
		return err.Error()
	}
	if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
		return "NUL"
	}
	open, ok := token.(json.Delim)
	if !ok {
		return ""
	}
	if depth == api.DepthLimit {
		return "deep nesting"
	}
	keys := map[string]bool{}
	for length := 1; dec.More(); length++ {
		if open == '[' && length > api.ArrayLimit {
			return "a long list"
		}
		if open == '{' {
			key, _ := dec.Token()
			if keys[key.(string)] || strings.ContainsRune(key.(string), 0) {
				return "a key twice, or with NUL"
			}
			keys[key.(string)] = true
		}
		if fault := scanValue(dec, depth+1); fault != "" {
			return fault
		}
	}
	_, _ = dec.Token() // the end of the list or object
	return ""
}

// The independent scan is able to fail.
func TestIndependentScanFindsFaults(t *testing.T) {
	for _, body := range []string{`{"a":1,"a":2}`, `{} {}`, `["\u0000"]`, strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if independentScan(json.NewDecoder(strings.NewReader(body))) == "" {
			t.Errorf("nothing found in %s", body)
		}
	}
}
