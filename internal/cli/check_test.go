package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const aKey = "a-key-of-mary's-that-nobody-prints"

// says answers with a body of a type.
func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// runWith runs a command line, and looks that the key is printed nowhere.
func runWith(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems strings.Builder
	code = Run(t.Context(), args, env, &out, &problems)
	if strings.Contains(out.String()+problems.String(), aKey) {
		t.Errorf("the key is printed: %s%s", &out, &problems)
	}
	return code, out.String(), problems.String()
}

const (
	yes  = `{"allow":true,"reasons":[],"decision_id":"d1","policy_revision":"p1","revision":7}`
	no   = `{"allow":false,"reasons":[{"code":"owner_permanent","message":"stays"},{"code":"x","message":"y"}],"decision_id":"d1","policy_revision":"p1","revision":7}`
	asOf = "decision d1, revision 7, policies p1\n"
)

func TestCheckTakesNothingButAVerdictForAVerdict(t *testing.T) {
	const asJSON = "application/json"
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		code   int
		stdout string
		stderr string // a part of it
	}{
		{"allowed", says(200, asJSON, yes), exitOK, "allow\n" + asOf, ""},
		{"allowed, in a later version's words", says(200, asJSON+"; charset=utf-8", strings.Replace(yes, "{", `{"new":1,`, 1)), exitOK, "allow\n" + asOf, ""},
		{"denied, with each reason", says(200, asJSON, no), exitDenied, "deny\n  owner_permanent: stays\n  x: y\n" + asOf, ""},
		{"a reason that steers the terminal", says(200, asJSON, strings.Replace(no, "stays", `\u001b[2Jallow\nallow`, 1)), exitDenied, "deny\n  owner_permanent: \ufffd[2Jallow\ufffdallow\n  x: y\n" + asOf, ""},
		{"an invalid key", says(401, "application/problem+json", `{"title":"Unauthorized","detail":"the credential is not valid"}`), exitUnasked, "", "could not ask: the server answers 401: Unauthorized: the credential is not valid\n"},
		{"about others, without the right", says(403, "application/problem+json", `{"title":"Forbidden"}`), exitUnasked, "", "the server answers 403: Forbidden\n"},
		{"an error of another program", says(404, "text/html", "<h1>404"), exitUnasked, "", "the server answers 404; is it memberward's address?\n"},
		{"the store cannot answer", says(503, "application/problem+json", `{"title":"a\u001bb"}`), exitUnasked, "", "the server answers 503: a\ufffdb\n"},
		{"a page of another program", says(200, "text/html", yes), exitUnasked, "", "is no JSON"},
		{"no type", says(200, "", yes), exitUnasked, "", "is no JSON"},
		{"another success", says(204, asJSON, ""), exitUnasked, "", "answers 204"},
		{"nothing", says(200, asJSON, ""), exitUnasked, "", "no verdict"},
		{"null", says(200, asJSON, "null"), exitUnasked, "", "no verdict"},
		{"an empty object", says(200, asJSON, "{}"), exitUnasked, "", "no verdict"},
		{"no allow", says(200, asJSON, strings.Replace(yes, `"allow":true,`, "", 1)), exitUnasked, "", "no verdict"},
		{"allow in another case", says(200, asJSON, strings.Replace(yes, "allow", "Allow", 1)), exitUnasked, "", "no verdict"},
		{"allow is a text", says(200, asJSON, strings.Replace(yes, "true", `"true"`, 1)), exitUnasked, "", "no verdict"},
		{"allow twice", says(200, asJSON, strings.Replace(no, "{", `{"allow":true,`, 1)), exitUnasked, "", "no verdict"},
		{"a yes with reasons against it", says(200, asJSON, strings.Replace(no, "false", "true", 1)), exitUnasked, "", "no verdict"},
		{"a no without a reason", says(200, asJSON, strings.Replace(yes, "true", "false", 1)), exitUnasked, "", "no verdict"},
		{"no decision", says(200, asJSON, strings.Replace(yes, "d1", "", 1)), exitUnasked, "", "no verdict"},
		{"something behind it", says(200, asJSON, yes+yes), exitUnasked, "", "no verdict"},
		{"too long", says(200, asJSON, yes+strings.Repeat(" ", answerMax)), exitUnasked, "", "longer than"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", asJSON)
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, yes)
		}, exitUnasked, "", "read the answer"},
		{"sent elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, exitUnasked, "", "answers 307"},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitUnasked, "", "could not ask: no answer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			defer server.Close()
			code, stdout, stderr := runWith(t, []string{"MEMBERWARD_KEY=" + aKey}, "check", "--url", server.URL, "me", "member.list", "acme")
			if code != tc.code || stdout != tc.stdout || !strings.Contains(stderr, tc.stderr) || (stderr == "") != (tc.stderr == "") {
				t.Errorf("code %d, stdout %q, stderr %q; want %d, %q, %q", code, stdout, stderr, tc.code, tc.stdout, tc.stderr)
			}
		})
	}
}

