package gate

import (
	"bytes"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// readChunk is how many records one read takes that a view counts or merges.
const readChunk = 1000

// resourceView is viewOf of what a tenant has besides its members.
func resourceView(query tenancy.Query) (view, error) {
	switch q := query.(type) {
	case tenancy.ListRoles:
		if q.Own {
			return view{action: tenancy.ActionTenantRead, tenant: q.Tenant, rows: ownRoles(q)}, nil
		}
		return view{action: tenancy.ActionRoleList, tenant: q.Tenant, rows: roleRows(q)}, nil
	case tenancy.GetRole:
		return view{action: tenancy.ActionRoleRead, tenant: q.Tenant, gather: aboutRole(q.Role), rows: roleRow(q)}, nil
	case tenancy.ListHolders:
		return view{action: tenancy.ActionRoleRead, tenant: q.Tenant, gather: aboutRole(q.Role), rows: holderRows(q)}, nil
	case tenancy.RolesOf:
		return view{action: tenancy.ActionRoleList, tenant: q.Tenant, target: q.User, rows: rolesOfMember}, nil
	case tenancy.ListProjects:
		return view{action: tenancy.ActionProjectList, tenant: q.Tenant, target: q.Of, gather: aboutWorker(q), rows: projectRows(q)}, nil
	case tenancy.GetProject:
		return projectView(q), nil
	case tenancy.ListDatasets:
		return datasetView(q), nil
	case tenancy.GetCapabilities:
		return view{action: tenancy.ActionCapabilityRead, tenant: q.Tenant, rows: capabilities}, nil
	case tenancy.ListInvitations:
		return view{action: tenancy.ActionInvitationList, tenant: q.Tenant, rows: invitationRows(q)}, nil
	case tenancy.ListMemberships:
		return view{action: tenancy.ActionTenantList, target: q.User, rows: belongings(q)}, nil
	case tenancy.GetStatistics:
		return view{action: tenancy.ActionUsageRead, tenant: q.Tenant, rows: statistics}, nil
	default:
		return organizationView(query)
	}
}

// aboutRole says whether the role that is asked for is there, and whether the
// actor holds it.
func aboutRole(id tenancy.RoleID) func(Reader, *matter) error {
	return func(tx Reader, m *matter) error {
		m.aboutRecord("role", id.String())
		_, known, err := m.roleHere(tx, id)
		if err != nil {
			return err
		}
		if !known {
			m.find(tenancy.Find(tenancy.CodeRoleUnknown))
		}
		m.in.Resource.Mine = slices.ContainsFunc(m.in.Actor.Roles, func(r RoleFact) bool { return r.ID == id })
		return nil
	}
}

func roleRow(q tenancy.GetRole) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		role, _, err := m.roleHere(tx, q.Role)
		if err != nil {
			return nil, err
		}
		return roleView(tx, role)
	}
}

func roleRows(q tenancy.ListRoles) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		roles, err := tx.Roles(m.tenant.ID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		return roleViews(tx, roles)
	}
}

// ownRoles lists the roles that the actor holds.
func ownRoles(q tenancy.ListRoles) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		var own []tenancy.Role
		for _, fact := range m.in.Actor.Roles {
			if bytes.Compare(fact.ID[:], q.After[:]) <= 0 || len(own) == q.Limit {
				continue
			}
			role, _, err := tx.Role(fact.ID)
			if err != nil {
				return nil, err
			}
			own = append(own, role)
		}
		return roleViews(tx, own)
	}
}

func roleViews(tx Reader, roles []tenancy.Role) ([]tenancy.RoleView, error) {
	views := make([]tenancy.RoleView, len(roles))
	for i, role := range roles {
		view, err := roleView(tx, role)
		if err != nil {
			return nil, err
		}
		views[i] = view
	}
	return views, nil
}

// roleView counts who holds a role.
func roleView(tx Reader, role tenancy.Role) (tenancy.RoleView, error) {
	view := tenancy.RoleView{Role: role}
	var after tenancy.UserID
	for {
		holders, err := tx.Holders(role.ID, after, readChunk)
		if err != nil {
			return view, err
		}
		view.Holders += int64(len(holders))
		if len(holders) < readChunk {
			return view, nil
		}
		after = holders[len(holders)-1]
	}
}

func holderRows(q tenancy.ListHolders) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		holders, err := tx.Holders(q.Role, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		viewer := newViewer(tx, m.tenant)
		members := make([]tenancy.Member, len(holders))
		for i, user := range holders {
			if members[i], err = viewer.of(user); err != nil {
				return nil, err
			}
		}
		return members, nil
	}
}

