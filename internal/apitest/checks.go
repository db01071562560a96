package apitest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
	"github.com/memberward/memberward/internal/tenancy"
)

// callers authenticates the requests that a proxy asks about, as the program
// does.
type callers struct{ service *authn.Service }

// Authenticate implements proxy.Authenticator.
func (c callers) Authenticate(ctx context.Context, asked proxy.Credentials) (tenancy.Actor, error) {
	return c.service.Authenticate(ctx, authn.Source{Cookie: "auth_token"}, authn.Request{Header: asked.Header, Method: asked.Method, Host: asked.Host})
}

// Checks answers the checks of proxies over what is on the stage.
func (s *Stage) Checks(t testing.TB) *proxy.Handler {
	t.Helper()
	h, err := proxy.New(proxy.Ports{
		Checker: s.Gate, Authenticator: callers{s.Authn}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		NewID: func() tenancy.DecisionID { return tenancy.DecisionID(uuid.Must(uuid.NewV7())) },
	}, proxy.Options{Timeout: time.Minute}) // a busy machine must not change an answer
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Authorize answers them over FastCGI until the test ends, and gives
// host:port.
func (s *Stage) Authorize(t testing.TB, checks *proxy.Handler) string {
	t.Helper()
	return proxytest.Listen(t, func(conn net.Conn) { _ = checks.ServeAuthorizer(context.Background(), conn) })
}
