package gate

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// How many changes of a tenant one look into its past undoes, and how many it
// reads at a time.
const (
	pastLimit = 100_000
	pastChunk = 1000
)

// membersThen lists a tenant's members as they are, or as they were: from
// what is there now, every change since is undone.
func membersThen(tx Reader, m *matter, q tenancy.ListMembers) ([]tenancy.Membership, error) {
	if q.AsOf.IsZero() {
		return tx.Members(m.tenant.ID, q.After, q.Limit)
	}
	then, err := since(tx, m, q.AsOf)
	if err != nil {
		return nil, err
	}
	return then.members(tx, m.tenant.ID, q.After, q.Limit)
}

// changed holds the state before of each membership that has changed since a
// moment; nil: it was not there.
type changed map[tenancy.UserID]*tenancy.Membership

// since follows the tenant's changes after a moment. Of a time, the last
// change made by then ends what counts.
func since(tx Reader, m *matter, then tenancy.Moment) (changed, error) {
	if err := reached(tx, then.Revision); err != nil {
		return nil, err
	}
	if then.At.After(m.in.Now) {
		return nil, &tenancy.Error{Code: tenancy.CodeConflict, Msg: "as_of lies in the future"}
	}
	begins, err := tx.ChangesBegin()
	if err != nil {
		return nil, err
	}
	before, after, followed := changed{}, then.Revision, 0
	inLog := then.Revision >= begins && then.At.IsZero()
	for {
		commits, err := tx.ChangesOf(m.tenant.ID, after, pastChunk)
		if err != nil {
			return nil, err
		}
		for _, c := range commits {
			after = c.Revision
			if !then.At.IsZero() && !c.At.After(then.At) {
				before, inLog = changed{}, true
				continue
			}
			before.note(c, m.tenant.ID)
		}
		if followed += len(commits); followed > pastLimit {
			return nil, &tenancy.Error{Code: tenancy.CodeConflict, Msg: fmt.Sprintf("as_of lies more than %d changes back", pastLimit)}
		}
		if len(commits) < pastChunk {
			break
		}
	}
	if begins > 0 && !inLog {
		return nil, &tenancy.Error{Code: tenancy.CodeConflict, Msg: fmt.Sprintf("what was before revision %d is not kept", begins)}
	}
	return before, nil
}

func (c changed) note(commit tenancy.Commit, tenant tenancy.TenantID) {
	for _, effect := range commit.Effects {
		if effect.Kind != tenancy.EffectMembership || effect.Tenant != tenant {
			continue
		}
		if _, known := c[effect.User]; !known {
			c[effect.User] = effect.Before
		}
	}
}

// members merges those that have not changed since with those that have.
func (c changed) members(tx Reader, tenant tenancy.TenantID, after tenancy.UserID, limit int) ([]tenancy.Membership, error) {
	restored := c.after(after)
	var rows []tenancy.Membership
	for len(rows) < limit {
		still, err := tx.Members(tenant, after, limit)
		if err != nil {
			return nil, err
		}
		for _, m := range still {
			after = m.User
			for len(restored) > 0 && compare(restored[0].User, m.User) <= 0 {
				rows, restored = append(rows, restored[0]), restored[1:]
			}
			if _, changed := c[m.User]; !changed {
				rows = append(rows, m)
			}
		}
		if len(still) < limit {
			rows = append(rows, restored...)
			break
		}
	}
	return rows[:min(limit, len(rows))], nil
}

// after lists the memberships that were there, in the order of their users.
func (c changed) after(user tenancy.UserID) []tenancy.Membership {
	var were []tenancy.Membership
	for id, before := range c {
		if before != nil && compare(id, user) > 0 {
			were = append(were, *before)
		}
	}
	slices.SortFunc(were, func(a, b tenancy.Membership) int { return compare(a.User, b.User) })
	return were
}

func compare(a, b tenancy.UserID) int { return bytes.Compare(a[:], b[:]) }
