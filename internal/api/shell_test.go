package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestRouting(t *testing.T) {
	echo := func(c *gin.Context, _ tenancy.Actor) error {
		c.String(http.StatusOK, "["+c.Param("id")+"]")
		return nil
	}
	s := serve(t, api.Route{Method: "GET", Path: "/plain/things/:id", Handle: echo}, api.Route{Method: "DELETE", Path: "/plain/things/:id", Handle: echo},
		api.Route{Method: "POST", Path: "/plain/things/:id/parts", Handle: echo})
	rows := []struct {
		name, method, path string
		status             int
		body, allow        string
	}{
		{"served", "GET", "/plain/things/a", 200, "[a]", ""},
		{"decoded once", "GET", "/plain/things/a%2541+b", 200, "[a%41+b]", ""},
		{"an encoded slash is part of the id", "GET", "/plain/things/a%2Fb", 200, "[a/b]", ""},
		{"an encoded slash reaches no other route", "POST", "/plain/things/a%2Fparts", 405, "plain method_not_allowed", "GET, DELETE"},
		{"an empty id", "POST", "/plain/things//parts", 404, "plain not_found", ""},
		{"unknown path", "GET", "/plain/nothing", 404, "plain not_found", ""},
		{"unknown method", "PUT", "/plain/things/a", 405, "plain method_not_allowed", "GET, DELETE"},
		{"OPTIONS", "OPTIONS", "/plain/things/a", 405, "plain method_not_allowed", "GET, DELETE"},
		{"HEAD", "HEAD", "/plain/things/a", 405, "", "GET, DELETE"},
		{"a method in lower case", "get", "/plain/things/a", 405, "plain method_not_allowed", "GET, DELETE"},
		{"a trailing slash is not redirected", "GET", "/plain/things/a/", 404, "plain not_found", ""},
		{"another case is not redirected", "GET", "/plain/THINGS/a", 404, "plain not_found", ""},
		{"dots are not resolved", "GET", "/plain/x/../things/a", 404, "plain not_found", ""},
		{"encoded letters in the fixed part", "GET", "/plain/%74hings/a", 404, "plain not_found", ""},
		{"the bare prefix", "GET", "/plain", 404, "plain not_found", ""},
		{"a longer word is no prefix", "GET", "/plainer", 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"no API is served under this path","code":"not_found"}`, ""},
		{"outside", "GET", "/", 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"no API is served under this path","code":"not_found"}`, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			res, body := s.ask(t, row.method, row.path, "")
			if res.StatusCode != row.status || body != row.body || res.Header.Get("Allow") != row.allow {
				t.Errorf("%s %s = %d %q (Allow %q), want %d %q (Allow %q)", row.method, row.path,
					res.StatusCode, body, res.Header.Get("Allow"), row.status, row.body, row.allow)
			}
			if res.Header.Get("X-Request-Id") == "" {
				t.Error("no X-Request-Id")
			}
		})
	}
}

