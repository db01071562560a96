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
	Program       Program
	Now           func() time.Time
	// AssertionKeys gives the public keys of assertions as a JWK Set. They may
	// be kept for five minutes: a new one is shown for longer before it signs.
	AssertionKeys func(context.Context) ([]byte, error)
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
	// CheckPassword reports whether a password is the user's, and gives the
	// stored hash that it was checked against. Its errors are those of
	// HashPassword and of the store.
	CheckPassword(ctx context.Context, user tenancy.UserID, password string) (against string, ok bool, err error)
	// NewKey makes an API key.
	NewKey() (NewKey, error)
	// NewCode makes the code of an invitation.
	NewCode() (NewCode, error)
	// CodeDigest gives what is stored of a code, or of any text taken for one.
	CodeDigest(text string) tenancy.Digest
	// NewSigningKey makes a key to sign tokens with.
	NewSigningKey() (tenancy.SigningKey, error)
	// ReloadSigningKeys takes up the signing keys that the store holds now.
	ReloadSigningKeys(ctx context.Context) error
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

// NewCode is the code of an invitation that was just made. Its text is shown
// once and never stored.
type NewCode struct {
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

// Program is what runs, below the gate: it decides nothing.
type Program interface {
	// Info tells what the program is and what its store has done.
	Info() Info
	// Verify checks the whole store, which takes as long as it is large.
	Verify(ctx context.Context) (StoreReport, error)
}

// Info describes the running program.
type Info struct {
	Version string
	Store   StoreCounts
}

// StoreCounts counts since the store was opened.
type StoreCounts struct {
	Commits        uint64 // to the disk, each with its syncs
	Changes        uint64 // that the commits carried
	Refusals       uint64 // recorded
	DroppedRecords uint64 // of refusals, that found no room in the queue
	DroppedTouches uint64 // uses of credentials that found none
	LongReads      uint64 // reading transactions of more than a second
	Full           uint64 // commits that found no room on the disk
}

// StoreReport says whether a store is whole.
type StoreReport struct {
	Format   uint64
	Revision tenancy.Revision
	Audit    uint64 // records of the audit
	Head     string // hash of its last record, in hexadecimal
	Records  uint64 // of all kinds
	Faults   []StoreFault
}

// StoreFault is one record, or page of the file, that is damaged.
type StoreFault struct {
	Bucket string // empty: the fault is not of a record
	Key    string // in words; empty: of the bucket as a whole
	Page   uint64 // zero: the fault is not of a page
	What   string
}

// dialect is the native API.
type dialect struct {
	gate     api.Gate
	accounts Accounts
	policies Policies
	program  Program
	now      func() time.Time

	assertionKeys func(context.Context) ([]byte, error)

	asked    *huma.Schema  // of the body of /v1/check
	askedAll *huma.Schema  // of the body of /v1/checks
	schemas  huma.Registry // that they refer to
	document []byte
}

// New makes the native API.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, accounts: opts.Accounts, policies: opts.Policies, program: opts.Program, now: opts.Now, assertionKeys: opts.AssertionKeys}
	s := newSurface()
	d.users(s)
	d.keys(s)
	d.tokens(s)
	d.tenants(s)
	d.usage(s)
	d.members(s)
	d.memberships(s)
	d.batch(s)
	d.roles(s)
	d.invitations(s)
	d.organizations(s)
	d.entities(s)
	d.account(s)
	d.rules(s)
	d.trail(s)
	d.admin(s)
	d.describeByHand(s)
	d.document = s.document()
	s.forget()
	return api.Dialect{
		Name:          tenancy.DialectNative,
		Prefixes:      []string{"/v1", documentPath, keysPath},
		Authenticator: door{opts.Authenticator},
		Render:        render,
		Routes: append(s.routes,
			api.Route{Method: http.MethodPost, Path: checkPath, Quiet: true, Handle: d.check},
			api.Route{Method: http.MethodPost, Path: checksPath, Quiet: true, Handle: d.checkAll},
			api.Route{Method: http.MethodPost, Path: backupPath, Handle: d.backup},
			api.Route{Method: http.MethodGet, Path: documentPath, Public: true, Handle: d.serveDocument},
			api.Route{Method: http.MethodGet, Path: keysPath, Public: true, Quiet: true, Handle: d.serveKeys},
		),
	}
}

// apply makes a change, on the request's terms.
func (d *dialect) apply(ctx context.Context, r *request, change tenancy.Change) (tenancy.Outcome, error) {
	outcome, err := d.gate.Apply(ctx, r.actor, change, r.terms.ApplyOptions)
	if err == nil {
		r.answered(outcome)
	}
	return outcome, err
}

// read reads, on the request's terms.
func (d *dialect) read(ctx context.Context, r *request, query tenancy.Query) (tenancy.Outcome, error) {
	outcome, err := d.gate.Read(ctx, r.actor, query, r.terms.ApplyOptions)
	if err == nil {
		r.answered(outcome)
	}
	return outcome, err
}
