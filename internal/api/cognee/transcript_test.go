package cognee_test

import (
	"bufio"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// The transcripts: one scenario a file, each on a stage of its own. A section
// "-- who: METHOD path --" is a request, with headers, an empty line and a
// body where it has them; the section after it is the answer, "-- status --"
// with the headers that matter and the body to the letter. {name} stands for
// an id of the cast; {new:name} in an answer takes whatever id or token stands
// there and names it from then on.
const transcripts = "../../../testdata/dialects/cognee"

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(transcripts, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", transcripts, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, txtar.Parse(text))
		})
	}
}

func play(t *testing.T, script *txtar.Archive) {
	t.Helper()
	if len(script.Files) == 0 || len(script.Files)%2 != 0 {
		t.Fatal("a transcript alternates requests and answers")
	}
	s := set(t, directions{closed: strings.Contains(string(script.Comment), "Self-registration is off.")})
	names := map[string]string{}
	for name, id := range cast {
		names[name] = id
	}
	for i := 0; i < len(script.Files); i += 2 {
		request, want := script.Files[i], script.Files[i+1]
		who, line, _ := strings.Cut(request.Name, ": ")
		method, path, _ := strings.Cut(line, " ")
		header, body := split(t, fill(string(request.Data), names))
		got := s.ask(t, who, method, fill(path, names), body, header)
		t.Logf("%s -> %d %s", request.Name, got.status, got.body)
		compare(t, request.Name, want.Name, string(want.Data), got, names)
	}
}

// split parts headers from a body: headers stand first and end with an empty
// line.
func split(t *testing.T, text string) (http.Header, string) {
	t.Helper()
	text = strings.TrimSuffix(text, "\n")
	if !regexp.MustCompile(`\A[A-Z][A-Za-z-]*: `).MatchString(text) {
		return nil, text
	}
	head, body, _ := strings.Cut(text+"\n", "\n\n")
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.TrimSuffix(head, "\n") + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("headers of a transcript: %v", err)
	}
	return http.Header(header), strings.TrimSuffix(body, "\n")
}

// fill puts the ids in the place of their names.
func fill(text string, names map[string]string) string {
	for name, id := range names {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
		text = strings.ReplaceAll(text, "{"+strings.ToUpper(name)+"}", strings.ToUpper(id))
	}
	return text
}

func compare(t *testing.T, request, status, text string, got answer, names map[string]string) {
	t.Helper()
	wantHeader, wantBody := split(t, fill(text, names))
	if strconv.Itoa(got.status) != status || !matches(wantBody, got.body, names) {
		t.Fatalf("%s\n got: %d %s\nwant: %s %s", request, got.status, got.body, status, wantBody)
	}
	for name, values := range wantHeader {
		if len(got.header[name]) != len(values) || !matches(values[0], got.header.Get(name), names) {
			t.Fatalf("%s: header %s (-want +got):\n%s", request, name, cmp.Diff(values, got.header[name]))
		}
	}
	if got.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", request)
	}
}

// matches compares text to the letter, but for {new:name}.
func matches(want, got string, names map[string]string) bool {
	placeholder := regexp.MustCompile(`\\\{new:([a-z]+)\\\}`)
	pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(want), `(?P<$1>[A-Za-z0-9._:-]+)`)
	expression := regexp.MustCompile(`\A` + pattern + `\z`)
	found := expression.FindStringSubmatch(got)
	for i, name := range expression.SubexpNames() {
		if found != nil && name != "" {
			names[name] = found[i]
		}
	}
	return found != nil
}

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
		{`{"a":1}`, `{"a":1} `, false},
		{`[a-z]`, `a`, false},
	} {
		if matches(row.want, row.got, names) != row.same {
			t.Errorf("matches(%s, %s) = %v", row.want, row.got, !row.same)
		}
	}
}
