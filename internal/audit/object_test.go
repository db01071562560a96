package audit

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/tenancy"
)

// TestCanonicalBytesAreTheRecordAsJSON: what is written by hand is what the
// fields' tags say, and fails where they would.
func TestCanonicalBytesAreTheRecordAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t)
		want, wantErr := json.Marshal(r)
		got, _, err := Encode(r)
		if (err != nil) != (wantErr != nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("got %s, %v\nwant %s, %v", got, err, want, wantErr)
		}
	})
}

// TestEveryFieldIsWritten is the planted fault of the test above, for a field
// that is added and forgotten: each field alone changes the bytes.
func TestEveryFieldIsWritten(t *testing.T) {
	empty, _, err := Encode(Record{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[Record]().NumField() {
		var r Record
		field := reflect.ValueOf(&r).Elem().Field(i)
		name := reflect.TypeFor[Record]().Field(i).Name
		switch at := field.Addr().Interface().(type) {
		case *time.Time:
			*at = time.Unix(1, 0).UTC()
		case *Hash:
			at[0] = 1
		case *[]Reason:
			*at = []Reason{{}}
		case *[]byte:
			*at = []byte("{}") // kept beside the record
			if got, _, _ := Encode(r); !bytes.Equal(got, empty) {
				t.Errorf("%s is in the bytes", name)
			}
			continue
		default:
			if field.CanInt() {
				field.SetInt(1)
			} else if field.CanUint() {
				field.SetUint(1)
			} else {
				field.SetString("x")
			}
		}
		if got, _, err := Encode(r); err != nil || bytes.Equal(got, empty) {
			t.Errorf("%s is not in the bytes: %s, %v", name, got, err)
		}
	}
}

func anyRecord(t *rapid.T) Record {
	text := rapid.OneOf(rapid.Just(""), rapid.Just("x\"<&\u2028\n\x00"), rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 4), func(b []byte) string { return string(b) }))
	reason := rapid.Custom(func(t *rapid.T) Reason { return Reason{text.Draw(t, "code"), text.Draw(t, "message")} })
	hash := rapid.Custom(func(t *rapid.T) (h Hash) { h[0] = rapid.Byte().Draw(t, "hash"); return h })
	r := Record{
		Seq: rapid.Uint64().Draw(t, "seq"), ID: "id", Revision: tenancy.Revision(rapid.Uint64().Draw(t, "revision")),
		Time:  time.Unix(rapid.SampledFrom([]int64{0, 1, -1 << 40, 1 << 33, math.MaxInt32, 1 << 40}).Draw(t, "time"), rapid.Int64Range(0, 1_999_999_999).Draw(t, "nanos")).UTC(),
		Actor: text.Draw(t, "actor"), Via: "token", Key: text.Draw(t, "key"), Dialect: text.Draw(t, "dialect"), Action: text.Draw(t, "action"),
		Tenant: text.Draw(t, "tenant"), Target: text.Draw(t, "target"), DecisionID: text.Draw(t, "decision"), PolicyRevision: "p",
		Verdict: rapid.SampledFrom([]Verdict{Allowed, Refused, ""}).Draw(t, "verdict"), Reasons: rapid.SliceOfN(reason, 0, 3).Draw(t, "reasons"),
		Unrecorded: rapid.IntRange(-1, 3).Draw(t, "unrecorded"), Prev: hash.Draw(t, "prev"), ActingAs: text.Draw(t, "for"), InputHash: hash.Draw(t, "input"),
		Input: []byte("{}"),
	}
	if rapid.Bool().Draw(t, "without reasons") {
		r.Reasons = nil
	}
	return r
}
