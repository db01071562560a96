package gate

import (
	"context"
	"fmt"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// composite is a change to an account that is judged in each tenant of it as
// well, after the change itself: all of it happens, or nothing
// (contracts/README.md, rule 3).
type composite interface {
	// part gives what the change means for one membership of the account.
	part(tenant tenancy.TenantID, user tenancy.UserID) part
}

// part is a change's share in one tenant.
type part struct {
	step     step
	judged   bool // only judged: the change itself does what has to be done
	rightful bool // the right to the whole covers the part: only what stands against it counts
}

// inEachTenant judges and performs the parts, each in the state that those
// before it left. What is found anywhere stands against the whole.
func (g *Gate) inEachTenant(ctx context.Context, tx Tx, m *matter, whole composite) error {
	user, against := m.in.Target.User, newObjections()
	var after tenancy.TenantID
	for {
		tenants, err := tx.TenantsOf(user, after, cascadeChunk)
		if err != nil {
			return err
		}
		for _, after = range tenants {
			p := whole.part(after, user)
			if p.step == nil {
				continue
			}
			if err := g.inTenant(ctx, tx, m, p, against); err != nil {
				return err
			}
		}
		if len(tenants) < cascadeChunk {
			break
		}
	}
	m.find(against.findings()...)
	m.found = tenancy.SortFindings(m.found)
	return nil
}

// inTenant is one part: a decision of its own, with its own record.
func (g *Gate) inTenant(ctx context.Context, tx Tx, whole *matter, p part, against *objections) error {
	m := g.open(tx, whole.actor, p.step.action(whole.actor), whole.in.Dialect)
	m.in.Now = whole.in.Now
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	if err := m.gather(tx, p.step); err != nil {
		return err
	}
	if err := g.judge(ctx, m, p.step); err != nil {
		return err
	}
	if against.add(m, p.rightful) || p.judged {
		return nil
	}
	whole.parts++
	return g.perform(tx, m, p.step)
}

// objections are what stands against a change, and in which tenants.
type objections struct {
	codes []tenancy.Code
	of    map[tenancy.Code]*objection
}

type objection struct {
	finding tenancy.Finding
	tenants []string
	more    int
}

// namedTenants is how many tenants one message names.
const namedTenants = 20

func newObjections() *objections { return &objections{of: map[tenancy.Code]*objection{}} }

// add notes what was found in one tenant, and reports whether anything was.
func (o *objections) add(m *matter, rightful bool) bool {
	some := false
	for _, finding := range m.found {
		if rightful && (finding.Code == tenancy.CodeNotPermitted || finding.Code == tenancy.CodeNotAMember) {
			continue
		}
		some = true
		known := o.of[finding.Code]
		if known == nil {
			known = &objection{finding: finding}
			o.of[finding.Code], o.codes = known, append(o.codes, finding.Code)
		}
		if len(known.tenants) == namedTenants {
			known.more++
			continue
		}
		known.tenants = append(known.tenants, m.tenant.Slug)
	}
	return some
}

// findings gives each objection once, with the tenants that it holds in.
func (o *objections) findings() []tenancy.Finding {
	var found []tenancy.Finding
	for _, code := range o.codes {
		of := o.of[code]
		message := fmt.Sprintf("in %s: %s", strings.Join(of.tenants, ", "), of.finding.Message)
		if of.more > 0 {
			message = fmt.Sprintf("in %s and %d more: %s", strings.Join(of.tenants, ", "), of.more, of.finding.Message)
		}
		found = append(found, tenancy.Finding{Code: code, Message: message})
	}
	return found
}
