package proxy

import "testing"

// TestParsedBody: what a rule for Envoy finds as parsed_body and
// truncated_body, in the plugin's way.
func TestParsedBody(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	for name, tt := range map[string]struct {
		media, body, length string
		want                string
		truncated, refused  bool
	}{
		"JSON":                       {media: "application/json", body: `{"a":[1]}`, want: `{"a":[1]}`},
		"a form":                     {media: form, body: "a=1+2%21", want: `{"a":["1 2!"]}`},
		"a form, a field twice":      {media: form, body: "a=1&a=2", want: `{"a":["1","2"]}`},
		"a form, as long as said":    {media: form, body: "a=1", length: "3", want: `{"a":["1"]}`},
		"a form that is cut off":     {media: form, body: "a=1", length: "4", want: "null", truncated: true},
		"a malformed form":           {media: form, body: "a=%zz", want: "null", refused: true},
		"a form with ;":              {media: form, body: "a=1;b=2", want: "null", refused: true},
		"a form that is no UTF-8":    {media: form, body: "a=%ff", want: "null", refused: true},
		"JSON that claims both":      {media: "application/json, " + form, body: `{"a":1}`, want: `{"a":1}`},
		"a form that claims both":    {media: form + ", application/json", body: "a=1", want: "null", refused: true},
		"JSON with a huge number":    {media: "application/json", body: `{"a":1e99999}`, want: "null", refused: true},
		"something else":             {media: "text/plain", body: "a=1", want: "null"},
		"nothing":                    {media: form, want: "null"},
		"a length that is no length": {media: form, body: "a=1", length: "x", want: "null", refused: true},
	} {
		headers := map[string]string{"content-type": tt.media}
		if tt.length != "" {
			headers["content-length"] = tt.length
		}
		got, truncated, err := parsedBody(headers, tt.body)
		if got != tt.want || truncated != tt.truncated || (err != nil) != tt.refused {
			t.Errorf("%s: %s, truncated %t, %v; want %s, %t, refused %t", name, got, truncated, err, tt.want, tt.truncated, tt.refused)
		}
	}
}
