package gate

import (
	"context"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// Read decides whether the actor may see something and reads it, in one
// snapshot. A list is one page; each page is decided again. A refusal is a
// *tenancy.Refusal; what is not there is one too, for those who may know. A
// store that has not reached the revision asked for is a conflict.
func (g *Gate) Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if q, ok := query.(tenancy.GetDecision); ok {
		return g.look(ctx, actor, func() view { return g.recalling(q) }, opts)
	}
	v, err := viewOf(query)
	if err != nil {
		return tenancy.Outcome{}, err
	}
	return g.look(ctx, actor, func() view { return v }, opts)
}

// look is one view in one snapshot.
func (g *Gate) look(ctx context.Context, actor tenancy.Actor, next func() view, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.Outcome{}, unauthenticated("nobody is signed in")
	}
	v := next()
	m := &matter{actor: actor, in: Input{Action: v.action, Dialect: opts.Dialect}}
	err := g.store.View(ctx, func(tx Reader) error {
		m = g.open(tx, actor, v.action, opts.Dialect)
		if err := reached(tx, opts.AtLeast); err != nil {
			return err
		}
		if v.instead != nil {
			return v.instead(ctx, tx, m)
		}
		return g.read(ctx, tx, m, v)
	})
	if v.instead == nil { // a decision that is only shown is none
		g.watch(tenancy.DecisionRead, m, err == nil, err)
	}
	if err != nil {
		return tenancy.Outcome{}, err
	}
	return m.outcome, nil
}

// reached refuses a snapshot older than the one asked for. Commits are visible
// before they are acknowledged, so only a revision that this store never gave
// is ahead of it.
func reached(tx Reader, wanted tenancy.Revision) error {
	if tx.Revision() >= wanted {
		return nil
	}
	return &tenancy.Error{
		Code: tenancy.CodeConflict, Msg: fmt.Sprintf("the store is at revision %d and has not reached %d", tx.Revision(), wanted),
	}
}

func (g *Gate) read(ctx context.Context, tx Reader, m *matter, v view) error {
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	if err := m.gatherTenant(tx, v.tenant); err != nil {
		return err
	}
	if err := m.gatherTarget(tx, v.target); err != nil {
		return err
	}
	if v.gather != nil {
		if err := v.gather(tx, m); err != nil {
			return err
		}
	}
	if err := g.judgeAccess(ctx, m); err != nil {
		return err
	}
	if len(m.found) == 0 {
		result, err := v.rows(tx, m)
		if err != nil {
			return err
		}
		m.outcome.Result = result
	}
	if len(m.found) > 0 {
		m.outcome.Result, m.outcome.Reasons = nil, m.found
		return &tenancy.Refusal{Outcome: m.outcome}
	}
	return nil
}

// view is one kind of query: what is asked for, and how its rows are read
// once that is allowed. What is not there, rows reports in m.found.
type view struct {
	action tenancy.Action
	tenant tenancy.TenantRef
	target tenancy.UserID
	gather func(tx Reader, m *matter) error // further facts; nil: there are none
	rows   func(tx Reader, m *matter) (any, error)
	// instead of all that: decides by itself.
	instead func(ctx context.Context, tx Reader, m *matter) error
}

func (g *Gate) recalling(q tenancy.GetDecision) view {
	return view{action: tenancy.ActionAuditRead, instead: func(ctx context.Context, tx Reader, m *matter) error {
		return g.recall(ctx, tx, m, q.Decision)
	}}
}

func viewOf(query tenancy.Query) (view, error) {
	switch q := query.(type) {
	case tenancy.GetUser:
		return view{action: tenancy.ActionUserRead, target: q.User, rows: userRow}, nil
	case tenancy.FindUser:
		return view{action: tenancy.ActionUserFind, rows: foundUser(q)}, nil
	case tenancy.ListKeys:
		return view{action: tenancy.ActionKeyList, target: q.User, rows: keyRows(q)}, nil
	case tenancy.GetTenant:
		return view{action: tenancy.ActionTenantRead, tenant: q.Tenant, rows: tenantRow}, nil
	case tenancy.ListTenants:
		if q.User.IsZero() {
			return view{action: tenancy.ActionTenantListAll, rows: allTenants(q)}, nil
		}
		return view{action: tenancy.ActionTenantList, target: q.User, rows: ownTenants(q)}, nil
	case tenancy.GetMember:
		return view{action: tenancy.ActionMemberRead, tenant: q.Tenant, target: q.User, rows: memberRow}, nil
	case tenancy.ListMembers:
		return view{action: tenancy.ActionMemberList, tenant: q.Tenant, rows: memberRows(q)}, nil
	case tenancy.ListAudit:
		return view{action: tenancy.ActionAuditRead, tenant: q.Tenant, rows: auditRows(q)}, nil
	case tenancy.GetPolicies:
		return view{action: tenancy.ActionPolicyRead, rows: noRows}, nil
	case tenancy.GetEntity:
		return view{action: tenancy.ActionEntityRead, gather: aboutEntity(q.EntityRef), rows: entityRow(q)}, nil
	case tenancy.ListEntities:
		return view{action: tenancy.ActionEntityRead, gather: aboutEntity(tenancy.EntityRef{Type: q.Type}), rows: entityRows(q)}, nil
	case tenancy.GetInfo:
		return view{action: tenancy.ActionStoreRead, rows: noRows}, nil
	case tenancy.VerifyStore:
		return view{action: tenancy.ActionStoreVerify, rows: noRows}, nil
	default:
		return resourceView(query)
	}
}

