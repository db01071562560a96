package apitest

import (
	"bufio"
	"maps"
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

// Play plays the transcripts of a folder: one scenario a file, each on a stage
// of its own, which set makes after reading the file's comment. A section
// "-- who: METHOD path --" is a request, with headers, an empty line and a
// body where it has them; the section after it is the answer, "-- status --"
// with the headers that matter and the body to the letter. {name} stands for
// an id of the cast, {NAME} for the same in upper case; {new:name} in an
// answer takes whatever id, token or time stands there and names it from then
// on; {any} takes one and forgets it, and … takes anything. Line ends break
// long bodies and mean nothing.
func Play(t *testing.T, folder string, set func(t *testing.T, comment string) *Stage) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := txtar.Parse(text)
			set(t, string(script.Comment)).play(t, script)
		})
	}
}

func (s *Stage) play(t *testing.T, script *txtar.Archive) {
	t.Helper()
	if len(script.Files) == 0 || len(script.Files)%2 != 0 {
		t.Fatal("a transcript alternates requests and answers")
	}
	names := maps.Clone(s.Names)
	for i := 0; i < len(script.Files); i += 2 {
		request, want := script.Files[i], script.Files[i+1]
		who, line, _ := strings.Cut(request.Name, ": ")
		method, path, _ := strings.Cut(line, " ")
		header, body := split(t, Fill(string(request.Data), names))
		got := s.Ask(t, who, method, Fill(path, names), body, header)
		t.Logf("%s -> %d %s", request.Name, got.Status, got.Body)
		compare(t, request.Name, want.Name, string(want.Data), got, names)
		wanted, _ := split(t, string(want.Data))
		s.every(t, request.Name, wanted, got)
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

// Fill puts ids in the place of their names.
func Fill(text string, names map[string]string) string {
	for name, id := range names {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
		text = strings.ReplaceAll(text, "{"+strings.ToUpper(name)+"}", strings.ToUpper(id))
	}
	return text
}

func compare(t *testing.T, request, status, text string, got Answer, names map[string]string) {
	t.Helper()
	wantHeader, wantBody := split(t, Fill(text, names))
	if strconv.Itoa(got.Status) != status || !matches(wantBody, got.Body, names) {
		t.Fatalf("%s\n got: %d %s\nwant: %s %s", request, got.Status, got.Body, status, wantBody)
	}
	for name, values := range wantHeader {
		if len(got.Header[name]) != len(values) || !matches(values[0], got.Header.Get(name), names) {
			t.Fatalf("%s: header %s (-want +got):\n%s", request, name, cmp.Diff(values, got.Header[name]))
		}
	}
}

// hasRequestID is true of every answer of an API.
func hasRequestID(t testing.TB, request string, _ http.Header, got Answer) {
	t.Helper()
	if got.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", request)
	}
}

// matches compares text to the letter, but for {new:name}, {any}, … and line
// ends.
func matches(want, got string, names map[string]string) bool {
	pattern := regexp.QuoteMeta(strings.ReplaceAll(want, "\n", ""))
	pattern = strings.ReplaceAll(pattern, `…`, `.*`)
	pattern = strings.ReplaceAll(pattern, `\{any\}`, `[A-Za-z0-9:._-]+`)
	pattern = regexp.MustCompile(`\\\{new:([a-z]+)\\\}`).ReplaceAllString(pattern, `(?P<$1>[A-Za-z0-9:._-]+)`)
	expression := regexp.MustCompile(`\A` + pattern + `\z`)
	found := expression.FindStringSubmatch(got)
	for i, name := range expression.SubexpNames() {
		if found != nil && name != "" {
			names[name] = found[i]
		}
	}
	return found != nil
}
