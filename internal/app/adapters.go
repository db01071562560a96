package app

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/api/cognee"
	"github.com/memberward/memberward/internal/api/native"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// tokenCookie holds a token in cognee's API and at proxy checks
// (contracts/README.md, rule 14).
const tokenCookie = "auth_token"

// sessionCookie holds a token in LlamaCloud's API.
const sessionCookie = "session"

// nativeAccounts is authentication in the words of the native API.
type nativeAccounts struct{ *authn.Service }

// Login implements native.Accounts.
func (a nativeAccounts) Login(ctx context.Context, email, password string, tenant tenancy.TenantRef) (native.Token, error) {
	token, err := a.Service.Login(ctx, email, password, tenant)
	return native.Token(token), err
}

// NewKey implements native.Accounts.
func (a nativeAccounts) NewKey() (native.NewKey, error) {
	key, err := a.Service.NewKey()
	return native.NewKey(key), err
}

// NewCode implements native.Accounts.
func (a nativeAccounts) NewCode() (native.NewCode, error) {
	code, err := a.Service.NewCode()
	return native.NewCode(code), err
}

// cogneeAccounts is authentication in the words of cognee's API.
type cogneeAccounts struct{ *authn.Service }

// Login implements cognee.Accounts.
func (a cogneeAccounts) Login(ctx context.Context, email, password string) (string, time.Duration, error) {
	token, err := a.Service.Login(ctx, email, password, tenancy.TenantRef{})
	return token.Text, token.Lifetime, err
}

// NewKey implements cognee.Accounts.
func (a cogneeAccounts) NewKey() (cognee.NewKey, error) {
	key, err := a.Service.NewKey()
	return cognee.NewKey(key), err
}

// cogniacAccounts is authentication in the words of Cogniac's API.
type cogniacAccounts struct{ *authn.Service }

// Exchange implements cogniac.Accounts.
func (a cogniacAccounts) Exchange(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantID) (string, time.Duration, error) {
	token, err := a.Service.Exchange(ctx, actor, tenant)
	return token.Text, token.Lifetime, err
}

// NewCode implements cogniac.Accounts.
func (a cogniacAccounts) NewCode() (string, tenancy.Digest, error) {
	code, err := a.Service.NewCode()
	return code.Text, code.Digest, err
}

// proxyCallers authenticates the requests that a proxy asks about.
type proxyCallers struct{ service *authn.Service }

// Authenticate implements proxy.Authenticator.
func (p proxyCallers) Authenticate(ctx context.Context, c proxy.Credentials) (tenancy.Actor, error) {
	return p.service.Authenticate(ctx, authn.Source{Cookie: tokenCookie}, authn.Request{Header: c.Header, Method: c.Method, Host: c.Host})
}

// rulesInForce shows the active policies to the native API.
type rulesInForce struct{ *policy.Engine }

// Active implements native.Policies.
func (r rulesInForce) Active() native.PolicySet {
	set := r.Engine.Active()
	shown := native.PolicySet{Revision: set.Revision(), Digest: set.Digest(), Source: set.Source()}
	for _, rule := range set.Catalogue() {
		shown.Rules = append(shown.Rules, native.Rule{
			Kind: string(rule.Kind), Code: rule.Code, Title: rule.Title, Description: rule.Description, File: rule.File,
		})
	}
	return shown
}

// proxyOptions are the proxy checks' share of the configuration. The login
// page is a place to redirect to because it is the login page.
func proxyOptions(cfg config.Serve, routes *proxy.Routes) proxy.Options {
	opts := proxy.Options{
		Routes: routes, TrustedPeers: cfg.TrustedPeers, Secret: cfg.ProxySecret,
		LoginURL: cfg.LoginURL, RedirectHosts: cfg.RedirectHosts, AllowPreflight: cfg.CORSPreflight == "allow",
		HeaderPreset: cfg.HeaderPreset,
	}
	if page, err := url.Parse(cfg.LoginURL); err == nil && page.Host != "" && !slices.Contains(opts.RedirectHosts, page.Host) {
		opts.RedirectHosts = append(slices.Clone(opts.RedirectHosts), page.Host)
	}
	return opts
}

// state shows the program and its store to the native API.
type state struct{ *program }

// Info implements native.Program.
func (s state) Info() native.Info {
	did := s.store.Stats()
	return native.Info{Version: Version().Version, Store: native.StoreCounts{
		Commits: did.Commits, Changes: did.Changes, Refusals: did.Appended, DroppedRecords: did.DroppedRecords,
		DroppedTouches: did.DroppedTouches, LongReads: did.LongReads, Full: did.Full,
	}}
}

// Verify implements native.Program.
func (s state) Verify(ctx context.Context) (native.StoreReport, error) {
	found, err := s.checkStore(ctx)
	if err != nil {
		return native.StoreReport{}, err
	}
	report := native.StoreReport{
		Format: found.Format, Revision: found.Revision, Audit: found.Audit, Head: found.Head.String(), Records: found.Records,
	}
	for _, fault := range found.Faults {
		report.Faults = append(report.Faults, native.StoreFault(fault))
	}
	return report, nil
}