// The order of contracts/README.md, rule 1: each row breaks two rules, the
// earlier one answers.
func TestOrder(t *testing.T) {
	reached := false
	s := serve(t, api.Route{Method: "POST", Path: "/plain/it/:id", Handle: func(c *gin.Context, _ tenancy.Actor) error {
		reached = true
		var into struct{}
		return api.JSON(c, &into, api.DecodeOptions{})
	}})
	big := strings.Repeat("x", api.BodyLimit+1)
	rows := []struct {
		name, path, body, credential string
		status                       int
	}{
		{"route before body", "/plain/elsewhere", big, "", 404},
		{"body before authentication", "/plain/it/1", big, "", 413},
		{"authentication before decoding", "/plain/it/1", "{", "", 401},
		{"an authenticator that names nobody", "/plain/it/1", "{}", "Bearer nobody", 401},
		{"decoding", "/plain/it/1", "{", "Bearer olga", 400},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			reached = false
			res, body := s.ask(t, "POST", row.path, row.body, "Authorization", row.credential)
			if res.StatusCode != row.status || reached != (row.status == 400) {
				t.Errorf("= %d %s, handler reached %v, want %d", res.StatusCode, body, reached, row.status)
			}
			if got := res.Header.Get("WWW-Authenticate"); (got != "") != (row.status == 401) {
				t.Errorf("WWW-Authenticate %q at status %d", got, row.status)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	s := serve(t, api.Route{Method: "GET", Path: "/plain/it", Handle: text("it")})
	rows := []struct{ name, given, want string }{
		{"none", "", "made-up"},
		{"taken over", "req-7f/3_a.b:c=@+", "req-7f/3_a.b:c=@+"},
		{"128 characters", strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{"129 characters", strings.Repeat("a", 129), "made-up"},
		{"a space", "a b", "made-up"},
		{"a quote", `a"b`, "made-up"},
		{"beyond ASCII", "caf\u00e9", "made-up"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			res, _ := s.ask(t, "GET", "/plain/it", "", "X-Request-Id", row.given)
			if got := res.Header.Get("X-Request-Id"); got != row.want {
				t.Errorf("X-Request-Id %q, want %q", got, row.want)
			}
		})
	}
}

func TestDecisionID(t *testing.T) {
	s := serve(t,
		api.Route{Method: "GET", Path: "/plain/refused", Handle: fails(&tenancy.Refusal{Outcome: tenancy.Outcome{DecisionID: decision, Reasons: []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}}})},
		api.Route{Method: "GET", Path: "/plain/allowed", Handle: func(c *gin.Context, _ tenancy.Actor) error {
			api.Decided(c, decision)
			c.String(http.StatusOK, "ok")
			return nil
		}},
		api.Route{Method: "GET", Path: "/plain/undecided", Handle: text("ok")})
	for path, want := range map[string]string{"/plain/refused": decision.String(), "/plain/allowed": decision.String(), "/plain/undecided": ""} {
		res, _ := s.ask(t, "GET", path, "")
		if got := res.Header.Get("X-Decision-Id"); got != want {
			t.Errorf("%s: X-Decision-Id %q, want %q", path, got, want)
		}
	}
	if !strings.Contains(s.log.String(), `"decision_id":"`+decision.String()+`"`) {
		t.Errorf("the log names no decision:\n%s", s.log)
	}
}

func TestPanicsAndBrokenAnswers(t *testing.T) {
	half := func(end func() error) api.Handler {
		return func(c *gin.Context, _ tenancy.Actor) error {
			c.Status(http.StatusOK)
			_, _ = io.WriteString(c.Writer, strings.Repeat("[", 100_000))
			return end()
		}
	}
	s := serve(t,
		api.Route{Method: "GET", Path: "/plain/panic", Handle: func(*gin.Context, tenancy.Actor) error { panic("secret") }},
		api.Route{Method: "GET", Path: "/plain/half-error", Handle: half(func() error { return errors.New("the second page") })},
		api.Route{Method: "GET", Path: "/plain/half-panic", Handle: half(func() error { panic("the second page") })},
		api.Route{Method: "GET", Path: "/plain/abort", Handle: func(*gin.Context, tenancy.Actor) error { panic(http.ErrAbortHandler) }})
	res, body := s.ask(t, "GET", "/plain/panic", "")
	if res.StatusCode != 500 || body != "plain internal" {
		t.Errorf("a panic = %d %q, want the dialect's 500 without its cause", res.StatusCode, body)
	}
	if log := s.log.String(); !strings.Contains(log, "secret") || !strings.Contains(log, `"request_id":"made-up"`) || !strings.Contains(log, "shell_test.go") {
		t.Errorf("the log lacks cause, request id or stack:\n%s", log)
	}
	for _, path := range []string{"/plain/half-error", "/plain/half-panic", "/plain/abort"} {
		res, err := http.DefaultTransport.RoundTrip(requestAsOlga(t, s.URL+path))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the client took a part for the whole", path)
		}
	}
}

