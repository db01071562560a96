package app

import (
	"cmp"
	"context"
	"time"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// proxyPorts are what the proxy checks need of the program.
func (p *program) proxyPorts() proxy.Ports {
	ports := proxy.Ports{
		Checker: p.gate, Restricter: p.gate, Authenticator: proxyCallers{p.authn}, Clock: p.clock, Log: p.logger,
		NewID:    func() tenancy.DecisionID { return tenancy.DecisionID(p.newID()) },
		Together: p.store.Together,
		Observe:  p.observeProxyCheck,
	}
	if p.cfg.Assertion.Enabled {
		ports.Assert = asserter(p.authn, p.cfg)
	}
	return ports
}

// assertionIssuer is who signs assertions where no URL of ours is known.
const assertionIssuer = "memberward"

// asserter signs who made a request, by the configuration.
func asserter(accounts *authn.Service, cfg config.Serve) func(context.Context, proxy.Assertion) (string, error) {
	issuer := cmp.Or(cfg.PublicURL, assertionIssuer)
	return func(ctx context.Context, said proxy.Assertion) (string, error) {
		return accounts.Assert(ctx, authn.Assertion{
			Issuer: issuer, Audience: cfg.Assertion.Audience, Lifetime: cfg.Assertion.TTL, ID: said.Decision.String(),
			Subject: said.Subject, Tenant: said.Tenant, Level: said.Level, Roles: said.Roles, Authenticated: said.Authenticated,
		})
	}
}

// fcgiListener is the label of a listener whose requests nothing else counts.
const fcgiListener = "fcgi"

// observeProxyCheck counts a check by its protocol; over FastCGI, it is the
// request too.
func (p *program) observeProxyCheck(protocol string, status int, took time.Duration) {
	p.metrics.ProxyCheck(protocol, status)
	if protocol == fcgiListener {
		p.metrics.Request(fcgiListener, string(tenancy.DialectProxy), status, took)
	}
}
