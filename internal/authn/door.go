package authn

import (
	"context"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// Door authenticates the requests of one source, for HTTP servers whose own
// requests are the ones to be authenticated.
type Door struct {
	service *Service
	source  Source
}

// Door makes the door of a source.
func (s *Service) Door(source Source) *Door { return &Door{service: s, source: source} }

// Authenticate finds out who makes a request; see [Service.Authenticate].
func (d *Door) Authenticate(ctx context.Context, r *http.Request) (tenancy.Actor, error) {
	return d.service.Authenticate(ctx, d.source, Request{Header: r.Header, Method: r.Method, Host: r.Host})
}
