package doctor_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/doctor"
	"github.com/memberward/memberward/internal/proxytest"
)

func pointOf(t testing.TB, report doctor.Report, code string) doctor.Point {
	t.Helper()
	i := slices.IndexFunc(report.Points, func(p doctor.Point) bool { return p.Code == code })
	if i < 0 {
		t.Fatalf("no point %s", code)
	}
	return report.Points[i]
}

// Behind an application that does not tell what it got, what cannot be told is
// not passed.
func TestWhatCannotBeToldIsNotJudged(t *testing.T) {
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	page := front(t, proxytest.Nginx(), plain)
	report := examine(t, doctor.Options{URL: page, Credential: asMary + apitest.Key("mary")})
	for _, p := range report.Points {
		want := doctor.NotJudged
		if slices.Contains([]string{"unchecked", "refusal_ignored", "control_believed", "check_cached"}, p.Code) {
			want = doctor.Holds
		}
		if p.Verdict != want || (p.Reason == "") != (want == doctor.Holds) || want == doctor.NotJudged && p.Requests != 0 {
			t.Errorf("%s %s after %d requests: %q, want %s", p.Code, p.Verdict, p.Requests, p.Reason, want)
		}
	}
	if report.Application {
		t.Error("an application that tells nothing is taken for the doctor's")
	}
	report = examine(t, doctor.Options{URL: page})
	if p := pointOf(t, report, "unchecked"); p.Verdict != doctor.Holds || report.Unjudged() != len(report.Points)-1 {
		t.Errorf("without a credential: %s, %d of %d not judged", p.Verdict, report.Unjudged(), len(report.Points))
	}
}

// Some faults show behind any application.
func TestFaultsBehindAnyApplication(t *testing.T) {
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	for fault, row := range map[string][]string{
		"unchecked":        {"auth_request /_memberward;", "", "http://$memberward_application;", "http://application;"},
		"control_believed": {"proxy_set_header X-Forwarded-For   $remote_addr;", ""},
		"refusal_ignored": {
			"auth_request /_memberward;", "auth_request /_memberward;\nerror_page 403 = @open;",
			"location = /_memberward {", "location @open {\nauth_request off;\nproxy_pass http://application;\n}\nlocation = /_memberward {",
		},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			report := examine(t, doctor.Options{URL: front(t, proxytest.Nginx(), plain, row...), Credential: asMary + apitest.Key("mary")})
			if pointOf(t, report, fault).Verdict != doctor.Found {
				t.Errorf("not found")
			}
		})
	}
}

// What was judged counts where decisions can be read.
func TestDecisionsSettleWhatWasJudged(t *testing.T) {
	for _, row := range []struct {
		name   string
		judged doctor.Judged
		err    error
		want   doctor.Verdict
	}{
		{"another path", doctor.Judged{Method: "GET", Host: "127.0.0.1", Path: "/elsewhere"}, nil, doctor.Found},
		{"not to be read", doctor.Judged{}, errors.New("403"), doctor.NotJudged},
	} {
		page := front(t, proxytest.Nginx(), doctor.Application{})
		report := examine(t, doctor.Options{
			URL: page, Credential: asMary + apitest.Key("mary"),
			Decisions: func(context.Context, string) (doctor.Judged, error) { return row.judged, row.err },
		})
		if p := pointOf(t, report, "path_differs"); p.Verdict != row.want {
			t.Errorf("%s: %s, want %s", row.name, p.Verdict, row.want)
		}
	}
}

