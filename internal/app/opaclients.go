package app

import (
	"context"
	"net/http"
	"net/netip"
	"slices"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// opaDoor authenticates the callers of OPA's data API. Gateways that speak it
// cannot present a credential, so the operator may name the networks that need
// none. Who comes from there may ask, and nothing else.
type opaDoor struct {
	credentials api.Authenticator
	clients     []netip.Prefix // none: everybody needs a credential
}

// Authenticate implements api.Authenticator. A credential that is there
// decides. A request that somebody handed on is not from where it seems to be.
func (d opaDoor) Authenticate(ctx context.Context, r *http.Request) (tenancy.Actor, error) {
	if presents(r.Header) || !d.isClient(r) {
		return d.credentials.Authenticate(ctx, r)
	}
	return tenancy.Actor{Platform: true, Via: tenancy.ViaNetwork, Scopes: []tenancy.Action{tenancy.ActionAuditRead}}, nil
}

// presents reports whether a request carries what could be a credential, was
// handed on by a proxy, or comes from a browser: a page from anywhere can have
// one in the network ask, and read the answer once its name leads here.
func presents(h http.Header) bool {
	for _, name := range []string{
		"Authorization", "X-Api-Key", "X-Act-As", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip",
		"Cookie", "Origin", "Sec-Fetch-Site",
	} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

func (d opaDoor) isClient(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := remote.Addr().Unmap().WithZone("")
	return err == nil && slices.ContainsFunc(d.clients, func(n netip.Prefix) bool { return n.Contains(addr) })
}
