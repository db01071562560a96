package apitest

import "testing"

// The comparison is able to fail.
func TestMatchesIsExact(t *testing.T) {
	names := map[string]string{}
	for _, row := range []struct {
		want, got string
		same      bool
	}{
		{`{"id":"{new:x}"}`, `{"id":"0190"}`, true},
		{`{"id":"{new:x}"}`, `{"id":""}`, false},
		{`{"id":"{new:x}"}`, `{"id":"a","b":"c"}`, false},
		{`{"id":"{any}"}`, `{"id":"2026-11-22T04:00:00Z"}`, true},
		{`{"id":"{any}"}`, `{"id":null}`, false},
		{"{\"a\":1,\n\"b\":2}", `{"a":1,"b":2}`, true},
		{`{"a":…}`, `{"a":{"b":2}}`, true},
		{`{"a":…}`, `{"b":1}`, false},
		{`{"a":1}`, `{"a":1} `, false},
		{`[a-z]`, `a`, false},
	} {
		if matches(row.want, row.got, names) != row.same {
			t.Errorf("matches(%s, %s) = %v", row.want, row.got, !row.same)
		}
	}
	if names["x"] != "0190" {
		t.Errorf("x is %q, want what stood in its place", names["x"])
	}
}