// The credential is not told, wherever the proxy puts it.
func TestTheCredentialIsNeverTold(t *testing.T) {
	key := apitest.Key("mary")
	for name, row := range map[string]struct {
		credential string
		faults     []string
	}{
		"in a header": {asMary + key, []string{"proxy_set_header X-Auth-Roles         $memberward_roles;", "proxy_set_header X-Auth-Roles \"{$http_x_api_key}\";"}},
		"in the path": {"Authorization: Bearer " + key, []string{"proxy_pass http://$memberward_application;", "rewrite ^ /elsewhere/$http_authorization break;\nproxy_pass http://$memberward_application;"}},
	} {
		report := examine(t, doctor.Options{URL: front(t, proxytest.Nginx(), doctor.Application{}, row.faults...), Credential: row.credential})
		told := ""
		for _, p := range report.Points {
			for _, f := range p.Findings {
				told += f.What + f.Sent + f.Seen + "\n"
			}
			told += p.Reason
		}
		if report.Faults() == 0 || strings.Contains(told, key) || !strings.Contains(told, "(hidden)") {
			t.Errorf("%s: %d faults: %s", name, report.Faults(), told)
		}
	}
}

// Who asks is told as it was decided, and nobody else is named in its place.
func TestDecisionsSettleWhoIsNamed(t *testing.T) {
	page := front(t, proxytest.Nginx(), doctor.Application{}, "proxy_set_header X-Auth-Level         $memberward_level;", "proxy_set_header X-Auth-Level owner;")
	for _, row := range []struct {
		decided doctor.Judged
		found   []string
	}{
		{doctor.Judged{Level: "owner"}, nil},
		{doctor.Judged{Level: "member"}, []string{"X-Auth-Level"}},
		{doctor.Judged{Level: "owner", Subject: "somebody", Tenant: "elsewhere"}, []string{"X-Auth-Subject", "X-Auth-Tenant"}},
	} {
		report := examine(t, doctor.Options{
			URL: page, Credential: asMary + apitest.Key("mary"),
			Decisions: func(context.Context, string) (doctor.Judged, error) { return row.decided, nil },
		})
		var found []string
		for _, f := range pointOf(t, report, "identity_incomplete").Findings {
			if f.Code != "identity_differs" || len(f.Mend) == 0 {
				t.Errorf("%+v", f)
			}
			found = append(found, f.What)
		}
		if !slices.Equal(found, row.found) {
			t.Errorf("%+v: %q, want %q", row.decided, found, row.found)
		}
	}
}

// A proxy of ours, broken in ways that the real ones are hard to break in.
func TestFaultsOfAnyProxy(t *testing.T) {
	application := httptest.NewServer(doctor.Application{})
	defer application.Close()
	behind, err := url.Parse(application.URL)
	if err != nil {
		t.Fatal(err)
	}
	ambiguous := regexp.MustCompile("(?i)[;|^\"<>#`\\\\]|/\\.\\.?$|/\\.\\./|//|%(2e|2f|5c|3b|00|23|3f|25|ff|c0|0a|7f)")
	identity := map[string]string{
		"X-Auth-Subject": "mary", "X-Auth-Tenant": "acme", "X-Auth-Level": "member", "X-Auth-Roles": "none", "X-Auth-Authenticated": "true", "X-Policy-Revision": "r",
	}
	for _, row := range []struct {
		name string
		code string
		want doctor.Verdict
		do   func(*http.Request)
	}{
		{"method override", "method_differs", doctor.Found, func(r *http.Request) {
			if m := r.Header.Get("X-Http-Method-Override"); m != "" {
				r.Method = m
			}
		}},
		{"a placeholder", "identity_incomplete", doctor.Found, func(r *http.Request) { r.Header.Set("X-Auth-Roles", "{http.x}") }},
		{"two of one", "identity_incomplete", doctor.Found, func(r *http.Request) { r.Header.Add("X-Auth-Level", "member") }},
		{"another assertion each time", "identity_spoofed", doctor.Holds, func(r *http.Request) {
			r.Header.Set("X-Auth-Assertion", "eyJh.e30."+rand.Text())
			r.Header.Set("X-Decision-Id", rand.Text())
		}},
		{"two assertions", "identity_spoofed", doctor.Found, func(r *http.Request) {
			r.Header.Add("X-Auth-Assertion", "eyJh.e30."+rand.Text())
		}},
		{"a tidied path", "path_differs", doctor.NotJudged, func(r *http.Request) {
			if strings.Contains(r.URL.Path, "/./") {
				r.URL.Path, r.URL.RawPath = strings.ReplaceAll(r.URL.Path, "/./", "/"), ""
			}
		}},
		{"a lost query", "path_differs", doctor.Found, func(r *http.Request) { r.URL.RawQuery = "" }},
	} {
		forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.URL.RawQuery = behind.Scheme, behind.Host, r.In.URL.RawQuery
			for name, value := range identity {
				r.Out.Header.Set(name, value)
			}
			row.do(r.Out)
		}}
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, _, _ := strings.Cut(r.RequestURI, "?")
			if r.Header.Get("X-Api-Key") == "" || ambiguous.MatchString(path) || strings.Contains(r.Method, "_") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			forward.ServeHTTP(w, r)
		}))
		defer proxy.Close()
		report := examine(t, doctor.Options{URL: pageOf(strings.TrimPrefix(proxy.URL, "http://")), Credential: "X-Api-Key: mary"})
		if p := pointOf(t, report, row.code); p.Verdict != row.want {
			t.Errorf("%s: %s %s, want %s", row.name, p.Code, p.Verdict, row.want)
		}
	}
}

