package gate

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// recall reads a decision that is kept: the platform reads all of them,
// administrators those about their tenant, and people their own. Anybody
// else's is as if it were not there (contracts/native.md, "Resources").
func (g *Gate) recall(ctx context.Context, tx Reader, m *matter, id tenancy.DecisionID) error {
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	decision, found, err := g.kept(tx, id)
	if err != nil {
		return err
	}
	tenant := tenancy.TenantRef{}
	if found && !decision.Tenant.IsZero() {
		tenant = tenancy.RefTo(decision.Tenant)
	}
	may, err := g.mayAudit(ctx, tx, m, tenant)
	if err != nil {
		return err
	}
	switch {
	case found && may:
		m.outcome.Result = decision
	case found && isOwn(m.actor, decision) && m.in.Actor.Active && m.actor.InScope(tenancy.ActionAuditRead):
		m.outcome.Result = withoutForeignFacts(decision)
	default:
		m.found = []tenancy.Finding{tenancy.Find(tenancy.CodeDecisionExpired)}
		m.outcome.Reasons = m.found
		return &tenancy.Refusal{Outcome: m.outcome}
	}
	return nil
}

// kept finds a decision in the ring or in the audit.
func (g *Gate) kept(tx Reader, id tenancy.DecisionID) (tenancy.Decision, bool, error) {
	canonical, input, found, err := tx.Decision(id)
	if err != nil {
		return tenancy.Decision{}, false, err
	}
	if found {
		decision, err := recorded(canonical, input)
		return decision, err == nil, err
	}
	if k, found := g.recent.find(id); found {
		decision, err := k.decision()
		return decision, err == nil, err
	}
	return tenancy.Decision{}, false, nil
}

// recorded reads a decision from its audit record.
func recorded(canonical, input []byte) (tenancy.Decision, error) {
	r, _, err := audit.Decode(canonical)
	if err != nil {
		return tenancy.Decision{}, err
	}
	id, err := tenancy.ParseDecisionID(r.DecisionID)
	if err != nil {
		return tenancy.Decision{}, fmt.Errorf("audit record %d: decision: %w", r.Seq, err)
	}
	d := tenancy.Decision{
		ID: id, At: r.Time, Kind: tenancy.DecisionChange, Actor: r.Actor, ActingAs: r.ActingAs, Dialect: tenancy.Dialect(r.Dialect),
		Action: tenancy.Action(r.Action), Target: r.Target, Allow: r.Verdict == audit.Allowed,
		PolicyRevision: r.PolicyRevision, Revision: r.Revision, Input: input,
	}
	if r.Tenant != "" {
		if d.Tenant, err = tenancy.ParseTenantID(r.Tenant); err != nil {
			return tenancy.Decision{}, fmt.Errorf("audit record %d: tenant: %w", r.Seq, err)
		}
	}
	for _, reason := range r.Reasons {
		d.Reasons = append(d.Reasons, tenancy.Finding{Code: tenancy.Code(reason.Code), Message: reason.Message})
	}
	return d, nil
}

// isOwn reports whether the actor was the one who asked.
func isOwn(actor tenancy.Actor, d tenancy.Decision) bool {
	return !actor.User.IsZero() && (d.Actor == actor.User.String() || d.ActingAs == actor.User.String()) &&
		(actor.Tenant.IsZero() || actor.Tenant == d.Tenant)
}

// withoutForeignFacts gives people of their own decision what its answer gave
// them: whoever lacked the right does not learn afterwards what else was found,
// nor a stranger whether the tenant is there.
func withoutForeignFacts(d tenancy.Decision) tenancy.Decision {
	self := d.ActingAs
	if self == "" {
		self = d.Actor
	}
	if wasActive(d.Input) && !withheld(d.Reasons, d.Target, self) {
		return d
	}
	d.Reasons, d.Input, d.Target = tenancy.Shown(d.Reasons), nil, ""
	if tenancy.Has(d.Reasons, tenancy.CodeTenantUnknown) {
		d.Tenant = tenancy.TenantID{}
	}
	return d
}

// wasActive reads from a decision's input whether its actor was allowed
// anything: pending, disabled and expired members see nothing of a tenant, so
// its facts are not for them either.
func wasActive(input []byte) bool {
	var facts struct {
		Actor struct {
			Active bool `json:"active"`
		} `json:"actor"`
	}
	return json.Unmarshal(input, &facts) == nil && facts.Actor.Active
}

// withheld reports whether callers learn less than was found: strangers, and
// whoever lacked the right to act upon somebody else.
func withheld(found []tenancy.Finding, target, self string) bool {
	return len(tenancy.Shown(found)) != len(found) ||
		tenancy.Has(found, tenancy.CodeTenantUnknown) || tenancy.Has(found, tenancy.CodeKeyUnknown) ||
		tenancy.Has(found, tenancy.CodeNotPermitted) && target != "" && target != self
}

// mayAudit reports whether the actor may read the decisions about a tenant; a
// zero one stands for those about none, which are the platform's.
func (g *Gate) mayAudit(ctx context.Context, tx Reader, asking *matter, tenant tenancy.TenantRef) (bool, error) {
	m := g.open(tx, asking.actor, tenancy.ActionAuditRead, asking.in.Dialect)
	if err := m.gatherActor(tx); err != nil {
		return false, err
	}
	if err := m.gatherTenant(tx, tenant); err != nil {
		return false, err
	}
	if m.actor.Platform {
		m.found = nil // the tenant may be gone by now
	}
	err := g.judgeAccess(ctx, m)
	return len(m.found) == 0, err
}
