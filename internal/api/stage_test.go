package api_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

var (
	olga     = mustUser("0190a000-0000-7000-8000-000000000001")
	decision = tenancy.DecisionID(mustUser("0190a000-0000-7000-8000-0000000000dd"))
)

func mustUser(s string) tenancy.UserID {
	id, err := tenancy.ParseUserID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// bearerOlga knows one credential.
type bearerOlga struct{}

func (bearerOlga) Authenticate(_ context.Context, r *http.Request) (tenancy.Actor, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer olga":
		return tenancy.Actor{User: olga, Via: tenancy.ViaToken}, nil
	case "Bearer nobody":
		return tenancy.Actor{}, nil
	default:
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "who are you"}
	}
}

// plain answers errors as "<code> <text>" with a status of its own.
func plain(c *gin.Context, err error) {
	status := http.StatusTeapot
	for code, s := range map[tenancy.Code]int{
		tenancy.CodeNotFound: 404, tenancy.CodeMethod: 405, tenancy.CodeTooLarge: 413, tenancy.CodeUnauthenticated: 401,
		tenancy.CodeInternal: 500, tenancy.CodeInvalid: 400, tenancy.CodeNotPermitted: 403,
	} {
		if api.CodeOf(err) == code {
			status = s
		}
	}
	c.String(status, "plain "+string(api.CodeOf(err)))
}

// testShell is a server with one dialect under /plain, and what it logged and
// observed.
type testShell struct {
	*httptest.Server
	log      *lockedBuffer
	observed *[]api.Observation
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func serve(t *testing.T, routes ...api.Route) testShell {
	t.Helper()
	return serveWithin(t, time.Minute, routes...)
}

// serveWithin gives a body so much time to arrive.
func serveWithin(t *testing.T, bodyTimeout time.Duration, routes ...api.Route) testShell {
	t.Helper()
	var mu sync.Mutex
	log, observed := &lockedBuffer{}, []api.Observation{}
	dialect := api.Dialect{Name: "plain", Prefixes: []string{"/plain"}, Authenticator: bearerOlga{}, Render: plain, Routes: routes}
	handler := api.New(api.Options{
		Dialects: []api.Dialect{dialect},
		Logger:   slog.New(slog.NewJSONHandler(log, nil)),
		NewID:    func() string { return "made-up" },
		Now:      time.Now,
		Observe: func(o api.Observation) {
			mu.Lock()
			defer mu.Unlock()
			observed = append(observed, o)
		},
		BodyTimeout: bodyTimeout,
	})
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return testShell{server, log, &observed}
}

func text(body string) api.Handler {
	return func(c *gin.Context, _ tenancy.Actor) error {
		c.String(http.StatusOK, body)
		return nil
	}
}

func fails(err error) api.Handler {
	return func(*gin.Context, tenancy.Actor) error { return err }
}

// ask sends one request as olga and gives the answer with its body.
func (s testShell) ask(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer olga")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req) // no redirects
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func requestAsOlga(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer olga")
	return req
}
