package gate

import (
	"fmt"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// rolesOf reads custom roles. One that is missing is a damaged store: a role
// goes with everybody's hold of it.
func rolesOf(tx Reader, ids []tenancy.RoleID) ([]tenancy.Role, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	roles := make([]tenancy.Role, len(ids))
	for i, id := range ids {
		role, known, err := tx.Role(id)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, fmt.Errorf("role %s of a membership is missing", id)
		}
		roles[i] = role
	}
	return roles, nil
}

func roleFacts(roles []tenancy.Role) []RoleFact {
	if len(roles) == 0 {
		return nil
	}
	facts := make([]RoleFact, len(roles))
	for i, role := range roles {
		facts[i] = RoleFact{ID: role.ID, Name: role.Name}
	}
	return facts
}

// actionsOf gives what roles give together, sorted and each once.
func actionsOf(roles []tenancy.Role) []tenancy.Action {
	var actions []tenancy.Action
	for _, role := range roles {
		actions = union(actions, role.Actions)
	}
	return actions
}

// union gives what is in either list, sorted and each once; nil for nothing.
func union[T ~string](a, b []T) []T {
	if len(b) == 0 && slices.IsSorted(a) {
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// without gives a list without one element; nil for nothing.
func without[T comparable](list []T, gone T) []T {
	var kept []T
	for _, v := range list {
		if v != gone {
			kept = append(kept, v)
		}
	}
	return kept
}

// permissionsOn gives what a member effectively holds on a dataset: by grants
// of their own, of their roles and of the tenant.
func permissionsOn(tx Reader, dataset tenancy.Dataset, user tenancy.UserID, roles []RoleFact, member bool) (tenancy.Permissions, error) {
	principals := []tenancy.Principal{tenancy.UserPrincipal(user)}
	if !dataset.Tenant.IsZero() {
		if !member {
			return 0, nil
		}
		principals = append(principals, tenancy.TenantPrincipal(dataset.Tenant))
		for _, role := range roles {
			principals = append(principals, tenancy.RolePrincipal(role.ID))
		}
	}
	var held tenancy.Permissions
	for _, principal := range principals {
		grant, err := tx.Grant(dataset.ID, principal.ID)
		if err != nil {
			return 0, err
		}
		if grant.Principal == principal { // ids of different kinds may fall together
			held |= grant.Permissions
		}
	}
	return held, nil
}

// principal finds out who a principal of a dataset can be: a member, a role or
// the tenant itself where the dataset belongs to one, else any account.
func principal(tx Reader, dataset tenancy.Dataset, id tenancy.PrincipalID) (tenancy.Principal, bool, error) {
	if dataset.Tenant.IsZero() {
		_, known, err := tx.User(tenancy.UserID(id))
		return tenancy.UserPrincipal(tenancy.UserID(id)), known, err
	}
	if id == tenancy.PrincipalID(dataset.Tenant) {
		return tenancy.TenantPrincipal(dataset.Tenant), true, nil
	}
	_, member, err := tx.Membership(dataset.Tenant, tenancy.UserID(id))
	if err != nil || member {
		return tenancy.UserPrincipal(tenancy.UserID(id)), member, err
	}
	role, known, err := tx.Role(tenancy.RoleID(id))
	return tenancy.RolePrincipal(role.ID), known && role.Tenant == dataset.Tenant, err
}

// dropGrants takes away everything that a principal was granted on the
// datasets of a tenant; a zero one has those of no tenant.
func dropGrants(tx Tx, id tenancy.PrincipalID, tenant tenancy.TenantID) error {
	return each(func() ([]tenancy.Grant, error) {
		return tx.GrantsOf(id, tenant, tenancy.DatasetID{}, cascadeChunk)
	}, func(grant tenancy.Grant) error { return drop(tx, grant) })
}

// deleteDataset deletes a dataset with every grant on it.
func deleteDataset(tx Tx, id tenancy.DatasetID) error {
	err := each(func() ([]tenancy.Grant, error) {
		return tx.GrantsOn(id, tenancy.PrincipalID{}, cascadeChunk)
	}, func(grant tenancy.Grant) error { return drop(tx, grant) })
	if err != nil {
		return err
	}
	return tx.DeleteDataset(id)
}

// endOwnDatasets ends what an account has in datasets of no tenant: those of
// its own go with it.
func endOwnDatasets(tx Tx, user tenancy.UserID) error {
	return each(func() ([]tenancy.Grant, error) {
		return tx.GrantsOf(tenancy.PrincipalID(user), tenancy.TenantID{}, tenancy.DatasetID{}, cascadeChunk)
	}, func(grant tenancy.Grant) error {
		dataset, _, err := tx.Dataset(grant.Dataset)
		if err != nil {
			return err
		}
		if dataset.Owner == user {
			return deleteDataset(tx, dataset.ID)
		}
		return drop(tx, grant)
	})
}

func drop(tx Tx, grant tenancy.Grant) error {
	grant.Permissions = 0
	return tx.PutGrant(grant)
}

// cascadeChunk is how many records one read of a cascade takes.
const cascadeChunk = 100
