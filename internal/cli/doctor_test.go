package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/doctor"
)

// answering runs the command against handlers for the proxy and the API.
func answering(t *testing.T, proxy, api http.HandlerFunc, args ...string) (code int, said string) {
	t.Helper()
	front, back := httptest.NewServer(proxy), httptest.NewServer(api)
	defer front.Close()
	defer back.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("X-Api-Key: the-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	args = append([]string{"doctor", "proxy", "--url", front.URL + "/page", "--credential-file", key}, args...)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{api}", back.URL)
	}
	code = Run(t.Context(), args, nil, &stdout, &stderr)
	said = stdout.String() + stderr.String()
	if strings.Contains(said, "the-secret") {
		t.Errorf("the credential is printed: %s", said)
	}
	return code, said
}

// What is not known is no pass: exit code 2 until --partial takes it for
// granted, and a fault is 1 whatever else is not known.
func TestExitCodesOfAnExamination(t *testing.T) {
	guarded := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Decision-Id", r.Header.Get("X-Memberward-Doctor"))
		if r.Header.Get("X-Api-Key") == "" || r.URL.Path != "/page" {
			w.WriteHeader(http.StatusForbidden)
		}
	}
	trusting := func(w http.ResponseWriter, r *http.Request) {
		if p := r.Header.Get("X-Forwarded-Proto"); p == "gopher" {
			r.Header.Del("X-Api-Key")
		}
		guarded(w, r)
	}
	for _, row := range []struct {
		name  string
		proxy http.HandlerFunc
		args  []string
		code  int
		says  string
	}{
		{"not all is known", guarded, nil, exitUnexamined, "10 of 14 points could not be judged: nothing is known about them"},
		{"taken for granted", guarded, []string{"--partial"}, exitOK, "4 hold, 0 do not, 10 could not be judged"},
		{"a fault", trusting, nil, exitFaults, "control_believed X-Forwarded-Proto"},
		{"a fault, the rest taken for granted", trusting, []string{"--partial"}, exitFaults, "trustForwardHeader: false"},
	} {
		code, said := answering(t, row.proxy, http.NotFound, row.args...)
		if code != row.code || !strings.Contains(said, row.says) {
			t.Errorf("%s: %d, want %d and %q\n%s", row.name, code, row.code, row.says, said)
		}
	}
}

// What was judged comes from the API, asked with the same credential.
func TestDecisionsAreReadFromTheAPI(t *testing.T) {
	front := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") == "" || strings.Contains(r.Method, "_") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("X-Decision-Id", "d 1")
		r.Header.Set("X-Auth-Subject", "somebody")
		doctor.Application{}.ServeHTTP(w, r)
	}
	const asked = `"http":{"method":"GET","host":"127.0.0.1","path":"/page"}`
	for _, row := range []struct{ name, body, says string }{
		{"another person", `{"actor":"u-1","acting_as":null,"tenant":null,"input":{"actor":{"level":"none"},` + asked + `}}`, "decided was about u-1"},
		{"the platform has another name", `{"actor":"key","input":{"actor":{"platform":true},` + asked + `}}`, ""},
		{"acting for somebody", `{"actor":"key","acting_as":"somebody","input":{` + asked + `}}`, ""},
		{"another path", `{"input":{"http":{"method":"GET","host":"127.0.0.1","path":"/judged"}}}`, "judged was /judged"},
		{"no request", `{"input":{}}`, "is about no request"},
		{"no decision", `{`, "read the decision d 1"},
	} {
		api := func(w http.ResponseWriter, r *http.Request) {
			if r.RequestURI != "/v1/decisions/d%201" || r.Header.Get("X-Api-Key") != "the-secret" {
				t.Errorf("asked %s with %q", r.RequestURI, r.Header)
			}
			_, _ = w.Write([]byte(row.body))
		}
		if code, said := answering(t, front, api, "--api", "{api}", "--json"); code != exitFaults || !strings.Contains(said, row.says) || strings.Contains(said, "identity_differs") != (row.name == "another person") {
			t.Errorf("%s: %d, %s", row.name, code, said)
		}
	}
}