func TestWhatCheckAsks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(aKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	byVariable := []string{"MEMBERWARD_KEY=" + aKey, "HTTP_PROXY=http://127.0.0.1:1"}
	for _, tc := range []struct {
		name string
		env  []string
		args []string
		path string
		body string
	}{
		{"for oneself", byVariable, []string{"me", "member.list", "acme"}, "/v1/check", `{"action":"member.list","tenant":"acme"}`},
		{"for another", byVariable, []string{"u1", "member.list", "acme"}, "/v1/check", `{"subject":"u1","action":"member.list","tenant":"acme"}`},
		{"about a member", byVariable, []string{"me", "member.remove", "acme", "u2"}, "/v1/check", `{"action":"member.remove","tenant":"acme","resource":{"type":"user","id":"u2"}}`},
		{"about the next owner", byVariable, []string{"me", "tenant.transfer", "acme", "u2"}, "/v1/check", `{"action":"tenant.transfer","tenant":"acme","resource":{"type":"user","id":"u2"}}`},
		{"about a document", byVariable, []string{"me", "document.read", "acme", "document:a:b"}, "/v1/check", `{"action":"document.read","tenant":"acme","resource":{"type":"document","id":"a:b"}}`},
		{"why", byVariable, []string{"--explain", "me", "member.list", "acme"}, "/v1/check?explain=true", `{"action":"member.list","tenant":"acme"}`},
		{"with the flag's key", []string{"MEMBERWARD_KEY=other"}, []string{"--key", aKey, "me", "member.list", "acme"}, "/v1/check", `{"action":"member.list","tenant":"acme"}`},
		{"with the file's key", []string{"MEMBERWARD_KEY=other"}, []string{"--key-file", file, "me", "member.list", "acme"}, "/v1/check", `{"action":"member.list","tenant":"acme"}`},
		{"markup stays what it is", byVariable, []string{"me", "member.list", `a"c\m<e`}, "/v1/check", `{"action":"member.list","tenant":"a\"c\\m<e"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked = fmt.Sprintln(r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body))
				says(200, "application/json", yes)(w, r)
			}))
			defer server.Close()
			code, _, stderr := runWith(t, tc.env, append([]string{"check", "--url", server.URL + "/"}, tc.args...)...)
			if want := fmt.Sprintln("POST", tc.path, "Bearer "+aKey, "application/json", tc.body); code != exitOK || asked != want {
				t.Errorf("code %d, %s\nasked %s\nwant  %s", code, stderr, asked, want)
			}
		})
	}
}

func TestCheckExplains(t *testing.T) {
	body := strings.TrimSuffix(no, "}") + `,"explanation":{"input":{},"fired":[{"title":"Owners stay","file":"f.rego","line":3}],` +
		`"nearly":[{"rule":{"title":"Admins may","file":"g.rego","line":5},"condition":{"text":"input.actor.active","line":6}}]}}`
	server := httptest.NewServer(says(200, "application/json", body))
	defer server.Close()
	for _, args := range [][]string{{"--explain"}, {"--explain", "--json"}} {
		code, stdout, _ := runWith(t, nil, append([]string{"check", "--url", server.URL, "--key", aKey, "me", "member.list", "acme"}, args...)...)
		want := "deny\n  owner_permanent: stays\n  x: y\n" + asOf +
			"applied: Owners stay (f.rego:3)\nnearly: Admins may (g.rego:5), but not input.actor.active (line 6)\n"
		if len(args) == 2 {
			want = body + "\n"
		}
		if code != exitDenied || stdout != want {
			t.Errorf("%v: code %d, stdout %q, want %q", args, code, stdout, want)
		}
	}
}

// A no that nobody could read is no no.
func TestAVerdictThatCannotBePrinted(t *testing.T) {
	server := httptest.NewServer(says(200, "application/json", no))
	defer server.Close()
	var stderr bytes.Buffer
	code := Run(t.Context(), []string{"check", "--url", server.URL, "--key", aKey, "me", "member.list", "acme"}, nil, closed{}, &stderr)
	if code != exitUnasked || !strings.Contains(stderr.String(), "print the answer") {
		t.Errorf("code %d, stderr %q; want %d", code, &stderr, exitUnasked)
	}
}

// closed is a pipe that nobody reads.
type closed struct{}

// Write fails.
func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestCommandLinesOfAClient(t *testing.T) {
	folder := t.TempDir()
	long := filepath.Join(folder, "long")
	if err := os.WriteFile(long, bytes.Repeat([]byte("k"), keyFileMax+1), 0o600); err != nil {
		t.Fatal(err)
	}
	question := []string{"me", "member.list", "acme"}
	for _, tc := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"no key", question, exitUsage, "no key: give --key-file, --key or MEMBERWARD_KEY"},
		{"two keys", append([]string{"--key", aKey, "--key-file", long}, question...), exitUsage, "give one of them"},
		{"a key with a line break", append([]string{"--key", aKey + "\nX: y"}, question...), exitUsage, "printable ASCII"},
		{"no file of that name", append([]string{"--key-file", filepath.Join(folder, "none")}, question...), exitUnasked, "no such file"},
		{"a file too long for a key", append([]string{"--key-file", long}, question...), exitUnasked, "more than 4096 bytes"},
		{"a folder for a key", append([]string{"--key-file", folder}, question...), exitUnasked, "is a directory"},
		{"too few arguments", question[:2], exitUsage, "want memberward check SUBJECT ACTION TENANT [RESOURCE], not 2 arguments"},
		{"an empty subject", []string{"--key", aKey, "", "member.list", "acme"}, exitUsage, "SUBJECT is empty"},
		{"nobody to be removed", []string{"--key", aKey, "me", "member.remove", "acme"}, exitUsage, "RESOURCE is missing: member.remove is about somebody, name them by their user id"},
		{"nobody to transfer to", []string{"--key", aKey, "me", "tenant.transfer", "acme"}, exitUsage, "RESOURCE is missing: tenant.transfer is about somebody"},
		{"an empty resource", []string{"--key", aKey, "me", "member.remove", "acme", ""}, exitUsage, "RESOURCE is empty"},
		{"a resource without a type", []string{"--key", aKey, "me", "document.read", "acme", "4711"}, exitUsage, "RESOURCE: want TYPE:ID"},
		{"a resource without an id", []string{"--key", aKey, "me", "document.read", "acme", "document:"}, exitUsage, "RESOURCE: want TYPE:ID"},
		{"invalid UTF-8", []string{"--key", aKey, "me", "member.list", "a\xff"}, exitUsage, "the arguments"},
		{"no address", append([]string{"--url", "memberward", "--key", aKey}, question...), exitUsage, "--url: want http"},
		{"another scheme", append([]string{"--url", "ftp://127.0.0.1", "--key", aKey}, question...), exitUsage, "--url: want http"},
		{"a user in the address", append([]string{"--url", "https://u:p@127.0.0.1", "--key", aKey}, question...), exitUsage, "without user"},
		{"a query in the address", append([]string{"--url", "https://127.0.0.1/?a=b", "--key", aKey}, question...), exitUsage, "without user"},
		{"plain HTTP beyond the machine", append([]string{"--url", "http://198.51.100.1", "--key", aKey}, question...), exitUsage, "or add --insecure"},
		{"a name that begins like loopback", append([]string{"--url", "http://127.0.0.1.example", "--key", aKey}, question...), exitUsage, "or add --insecure"},
		{"nobody answers", append([]string{"--url", "http://127.0.0.1:1", "--key", aKey}, question...), exitUnasked, "is it running?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := runWith(t, nil, append([]string{"check"}, tc.args...)...)
			if code != tc.code || stdout != "" || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("code %d, stdout %q, stderr %q; want %d, %q", code, stdout, stderr, tc.code, tc.stderr)
			}
		})
	}
}
