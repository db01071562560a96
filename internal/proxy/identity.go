package proxy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// caller is who makes an allowed request, in the words of the identity
// headers. What is empty here is none there, but for what every allow has.
type caller struct {
	subject, tenant, level string
	roles                  []string // sorted; see roleNames
	authenticated          bool
	decision               tenancy.DecisionID
	policy                 string
}

// anonymous is nobody, on a public route and in a preflight: no tenant was
// judged, and no policy asked.
func anonymous(id tenancy.DecisionID) caller {
	return caller{subject: "anonymous", tenant: none, level: none, decision: id, policy: none}
}

// callerOf tells who was judged, and where. It fails where the verdict is
// about another tenant than was asked about.
func callerOf(actor tenancy.Actor, asked tenancy.TenantRef, v tenancy.Verdict) (caller, error) {
	if !asked.ID.IsZero() && asked.ID != v.Tenant {
		return caller{}, ReasonForeign
	}
	return caller{ // an id that is zero is empty here
		subject: actor.String(), tenant: v.Tenant.String(), level: v.Level.String(), roles: roleNames(v.Roles),
		authenticated: true, decision: v.DecisionID, policy: v.PolicyRevision,
	}, nil
}

// groups are the roles in one value.
func (who *caller) groups() string {
	if len(who.roles) == 0 {
		return none
	}
	return strings.Join(who.roles, ",")
}

// roleNames gives custom roles as applications see them: by name where no
// reader could take the name for something else, by id otherwise.
func roleNames(held []tenancy.HeldRole) []string {
	if len(held) == 0 {
		return nil
	}
	names := make([]string, len(held))
	for i, role := range held {
		names[i] = role.Name
		if !isPlainRole(role.Name) {
			names[i] = role.ID.String()
		}
	}
	slices.Sort(names)
	return names
}

// isPlainRole accepts names of [A-Za-z0-9_.:-]+ that neither stand for having
// no role nor look like the id of another one.
func isPlainRole(name string) bool {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"
	if name == "" || strings.Trim(name, plain) != "" || strings.EqualFold(name, none) {
		return false
	}
	_, err := uuid.Parse(name)
	return err != nil
}

// Assertion is what a signed assertion says: what the identity headers of the
// same answer say.
type Assertion struct {
	Subject, Tenant, Level string
	Roles                  []string // sorted, each as the header has it; nil: none
	Authenticated          bool
	Decision               tenancy.DecisionID
}

// admit answers that a request may pass, and tells the application who made
// it. It fails where a part is missing, and where a value could be misread on
// the way or finds no room.
func (c *check) admit(ctx context.Context, who caller) (answer, error) {
	h := c.handler
	const usual = 8 // without what options add
	a := answer{status: 200, fields: make([]field, 0, usual)}
	a.fields = append(a.fields,
		field{"Vary", c.vary()},
		field{authSubject, who.subject},
		field{authTenant, who.tenant},
		field{authLevel, who.level},
		field{authRoles, who.groups()},
		field{authAuthenticated, strconv.FormatBool(who.authenticated)},
		field{decisionID, who.decision.String()},
		field{policyRevision, who.policy},
	)
	a.fields = append(a.fields, h.rules.preset.fields(&who)...)
	if h.ports.Assert != nil {
		if err := a.check(); err != nil { // nothing is signed that is not complete
			return answer{}, err
		}
		text, err := h.ports.Assert(ctx, Assertion{
			Subject: who.subject, Tenant: who.tenant, Level: who.level, Roles: who.roles,
			Authenticated: who.authenticated, Decision: who.decision,
		})
		if err != nil {
			return answer{}, fmt.Errorf("sign who made the request: %w", err)
		}
		a.fields = append(a.fields, field{authAssertion, text})
	}
	if c.endpoint.removes {
		a.fields = append(a.fields, field{headersToRemove, strings.Join(h.removed(a), ",")})
	}
	return a, a.check()
}
