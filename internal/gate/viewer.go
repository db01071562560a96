package gate

import "github.com/memberward/memberward/internal/tenancy"

// viewer shows memberships of one tenant with what hangs on them; what many
// of them share it reads once.
type viewer struct {
	tx       Reader
	tenant   tenancy.Tenant
	roles    map[tenancy.RoleID]tenancy.Role
	inviters map[tenancy.UserID]string
}

func newViewer(tx Reader, tenant tenancy.Tenant) *viewer {
	return &viewer{tx: tx, tenant: tenant, roles: map[tenancy.RoleID]tenancy.Role{}, inviters: map[tenancy.UserID]string{}}
}

// member shows one membership. Of a past one, roles that are gone by now are
// left out.
func (v *viewer) member(row tenancy.Membership, user tenancy.User) (tenancy.Member, error) {
	view := tenancy.Member{
		Membership: row, Email: user.Email, GivenName: user.GivenName, Surname: user.Surname, Kind: user.Kind,
		Organization: v.tenant.Organization,
	}
	var err error
	if view.LastLoginAt, err = v.tx.LastLogin(row.User); err != nil {
		return view, err
	}
	if view.Inviter, err = v.inviter(row.InvitedBy); err != nil {
		return view, err
	}
	if view.Held, err = v.held(row.Roles); err != nil || v.tenant.Organization.IsZero() {
		return view, err
	}
	view.InOrganization, _, err = v.tx.OrganizationMember(v.tenant.Organization, row.User)
	return view, err
}

// of shows the membership of a user who has one.
func (v *viewer) of(id tenancy.UserID) (tenancy.Member, error) {
	row, member, err := v.tx.Membership(v.tenant.ID, id)
	if err != nil || !member {
		return tenancy.Member{}, missing(err, "the membership of user %s", id)
	}
	user, _, err := v.tx.User(id)
	if err != nil {
		return tenancy.Member{}, err
	}
	return v.member(row, user)
}

func (v *viewer) inviter(id tenancy.UserID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	email, known := v.inviters[id]
	if known {
		return email, nil
	}
	email, err := emailOf(v.tx, id)
	v.inviters[id] = email
	return email, err
}

func (v *viewer) held(ids []tenancy.RoleID) ([]tenancy.Role, error) {
	var held []tenancy.Role
	for _, id := range ids {
		role, known := v.roles[id]
		if !known {
			var err error
			if role, _, err = v.tx.Role(id); err != nil {
				return nil, err
			}
			v.roles[id] = role
		}
		if !role.ID.IsZero() {
			held = append(held, role)
		}
	}
	return held, nil
}
