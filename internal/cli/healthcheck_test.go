package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthcheckTakesNothingButReadyForReady(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		code   int
		says   string
	}{
		{"ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }, exitOK, ""},
		{"not ready, and why", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("[-] store: damaged\n[+] policy\n"))
		}, exitFailure, "memberward: not ready (503): [-] store: damaged; [+] policy\n"},
		{"sent elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, exitFailure, "not ready (302)"},
		{"another program", http.NotFound, exitFailure, "not ready (404)"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("ok"))
		}, exitFailure, "read the answer of"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.RequestURI
				tc.answer(w, r)
			}))
			defer server.Close()
			var stdout, stderr strings.Builder
			address := strings.TrimPrefix(server.URL, "http://")
			code := Run(t.Context(), []string{"healthcheck"}, []string{"MEMBERWARD_OPS_LISTEN=" + address, "HTTP_PROXY=http://127.0.0.1:1"}, &stdout, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.says) || (stdout.String() == "ready\n") != (tc.code == exitOK) {
				t.Errorf("code %d, stdout %q, stderr %q; want %d, %q", code, &stdout, &stderr, tc.code, tc.says)
			}
			if asked != "GET /readyz?verbose" {
				t.Errorf("asked %s", asked)
			}
		})
	}
}

func TestEveryInterfaceIsAskedOnLoopback(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:8282": "127.0.0.1:8282", "[::]:8282": "[::1]:8282", ":8282": "127.0.0.1:8282",
		"127.0.0.1:8282": "127.0.0.1:8282", "10.0.0.1:1": "10.0.0.1:1", "nonsense": "nonsense",
	} {
		if got := reachable(address); got != want {
			t.Errorf("reachable(%q) = %q, want %q", address, got, want)
		}
	}
}
