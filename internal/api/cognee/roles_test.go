package cognee_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Taking a role from whoever is no member succeeds where that is all that was
// found; a rule of the operator's still refuses.
func TestTakingARoleFromNobody(t *testing.T) {
	const path = "/api/v1/permissions/users/{sam}/roles?role_id={readers}"
	noMember, weekend := tenancy.Find(tenancy.CodeTargetNotMember), tenancy.Finding{Code: "weekend", Message: "not on Sundays"}
	for _, row := range []struct {
		findings []tenancy.Finding
		status   int
	}{
		{[]tenancy.Finding{noMember}, http.StatusOK},
		{[]tenancy.Finding{noMember, weekend}, http.StatusForbidden},
		{[]tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted), noMember}, http.StatusForbidden},
		{[]tenancy.Finding{noMember, tenancy.Find(tenancy.CodePolicyError)}, http.StatusForbidden},
		{nil, http.StatusForbidden},
	} {
		refusal := &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: row.findings}}
		s := set(t, directions{gate: func(real api.Gate) api.Gate { return broken{real, refusal} }})
		if got := s.Ask(t, "olga", "DELETE", fill(path), "", nil); got.Status != row.status {
			t.Errorf("%v = %d %s, want %d", row.findings, got.Status, got.Body, row.status)
		}
	}
}

// counted is a gate whose reads are refused, and counted.
type counted struct {
	broken
	reads *atomic.Int64
}

func (g counted) Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	g.reads.Add(1)
	return g.broken.Read(ctx, actor, query, opts)
}

// Whoever may not see all roles is shown their own; a stranger, and whoever met
// a policy without a ruling, is not even asked about.
func TestOwnRolesAreAskedForOnce(t *testing.T) {
	for _, row := range []struct {
		codes []tenancy.Code
		reads int64
	}{
		{[]tenancy.Code{tenancy.CodeNotPermitted}, 2},
		{[]tenancy.Code{tenancy.CodeNotAMember, tenancy.CodeNotPermitted}, 1},
		{[]tenancy.Code{tenancy.CodeNotPermitted, tenancy.CodePolicyTimeout}, 1},
		{[]tenancy.Code{tenancy.CodePolicyError}, 1},
	} {
		refusal, reads := &tenancy.Refusal{}, &atomic.Int64{}
		for _, code := range row.codes {
			refusal.Reasons = append(refusal.Reasons, tenancy.Find(code))
		}
		s := set(t, directions{gate: func(real api.Gate) api.Gate { return counted{broken{real, refusal}, reads} }})
		got := s.Ask(t, "mary", "GET", fill("/api/v1/permissions/tenants/{acme}/roles"), "", nil)
		if got.Status != http.StatusForbidden || reads.Load() != row.reads {
			t.Errorf("%v = %d %s after %d reads, want 403 after %d", row.codes, got.Status, got.Body, reads.Load(), row.reads)
		}
	}
}

// Who administers the organization acts as an owner would, so that a member who
// does manages the users: they remove an admin, and leave.
func TestOrganizationAdministratorsAreUserManagers(t *testing.T) {
	group := tenancy.OrganizationID(uuid.MustParse("0190dddd-0000-7000-8000-0000000000aa"))
	s := set(t, directions{more: func(s *tenancy.Seed) {
		s.Organizations = append(s.Organizations, tenancy.Organization{ID: group, Name: "Group", ShortName: "group"})
		s.OrganizationMembers = append(s.OrganizationMembers, tenancy.OrganizationMember{Organization: group, User: user("vic"), Admin: true, Enabled: true})
		for i := range s.Tenants {
			if s.Tenants[i].ID == tenant("acme") {
				s.Tenants[i].Organization = group
			}
		}
	}})
	for _, whom := range []string{"adam", "vic"} {
		got := s.Ask(t, "vic", "DELETE", fill("/api/v1/permissions/tenants/{acme}/users/{"+whom+"}"), "", nil)
		if got.Status != http.StatusOK {
			t.Errorf("vic removes %s = %d %s", whom, got.Status, got.Body)
		}
	}
}
