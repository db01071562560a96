package gate

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// organizationView is viewOf of what stands above tenants.
func organizationView(query tenancy.Query) (view, error) {
	v := view{action: tenancy.ActionOrganizationRead}
	switch q := query.(type) {
	case tenancy.ListOrganizations:
		v.action, v.target, v.rows = tenancy.ActionOrganizationList, q.User, organizationRows(q)
		if q.User.IsZero() {
			v.action = tenancy.ActionOrganizationListAll
		}
	case tenancy.GetOrganization:
		v.gather = aboutOrganization(q.Organization)
		v.rows = func(_ Reader, m *matter) (any, error) { return m.above, nil }
	case tenancy.ListOrganizationMembers:
		v.gather, v.rows = aboutOrganization(q.Organization), placeRows(q)
	case tenancy.GetOrganizationMember:
		v.gather, v.rows = aboutOrganization(q.Organization), placeRow(q)
	case tenancy.ListOrganizationTenants:
		v.gather, v.rows = aboutOrganization(q.Organization), organizationTenants(q)
	case tenancy.ListOrganizationStatistics:
		v.action = tenancy.ActionOrganizationUsage
		v.gather, v.rows = aboutOrganization(q.Organization), organizationStatistics(q)
	default:
		return view{}, fmt.Errorf("no view for a query of type %T", query)
	}
	return v, nil
}

func aboutOrganization(ref tenancy.OrganizationRef) func(Reader, *matter) error {
	return func(tx Reader, m *matter) error { return m.gatherOrganization(tx, ref) }
}

// organizationRows lists all organizations, or those that a user belongs to. A
// credential that is bound to a tenant shows none of them.
func organizationRows(q tenancy.ListOrganizations) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		if q.User.IsZero() {
			return tx.Organizations(q.After, q.Limit)
		}
		list := []tenancy.Organization{}
		if !m.actor.Tenant.IsZero() {
			return list, nil
		}
		ids, err := tx.OrganizationsOf(q.User, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			above, known, err := tx.Organization(id)
			if err != nil || !known {
				return nil, missing(err, "organization %s of a member", id)
			}
			list = append(list, above)
		}
		return list, nil
	}
}

func placeRows(q tenancy.ListOrganizationMembers) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		places, err := tx.OrganizationMembers(m.above.ID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		views := make([]tenancy.OrganizationMemberView, len(places))
		for i, place := range places {
			user, _, err := tx.User(place.User)
			if err != nil {
				return nil, err
			}
			views[i] = placeView(place, user)
		}
		return views, nil
	}
}

func placeRow(q tenancy.GetOrganizationMember) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		place, placed, err := tx.OrganizationMember(m.above.ID, q.User)
		if err != nil || !placed {
			m.find(tenancy.Finding{Code: tenancy.CodeTargetNotMember, Message: "the user is not a member of this organization"})
			return nil, err
		}
		user, _, err := tx.User(q.User)
		return placeView(place, user), err
	}
}

func organizationTenants(q tenancy.ListOrganizationTenants) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		ids, err := tx.OrganizationTenants(m.above.ID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		tenants := make([]tenancy.Tenant, len(ids))
		for i, id := range ids {
			tenant, known, err := tx.Tenant(id)
			if err != nil || !known {
				return nil, missing(err, "tenant %s of an organization", id)
			}
			tenants[i] = tenant
		}
		return tenants, nil
	}
}

func organizationStatistics(q tenancy.ListOrganizationStatistics) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		ids, err := tx.OrganizationTenants(m.above.ID, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		numbers := make([]tenancy.TenantStatistics, len(ids))
		for i, id := range ids {
			one, err := statisticsOf(tx, id)
			if err != nil {
				return nil, err
			}
			numbers[i] = tenancy.TenantStatistics{Tenant: id, Statistics: one}
		}
		return numbers, nil
	}
}