func rolesOfMember(tx Reader, m *matter) (any, error) {
	m.findMember()
	if len(m.found) > 0 {
		return nil, nil
	}
	return rolesOf(tx, m.membership.Roles)
}

func projectView(q tenancy.GetProject) view {
	var project tenancy.Project
	return view{
		action: tenancy.ActionProjectRead,
		gather: func(tx Reader, m *matter) (err error) {
			project, err = m.gatherByProject(tx, q.Project)
			return err
		},
		rows: func(Reader, *matter) (any, error) { return project, nil },
	}
}

// aboutWorker finds whose projects are asked for by e-mail address. Every
// member may ask: an account that is no member reads as none at all, so that
// nobody learns who has an address.
func aboutWorker(q tenancy.ListProjects) func(Reader, *matter) error {
	return func(tx Reader, m *matter) error {
		if q.Email == "" {
			return nil
		}
		holder, known, err := tx.UserByEmail(tenancy.EmailKey(q.Email))
		if err != nil || !known {
			return err
		}
		_, member, err := tx.Membership(m.tenant.ID, holder)
		if err != nil || !member {
			return err
		}
		return m.gatherTarget(tx, holder)
	}
}

func projectRows(q tenancy.ListProjects) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		if q.Of.IsZero() && q.Email == "" {
			return tx.Projects(m.tenant.ID, q.After, q.Limit)
		}
		m.findMember()
		if len(m.found) > 0 || !m.membership.Projects.Only {
			return tx.Projects(m.tenant.ID, q.After, q.Limit)
		}
		projects := []tenancy.Project{}
		for _, id := range m.membership.Projects.IDs {
			if bytes.Compare(id[:], q.After[:]) <= 0 || len(projects) == q.Limit {
				continue
			}
			project, known, err := tx.Project(id)
			if err != nil || !known {
				return nil, missing(err, "project %s of a membership", id)
			}
			projects = append(projects, project)
		}
		return projects, nil
	}
}

// capabilities: administrators have every one of them by their level.
func capabilities(_ Reader, m *matter) (any, error) {
	if m.authority().Administers() {
		return []tenancy.Capability{tenancy.CapabilityManageUsers}, nil
	}
	return slices.Clone(m.in.Actor.Capabilities), nil
}

// invitationRows reads on until the page is full: closed invitations may fill
// whole chunks.
func invitationRows(q tenancy.ListInvitations) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		views := []tenancy.InvitationView{}
		viewer := newViewer(tx, m.tenant)
		for after := q.After; ; {
			chunk, err := tx.Invitations(m.tenant.ID, after, q.Limit)
			if err != nil {
				return nil, err
			}
			for _, invitation := range chunk {
				after = invitation.ID
				if q.Open && !invitation.Open(m.in.Now) || len(views) == q.Limit {
					continue
				}
				inviter, err := viewer.inviter(invitation.InvitedBy)
				if err != nil {
					return nil, err
				}
				views = append(views, tenancy.InvitationView{Invitation: invitation, Inviter: inviter})
			}
			if len(chunk) < q.Limit || len(views) == q.Limit {
				return views, nil
			}
		}
	}
}

// belongings lists where a user belongs and is active, as ownTenants does.
func belongings(q tenancy.ListMemberships) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		if !m.in.Target.Exists {
			m.find(tenancy.Find(tenancy.CodeUserUnknown))
			return nil, nil
		}
		rows, err := ownTenants(tenancy.ListTenants(q))(tx, m)
		if err != nil {
			return nil, err
		}
		tenants := rows.([]tenancy.Tenant)
		list := make([]tenancy.Belonging, len(tenants))
		for i, tenant := range tenants {
			row, _, err := tx.Membership(tenant.ID, q.User)
			if err != nil {
				return nil, err
			}
			member, err := newViewer(tx, tenant).member(row, m.account)
			if err != nil {
				return nil, err
			}
			list[i] = tenancy.Belonging{Tenant: tenant, Member: member}
		}
		return list, nil
	}
}

func statistics(tx Reader, m *matter) (any, error) { return statisticsOf(tx, m.tenant.ID) }

func statisticsOf(tx Reader, tenant tenancy.TenantID) (tenancy.Statistics, error) {
	usage, err := tx.Usage(tenant)
	if err != nil {
		return tenancy.Statistics{}, err
	}
	counters, err := tx.Counters(tenant)
	return tenancy.Statistics{Usage: usage, Counters: counters}, err
}
