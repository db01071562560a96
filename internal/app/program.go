package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/authzen"
	"github.com/memberward/memberward/internal/api/cognee"
	"github.com/memberward/memberward/internal/api/cogniac"
	"github.com/memberward/memberward/internal/api/llamacloud"
	"github.com/memberward/memberward/internal/api/native"
	"github.com/memberward/memberward/internal/api/opadata"
	"github.com/memberward/memberward/internal/api/processmind"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// parts are what a program is assembled from.
type parts struct {
	logger  *slog.Logger
	metrics *telemetry.Metrics
	store   *boltstore.Store
	engine  *policy.Engine
	manager *manager
}

// program is the assembled whole.
type program struct {
	parts
	cfg            config.Serve
	environment    config.Environment
	stdout, stderr io.Writer
	clock          func() time.Time
	random         io.Reader
	authn          *authn.Service
	gate           *gate.Gate
	proxy          *proxy.Handler
	schema         *schema // of Envoy's protocol
	routes         routesFile
	routesFailed   atomic.Bool // the file of routes has changed into one that cannot serve
	executable     string      // this program's own
	stopping       atomic.Bool // no longer ready
}

func assemble(ctx context.Context, opts Options, from parts) (*program, error) {
	p := &program{
		parts: from, cfg: opts.Config, environment: opts.Environment, executable: opts.Executable,
		stdout: opts.Stdout, stderr: opts.Stderr, clock: opts.Clock, random: opts.Random,
	}
	var err error
	p.authn, err = authn.New(ctx, p.store, authn.Options{Clock: p.clock, Random: p.random})
	if err != nil {
		return nil, err
	}
	p.gate = gate.New(p.store, p.engine, gate.Options{Clock: p.clock, NewID: p.newID, Observe: p.observeDecision})
	p.routes.path = p.cfg.Routes
	p.routes.seen = statOrNil(p.cfg.Routes) // before it is read: a change in between is read again
	table, err := LoadTable(p.cfg.Routes, p.engine)
	if err != nil {
		return nil, err
	}
	options := proxyOptions(p.cfg, table.Routes)
	if options.EnvoyRule, err = envoyRule(p.cfg, p.engine.Active()); err != nil {
		return nil, err
	}
	if p.schema, err = newSchema(); err != nil {
		return nil, err
	}
	p.proxy, err = proxy.New(p.proxyPorts(), options)
	if err != nil {
		return nil, err
	}
	p.watchStore()
	p.watchRouting()
	p.metrics.WatchPolicy(func() (string, string) {
		set := p.engine.Active()
		return set.Revision(), set.Source()
	})
	return p, nil
}

func (p *program) newID() uuid.UUID { return makeID(p.random) }

// makeID gives a UUIDv7: ids sort by time. The program cannot go on without
// randomness, and Go's own source never fails.
func makeID(random io.Reader) uuid.UUID { return uuid.Must(uuid.NewV7FromReader(random)) }

// apis serves every published API. A dialect is one line here.
func (p *program) apis() http.Handler {
	bounded := api.WithTimeout(p.gate, api.GateTimeout)
	return api.New(api.Options{
		Dialects: []api.Dialect{
			// Before the native API, below whose /v1 some of its paths lie.
			opadata.New(opadata.Options{
				Gate: bounded, Evaluator: p.gate, Authenticator: opaDoor{p.authn.Door(authn.Source{}), p.cfg.OPAClients},
				Modules: func() []tenancy.Module { return p.engine.Active().Modules() }, Ready: p.ready,
			}),
			native.New(native.Options{
				Gate: bounded, Authenticator: p.authn.Door(authn.Source{ActAs: true}),
				Accounts: nativeAccounts{p.authn}, Policies: rulesInForce{p.engine}, Program: state{p}, Now: p.clock, AssertionKeys: p.authn.AssertionKeys,
			}),
			cognee.New(cognee.Options{
				Gate: bounded, Authenticator: p.authn.Door(authn.Source{Order: authn.FallThrough, Cookie: tokenCookie, ActAs: true}),
				Accounts: cogneeAccounts{p.authn}, SelfRegistration: p.cfg.SelfRegistration,
				SecureCookie: p.cfg.CookieSecure, ValidationStatus: p.cfg.CogneeValidationStatus,
			}),
			processmind.New(processmind.Options{Gate: bounded, Authenticator: p.authn.Door(authn.Source{ActAs: true})}),
			llamacloud.New(llamacloud.Options{
				Gate: bounded, Authenticator: p.authn.Door(authn.Source{Cookie: sessionCookie, ActAs: true}),
				Terms:        func() tenancy.Terms { return p.engine.Terms(tenancy.DialectLlamaCloud) },
				LevelActions: p.engine.LevelActions, Now: p.clock,
			}),
			authzen.New(authzen.Options{
				Gate: p.gate, Authenticator: p.authn.Door(authn.Source{ActAs: true}), Random: p.random, PublicURL: p.cfg.PublicURL,
			}),
			cogniac.New(cogniac.Options{
				Gate: bounded, Authenticator: p.authn.Door(authn.Source{ActAs: true}), SignIn: p.authn.Door(authn.Source{SignIn: true, ActAs: true}),
				Accounts: cogniacAccounts{p.authn}, Now: p.clock,
			}),
		},
		Logger: p.logger, Now: p.clock, NewID: func() string { return p.newID().String() },
		Observe: func(o api.Observation) { p.metrics.Request("api", string(o.Dialect), o.Status, o.Duration) },
	})
}