// The log and the metrics learn the template and never what was sent.
func TestLogAndMetrics(t *testing.T) {
	s := serve(t, api.Route{Method: "POST", Path: "/plain/things/:id", Handle: text("ok")}, api.Route{Method: "POST", Path: "/plain/broken", Handle: fails(errors.New("the disk is gone"))})
	s.ask(t, "POST", "/plain/things/hidden-id?hidden-query=1", `{"hidden":"body"}`, "Cookie", "auth_token=hidden-cookie")
	s.ask(t, "GET", "/plain/hidden-path", "")
	s.ask(t, "POST", "/plain/broken", "")
	log := s.log.String()
	if strings.Contains(log, "hidden") || strings.Contains(log, "Bearer") {
		t.Errorf("the log gives away what was sent:\n%s", log)
	}
	if !strings.Contains(log, `"level":"ERROR","msg":"request failed","request_id":"made-up","route":"/plain/broken","error":"the disk is gone"`) {
		t.Errorf("the log does not say what failed:\n%s", log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(log, "\n", 2)[0]), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"dialect": "plain", "method": "POST", "route": "/plain/things/:id", "status": 200.0, "request_id": "made-up", "decision_id": "", "actor": olga.String()}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("log line: %s = %v, want %v", key, line[key], value)
		}
	}
	got := *s.observed
	if len(got) != 3 || got[0].Route != "/plain/things/:id" || got[0].Status != 200 || got[1].Route != "" || got[1].Method != "" || got[1].Status != 404 || got[2].Status != 500 {
		t.Errorf("observed %+v", got)
	}
}

func TestAnswers(t *testing.T) {
	table := api.Answers{{Code: "a", Status: 1}, {Code: "b", Status: 2}}
	rows := []struct {
		name     string
		findings []tenancy.Finding
		status   int
	}{
		{"the table's order, not the findings'", []tenancy.Finding{{Code: "b"}, {Code: "a"}}, 1},
		{"the later row", []tenancy.Finding{{Code: "x"}, {Code: "b"}}, 2},
		{"none", []tenancy.Finding{{Code: "x"}}, 0},
		{"no finding", nil, 0},
	}
	for _, row := range rows {
		if got, ok := table.For(row.findings); got.Status != row.status || ok != (row.status != 0) {
			t.Errorf("%s: %+v %v, want status %d", row.name, got, ok, row.status)
		}
	}
}

// stuckGate answers when its context ends.
type stuckGate struct{}

func (stuckGate) Apply(ctx context.Context, _ tenancy.Actor, _ tenancy.Change, _ tenancy.ApplyOptions) (tenancy.Outcome, error) {
	<-ctx.Done()
	return tenancy.Outcome{}, ctx.Err()
}

func (stuckGate) Read(ctx context.Context, _ tenancy.Actor, _ tenancy.Query, _ tenancy.ApplyOptions) (tenancy.Outcome, error) {
	<-ctx.Done()
	return tenancy.Outcome{}, ctx.Err()
}

func (stuckGate) Check(ctx context.Context, _ tenancy.Actor, _ tenancy.Question) (tenancy.Verdict, error) {
	<-ctx.Done()
	return tenancy.Verdict{}, ctx.Err()
}