// noRows is the answer of what is no part of the store: the decision is what
// was asked for.
func noRows(Reader, *matter) (any, error) { return nil, nil }

func userRow(tx Reader, m *matter) (any, error) {
	if !m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeUserUnknown))
		return nil, nil
	}
	last, err := tx.LastLogin(m.account.ID)
	return tenancy.UserView{User: m.account, LastLoginAt: last}, err
}

func foundUser(q tenancy.FindUser) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		id, known, err := tx.UserByEmail(tenancy.EmailKey(q.Email))
		if err != nil {
			return nil, err
		}
		if !known {
			m.find(tenancy.Find(tenancy.CodeUserUnknown))
			return nil, nil
		}
		if err := m.gatherTarget(tx, id); err != nil {
			return nil, err
		}
		return userRow(tx, m)
	}
}

// keyRows lists a user's keys. A credential that is bound to a tenant shows
// its holder those alone that are bound to the same one.
func keyRows(q tenancy.ListKeys) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		if !m.in.Target.Exists {
			m.find(tenancy.Find(tenancy.CodeUserUnknown))
			return nil, nil
		}
		views := []tenancy.KeyView{}
		after, limit := q.After, q.Limit
		for len(views) < limit {
			keys, err := tx.Keys(q.User, after, limit)
			if err != nil {
				return nil, err
			}
			if views, err = m.appendKeys(tx, views, keys, limit); err != nil {
				return nil, err
			}
			if len(keys) < limit {
				break
			}
			after = keys[len(keys)-1].ID
		}
		return views, nil
	}
}

func (m *matter) appendKeys(tx Reader, views []tenancy.KeyView, keys []tenancy.Key, limit int) ([]tenancy.KeyView, error) {
	for _, key := range keys {
		if !m.bindingHolds(key.Tenant) || len(views) == limit {
			continue
		}
		last, err := tx.LastUsed(key.ID)
		if err != nil {
			return nil, err
		}
		views = append(views, tenancy.KeyView{Key: key, LastUsedAt: last})
	}
	return views, nil
}

func tenantRow(_ Reader, m *matter) (any, error) { return m.tenant, nil }

func allTenants(q tenancy.ListTenants) func(Reader, *matter) (any, error) {
	return func(tx Reader, _ *matter) (any, error) { return tx.Tenants(q.After, q.Limit) }
}

// ownTenants lists where a user belongs and is active: pending, disabled and
// expired members are allowed nothing there, not even to read it. A credential
// that is bound to a tenant shows its holder that one alone.
func ownTenants(q tenancy.ListTenants) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		tenants := []tenancy.Tenant{}
		after, limit := q.After, q.Limit
		for len(tenants) < limit {
			ids, err := tx.TenantsOf(q.User, after, limit)
			if err != nil {
				return nil, err
			}
			if tenants, err = m.appendTenants(tx, tenants, ids, limit); err != nil {
				return nil, err
			}
			if len(ids) < limit {
				break
			}
			after = ids[len(ids)-1]
		}
		return tenants, nil
	}
}

func (m *matter) appendTenants(tx Reader, tenants []tenancy.Tenant, ids []tenancy.TenantID, limit int) ([]tenancy.Tenant, error) {
	for _, id := range ids {
		own, member, err := tx.Membership(id, m.in.Target.User)
		if err != nil {
			return nil, err
		}
		if !member || !m.bindingHolds(id) || !own.Active(m.in.Now) || len(tenants) == limit {
			continue
		}
		tenant, known, err := tx.Tenant(id)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, fmt.Errorf("tenant %s of a membership is missing", id)
		}
		tenants = append(tenants, tenant)
	}
	return tenants, nil
}

func memberRow(tx Reader, m *matter) (any, error) {
	m.findMember()
	if len(m.found) > 0 {
		return nil, nil
	}
	return newViewer(tx, m.tenant).member(m.membership, m.account)
}

func memberRows(q tenancy.ListMembers) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		rows, err := membersThen(tx, m, q)
		if err != nil {
			return nil, err
		}
		viewer := newViewer(tx, m.tenant)
		members := make([]tenancy.Member, len(rows))
		for i, row := range rows {
			user, known, err := tx.User(row.User)
			if err != nil {
				return nil, err
			}
			if !known && q.AsOf.IsZero() { // the account of a former member may be gone, and its address with it
				return nil, fmt.Errorf("user %s of a membership is missing", row.User)
			}
			if members[i], err = viewer.member(row, user); err != nil {
				return nil, err
			}
		}
		return members, nil
	}
}