func TestAnExaminationThatCannotBegin(t *testing.T) {
	answers := func(status int, name, value string) *url.URL {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, value)
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return pageOf(strings.TrimPrefix(server.URL, "http://"))
	}
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Auth-Subject", "anonymous")
		doctor.Application{}.ServeHTTP(w, r)
	}))
	defer public.Close()
	for _, row := range []struct {
		page *url.URL
		says string
	}{
		{pageOf(nowhere), "the proxy cannot be reached"},
		{answers(401, "X-None", ""), "the credential is not taken"},
		{answers(403, "X-Decision-Id", "d-1\u009b2J"), `403 to the credential, decision "d-1`},
		{answers(500, "X-None", ""), "the page answers 500"},
		{answers(302, "Location", "/"), "the page answers 302"},
		{pageOf(strings.TrimPrefix(public.URL, "http://")), "the page is public"},
	} {
		_, err := doctor.Examine(t.Context(), doctor.Options{URL: row.page, Credential: "X-Api-Key: the-secret-key"})
		if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "\u009b") || strings.Contains(err.Error(), "the-secret-key") {
			t.Errorf("%v, want %q", err, row.says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := doctor.Examine(ctx, doctor.Options{URL: answers(200, "X-None", "")}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Over TLS the server must be whom the URL names.
func TestOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(doctor.Application{})
	defer server.Close()
	page, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	connect := page.Host
	page.Host, page.Path = "example.com", "/page"
	report := examine(t, doctor.Options{URL: page, Connect: connect, Roots: roots})
	if pointOf(t, report, "unchecked").Verdict != doctor.Found {
		t.Error("the page is open, and that is not found")
	}
	for name, o := range map[string]doctor.Options{
		"nobody vouches":  {URL: page, Connect: connect},
		"somebody else's": {URL: &url.URL{Scheme: "https", Host: "other.invalid", Path: "/"}, Connect: connect, Roots: roots},
	} {
		if _, err := doctor.Examine(t.Context(), o); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The application repeats no credential, and no request is taken for another.
func TestTheApplicationHidesCredentials(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/a?b", strings.NewReader("12345"))
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "X-Memberward-Secret"} {
		r.Header.Set(name, "the-secret")
	}
	r.Header.Set("X-Auth-Subject", "mary")
	doctor.Application{}.ServeHTTP(w, r)
	body := w.Body.String()
	if w.Code != 200 || strings.Contains(body, "the-secret") || !strings.Contains(body, `"X-Api-Key":["(hidden)"]`) || !strings.Contains(body, `"X-Auth-Subject":["mary"]`) || !strings.Contains(body, `"body":5`) || !strings.Contains(body, `"target":"/a?b"`) {
		t.Errorf("%d %s", w.Code, body)
	}
	w, r = httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Odd", "\xff")
	doctor.Application{}.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("bytes that are no text: %d", w.Code)
	}
}
