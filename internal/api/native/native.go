package native

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Options goes with [New]; every field is required.
type Options struct {
	Gate          api.Gate
	Authenticator api.Authenticator
	Accounts      Accounts
	Policies      Policies
	Now           func() time.Time
}

// Accounts makes and checks credentials.
type Accounts interface {
	// HashPassword gives what is stored of a password. Its errors are
	// *tenancy.Error: invalid for a length that is not taken, timeout.
	HashPassword(ctx context.Context, password string) (string, error)
	// Login exchanges an e-mail address and a password for a token, bound to
	// the tenant unless that is zero. Whatever is wrong is the same
	// unauthenticated error.
	Login(ctx context.Context, email, password string, tenant tenancy.TenantRef) (Token, error)
	// NewKey makes an API key.
	NewKey() (NewKey, error)
}

// Token is what a login gives.
type Token struct {
	Text     string
	Lifetime time.Duration
}

// NewKey is a key that was just made. Its text is shown once and never stored.
type NewKey struct {
	ID     tenancy.KeyID
	Text   string
	Digest tenancy.Digest
}

// Policies tells which rules are in force.
type Policies interface {
	Active() PolicySet
}

// PolicySet describes a set of policies.
type PolicySet struct {
	Revision string // names the set in answers and records
	Digest   string // SHA-256 of its files, in hexadecimal
	Source   string // where it was loaded from
	Rules    []Rule
}

// Rule is one sentence of the rule book.
type Rule struct {
	Kind        string // "grant", "objection" or "access"
	Code        string // of an objection; else empty
	Title       string
	Description string
	File        string // below the source
}

// dialect is the native API.
type dialect struct {
	gate      api.Gate
	accounts  Accounts
	policies  Policies
	now       func() time.Time
	questions *huma.Schema  // of the body of /v1/check
	schemas   huma.Registry // that it refers to
	document  []byte
}

// New makes the native API.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, accounts: opts.Accounts, policies: opts.Policies, now: opts.Now}
	s := newSurface()
	d.users(s)
	d.keys(s)
	d.tokens(s)
	d.tenants(s)
	d.members(s)
	d.rules(s)
	d.describeByHand(s)
	d.document = s.document()
	return api.Dialect{
		Name:          tenancy.DialectNative,
		Prefixes:      []string{"/v1", documentPath},
		Authenticator: opts.Authenticator,
		Render:        render,
		Routes: append(s.routes,
			api.Route{Method: http.MethodPost, Path: checkPath, Quiet: true, Handle: d.check},
			api.Route{Method: http.MethodGet, Path: documentPath, Public: true, Handle: d.serveDocument},
		),
	}
}

// apply makes a change.
func (d *dialect) apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change) (tenancy.Outcome, error) {
	return d.gate.Apply(ctx, actor, change, tenancy.ApplyOptions{Dialect: tenancy.DialectNative})
}

// read reads.
func (d *dialect) read(ctx context.Context, actor tenancy.Actor, query tenancy.Query) (tenancy.Outcome, error) {
	return d.gate.Read(ctx, actor, query, tenancy.ApplyOptions{Dialect: tenancy.DialectNative})
}
