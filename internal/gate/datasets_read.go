package gate

import (
	"bytes"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// datasetView lists what a principal can reach. One's own list is dataset.list;
// a role's, the tenant's and anybody else's is dataset.list_of.
func datasetView(q tenancy.ListDatasets) view {
	v := view{action: tenancy.ActionDatasetListOf, tenant: q.Tenant, rows: datasetRows(q)}
	v.gather = func(tx Reader, m *matter) error {
		m.aboutRecord("principal", q.Principal.String())
		if q.Principal == tenancy.PrincipalID(m.actor.User) && !m.actor.User.IsZero() {
			m.in.Action = tenancy.ActionDatasetList
		}
		m.in.Resource.Mine = m.isMine(q.Principal)
		return m.gatherTarget(tx, tenancy.UserID(q.Principal))
	}
	return v
}

// isMine reports whether a principal is the actor, a role that they hold, or
// the tenant that they are a member of.
func (m *matter) isMine(id tenancy.PrincipalID) bool {
	return !m.actor.User.IsZero() && id == tenancy.PrincipalID(m.actor.User) ||
		m.in.Actor.Member && id == tenancy.PrincipalID(m.tenant.ID) ||
		slices.ContainsFunc(m.in.Actor.Roles, func(r RoleFact) bool { return id == tenancy.PrincipalID(r.ID) })
}

// datasetRows walks the tenant's datasets, or of no tenant the principal's own
// grants, and keeps what the principal may.
func datasetRows(q tenancy.ListDatasets) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		principals, err := m.reachOf(tx, q.Principal)
		if err != nil || len(principals) == 0 {
			m.find(tenancy.Find(tenancy.CodePrincipalUnknown))
			return nil, err
		}
		ids := map[tenancy.DatasetID]tenancy.Permissions{}
		for _, principal := range principals {
			if err := collect(tx, principal, m.tenant.ID, ids); err != nil {
				return nil, err
			}
		}
		var wanted []tenancy.DatasetID
		for id, held := range ids {
			if held.Has(q.Permission) && bytes.Compare(id[:], q.After[:]) > 0 {
				wanted = append(wanted, id)
			}
		}
		wanted = tenancy.SortIDs(wanted)
		datasets := []tenancy.Dataset{}
		for _, id := range wanted[:min(len(wanted), q.Limit)] {
			dataset, known, err := tx.Dataset(id)
			if err != nil || !known {
				return nil, missing(err, "dataset %s of a grant", id)
			}
			datasets = append(datasets, dataset)
		}
		return datasets, nil
	}
}

// reachOf gives the principals whose grants a principal has in the tenant; none
// for one that is unknown there.
func (m *matter) reachOf(tx Reader, id tenancy.PrincipalID) ([]tenancy.Principal, error) {
	if m.tenant.ID.IsZero() {
		if !m.in.Target.Exists {
			return nil, nil
		}
		return []tenancy.Principal{tenancy.UserPrincipal(m.in.Target.User)}, nil
	}
	if m.in.Target.Member {
		principals := []tenancy.Principal{tenancy.UserPrincipal(m.in.Target.User), tenancy.TenantPrincipal(m.tenant.ID)}
		for _, role := range m.membership.Roles {
			principals = append(principals, tenancy.RolePrincipal(role))
		}
		return principals, nil
	}
	found, known, err := principal(tx, tenancy.Dataset{Tenant: m.tenant.ID}, id)
	if err != nil || !known {
		return nil, err
	}
	return []tenancy.Principal{found}, nil
}

// collect adds what a principal was granted on the datasets of a tenant.
func collect(tx Reader, principal tenancy.Principal, tenant tenancy.TenantID, into map[tenancy.DatasetID]tenancy.Permissions) error {
	var after tenancy.DatasetID
	for {
		grants, err := tx.GrantsOf(principal.ID, tenant, after, readChunk)
		if err != nil {
			return err
		}
		for _, grant := range grants {
			after = grant.Dataset
			if grant.Principal == principal {
				into[after] |= grant.Permissions
			}
		}
		if len(grants) < readChunk {
			return nil
		}
	}
}