func (stuckGate) CheckAll(ctx context.Context, _ tenancy.Actor, _ []tenancy.Question) ([]tenancy.Verdict, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (stuckGate) VerifyAudit(ctx context.Context, _ tenancy.Actor, _ tenancy.TenantRef, _ tenancy.ApplyOptions) (tenancy.AuditReport, tenancy.Outcome, error) {
	_, bounded := ctx.Deadline()
	return tenancy.AuditReport{OK: !bounded}, tenancy.Outcome{}, nil
}

func (stuckGate) Backup(ctx context.Context, _ tenancy.Actor, w io.Writer, _ tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if _, bounded := ctx.Deadline(); bounded {
		return tenancy.Outcome{}, errors.New("a backup has no deadline but its client")
	}
	_, err := io.WriteString(w, "copy")
	return tenancy.Outcome{}, err
}

// What takes as long as the store is large ends with its caller alone.
func TestNoTimeoutForTheWholeStore(t *testing.T) {
	gate := api.WithTimeout(stuckGate{}, time.Millisecond)
	var copied strings.Builder
	if _, err := gate.Backup(t.Context(), tenancy.Actor{}, &copied, tenancy.ApplyOptions{}); err != nil || copied.String() != "copy" {
		t.Errorf("Backup = %q, %v", copied.String(), err)
	}
	if report, _, err := gate.VerifyAudit(t.Context(), tenancy.Actor{}, tenancy.TenantRef{}, tenancy.ApplyOptions{}); err != nil || !report.OK {
		t.Errorf("VerifyAudit = %+v, %v: it has a deadline", report, err)
	}
}

func TestGateTimeout(t *testing.T) {
	gate := api.WithTimeout(stuckGate{}, time.Millisecond)
	_, applied := gate.Apply(t.Context(), tenancy.Actor{}, nil, tenancy.ApplyOptions{})
	_, read := gate.Read(t.Context(), tenancy.Actor{}, nil, tenancy.ApplyOptions{})
	_, checked := gate.Check(t.Context(), tenancy.Actor{}, tenancy.Question{})
	_, all := gate.CheckAll(t.Context(), tenancy.Actor{}, nil)
	for _, err := range []error{applied, read, checked, all} {
		if !errors.Is(err, context.DeadlineExceeded) || api.CodeOf(err) != tenancy.CodeTimeout {
			t.Errorf("= %v, code %s, want a timeout", err, api.CodeOf(err))
		}
	}
}

// What the log, and a dialect's table, make of an error.
func TestCodeOf(t *testing.T) {
	refusal := func(codes ...tenancy.Code) error {
		r := &tenancy.Refusal{}
		for _, code := range codes {
			r.Reasons = append(r.Reasons, tenancy.Find(code))
		}
		return fmt.Errorf("wrapped: %w", r)
	}
	rows := []struct {
		name  string
		err   error
		code  tenancy.Code
		fault bool // of the policies
	}{
		{"a refusal", refusal(tenancy.CodeNotPermitted, tenancy.CodeUserUnknown), tenancy.CodeNotPermitted, false},
		{"a refusal without reasons", refusal(), tenancy.CodeInternal, false},
		{"no ruling", refusal(tenancy.CodeUserUnknown, tenancy.CodePolicyTimeout), tenancy.CodeUserUnknown, true},
		{"a failure", &tenancy.Error{Code: tenancy.CodeStoreFull}, tenancy.CodeStoreFull, false},
		{"wrong input", &api.InputError{}, tenancy.CodeInvalid, false},
		{"the caller went away", context.Canceled, tenancy.CodeTimeout, false},
		{"anything else", errors.New("x"), tenancy.CodeInternal, false},
	}
	for _, row := range rows {
		if got := api.CodeOf(row.err); got != row.code || api.IsPolicyFault(row.err) != row.fault {
			t.Errorf("%s: code %s, policy fault %v, want %s, %v", row.name, got, !row.fault, row.code, row.fault)
		}
	}
}

func TestInputErrorNamesThePlace(t *testing.T) {
	err := &api.InputError{In: api.InBody, Path: []string{"a/b", "~", "0"}, Msg: "the value is wrong"}
	if got, want := err.Error(), "body/a~1b/~0/0: the value is wrong"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

// A route may have an authenticator of its own; the others keep the dialect's.
func TestARouteMayHaveItsOwnDoor(t *testing.T) {
	s := serve(t,
		api.Route{Method: "GET", Path: "/plain/usual", Handle: text("usual")},
		api.Route{Method: "GET", Path: "/plain/own", Authenticator: nobodyEnters{}, Handle: text("own")})
	if res, body := s.ask(t, "GET", "/plain/usual", ""); res.StatusCode != http.StatusOK {
		t.Errorf("the dialect's: %d %s", res.StatusCode, body)
	}
	if res, body := s.ask(t, "GET", "/plain/own", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the route's own: %d %s", res.StatusCode, body)
	}
}

// nobodyEnters knows no credential.
type nobodyEnters struct{}

func (nobodyEnters) Authenticate(context.Context, *http.Request) (tenancy.Actor, error) {
	return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated}
}
