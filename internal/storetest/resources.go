package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// withCast runs checks of the cast within the change that puts it, and after
// it.
func withCast(ctx context.Context, s gate.Store, check func(gate.Reader) error) error {
	_, err := update(ctx, s, func(tx gate.Tx) error {
		if err := cast(tx); err != nil {
			return err
		}
		return check(tx)
	})
	if err != nil {
		return fmt.Errorf("within the change: %w", err)
	}
	if err := s.View(ctx, check); err != nil {
		return fmt.Errorf("after it: %w", err)
	}
	return nil
}

// resources reads what belongs to a tenant as it was written.
func resources(ctx context.Context, s gate.Store) error {
	return withCast(ctx, s, func(r gate.Reader) error {
		a, aFound, aErr := r.Role(number(11))
		roles, rErr := r.Roles(tenantID(1), number(11), 10)
		p, pFound, pErr := r.Project(number(21))
		projects, psErr := r.Projects(tenantID(1), tenancy.ProjectID{}, 1)
		d, dFound, dErr := r.Dataset(number(33))
		datasets, dsErr := r.Datasets(tenantID(1), tenancy.DatasetID{}, 10)
		alone, alErr := r.Datasets(tenancy.TenantID{}, tenancy.DatasetID{}, 10)
		none, nErr := r.Roles(tenantID(2), tenancy.RoleID{}, 10)
		t, tFound, tErr := r.Tenant(tenantID(1))
		u, uErr := r.Usage(tenantID(1))
		return errors.Join(
			same("a role", a, aFound, aErr, role(11, 1)), same("roles after the first", roles, true, rErr, []tenancy.Role{role(12, 1)}),
			same("a project", p, pFound, pErr, project(21, 1)), same("one project", projects, true, psErr, []tenancy.Project{project(21, 1)}),
			same("a dataset", d, dFound, dErr, dataset(33, 0)),
			same("the datasets", datasets, true, dsErr, []tenancy.Dataset{dataset(31, 1), dataset(32, 1)}),
			same("the datasets of no tenant", alone, true, alErr, []tenancy.Dataset{dataset(33, 0)}),
			same("roles of another tenant", len(none), true, nErr, 0),
			same("what the tenant's application says of it", t.CustomData+t.Description, tFound, tErr, `{"a":1}d`),
			same("who made the tenant", t.CreatedBy, tFound, tErr, userID(3)),
			same("the tenant's capabilities", len(t.Capabilities), tFound, tErr, 1),
			same("the usage", u, true, uErr, tenancy.Usage{Processes: 1, Datasets: 2, StorageBytes: 3, ReportedAt: epoch()}),
		)
	})
}

// waysBack expects the holders of role 11 and 12 and the workers of project 21.
func waysBack(r gate.Reader, eleven, twelve, project []tenancy.UserID) error {
	a, aErr := r.Holders(number(11), tenancy.UserID{}, 10)
	b, bErr := r.Holders(number(12), tenancy.UserID{}, 10)
	w, wErr := r.Workers(number(21), tenancy.UserID{}, 10)
	return errors.Join(
		same("holders of role 11", a, true, aErr, eleven), same("holders of role 12", b, true, bErr, twelve),
		same("workers of project 21", w, true, wErr, project),
	)
}

// assignments changes memberships and looks back from roles and projects.
func assignments(ctx context.Context, s gate.Store) error {
	one, two := userID(1), userID(2)
	err := withCast(ctx, s, func(r gate.Reader) error {
		m, found, err := r.Membership(tenantID(1), one)
		after, aErr := r.Holders(number(12), one, 10)
		want := working(member(1, 1, tenancy.LevelAdmin), []tenancy.RoleID{number(11), number(12)}, []tenancy.ProjectID{number(21)})
		return errors.Join(
			same("the membership", m, found, err, want), same("holders after the first", after, true, aErr, []tenancy.UserID{two}),
			waysBack(r, []tenancy.UserID{one}, []tenancy.UserID{one, two}, []tenancy.UserID{one}),
		)
	})
	if err != nil {
		return err
	}
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return firstError(
			tx.PutMembership(working(member(1, 2, tenancy.LevelMember), []tenancy.RoleID{number(11)}, []tenancy.ProjectID{number(21), number(22)})),
			waysBack(tx, []tenancy.UserID{one, two}, []tenancy.UserID{one}, []tenancy.UserID{one, two}),
			tx.DeleteMembership(tenantID(1), one),
			tx.PutMembership(member(1, 1, tenancy.LevelAdmin)), // resurrects nothing
		)
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		return waysBack(r, []tenancy.UserID{two}, nil, []tenancy.UserID{two})
	})
}

// foreignAssignments names roles and projects that the tenant does not have.
func foreignAssignments(ctx context.Context, s gate.Store) error {
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return firstError(cast(tx), tx.PutRole(role(13, 2)), tx.PutProject(project(23, 2)))
	})
	if err != nil {
		return err
	}
	unordered := working(member(1, 8, tenancy.LevelMember), []tenancy.RoleID{number(12), number(11)}, nil)
	twice := working(member(1, 8, tenancy.LevelMember), []tenancy.RoleID{number(11), number(11)}, nil)
	unlimited := working(member(1, 8, tenancy.LevelMember), nil, []tenancy.ProjectID{number(21)})
	unlimited.Projects.Only = false
	var errs []error
	for what, m := range map[string]tenancy.Membership{
		"a role that is not there":        working(member(1, 8, tenancy.LevelMember), []tenancy.RoleID{number(99)}, nil),
		"a role of another tenant":        working(member(1, 8, tenancy.LevelMember), []tenancy.RoleID{number(13)}, nil),
		"a project that is not there":     working(member(1, 8, tenancy.LevelMember), nil, []tenancy.ProjectID{number(99)}),
		"a project of another tenant":     working(member(1, 8, tenancy.LevelMember), nil, []tenancy.ProjectID{number(23)}),
		"roles out of order":              unordered,
		"a role twice":                    twice,
		"projects of one who has all":     unlimited,
		"more roles than a record can be": working(member(1, 8, tenancy.LevelMember), many[tenancy.RoleID](1<<16), nil),
	} {
		errs = append(errs, fails(ctx, s, what, func(tx gate.Tx) error { return tx.PutMembership(m) }))
	}
	return errors.Join(errs...)
}

func many[T ~[16]byte](n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(number(i + 1))
	}
	return list
}

// roleNames renames roles and takes names.
func roleNames(ctx context.Context, s gate.Store) error {
	renamed, freed, elsewhere, taken, moved := role(11, 1), role(13, 1), role(14, 2), role(12, 1), role(12, 2)
	renamed.Name, freed.Name, elsewhere.Name, taken.Name = "new", role(11, 1).Name, "new", "new"
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return firstError(cast(tx), tx.PutRole(renamed), tx.PutRole(freed), tx.PutRole(elsewhere))
	})
	if err != nil {
		return err
	}
	err = s.View(ctx, func(r gate.Reader) error {
		a, aFound, aErr := r.RoleByName(tenantID(1), "new")
		b, bFound, bErr := r.RoleByName(tenantID(1), role(11, 1).Name)
		c, cFound, cErr := r.RoleByName(tenantID(2), "new")
		_, large, lErr := r.RoleByName(tenantID(1), "NEW")
		_, empty, eErr := r.RoleByName(tenantID(1), "")
		return errors.Join(
			same("the new name", a, aFound, aErr, tenancy.RoleID(number(11))), same("the name that became free", b, bFound, bErr, tenancy.RoleID(number(13))),
			same("the name in another tenant", c, cFound, cErr, tenancy.RoleID(number(14))),
			same("another name is found", large, true, lErr, false), same("no name is found", empty, true, eErr, false),
		)
	})
	return errors.Join(err,
		fails(ctx, s, "a name of another role", func(tx gate.Tx) error { return tx.PutRole(taken) }),
		fails(ctx, s, "a role that moves to another tenant", func(tx gate.Tx) error { return tx.PutRole(moved) }),
		fails(ctx, s, "a role without a name", func(tx gate.Tx) error { return tx.PutRole(tenancy.Role{ID: number(15), Tenant: tenantID(1)}) }),
		fails(ctx, s, "a project that moves to another tenant", func(tx gate.Tx) error { return tx.PutProject(project(21, 2)) }),
		fails(ctx, s, "a dataset that moves to another tenant", func(tx gate.Tx) error { return tx.PutDataset(dataset(31, 0)) }),
	)
}

// grants reads them by dataset and by principal, and takes them away.
func grants(ctx context.Context, s gate.Store) error {
	one, eleven := tenancy.UserPrincipal(userID(1)), tenancy.RolePrincipal(number(11))
	first, second := grant(dataset(31, 1), one, tenancy.AllPermissions), grant(dataset(32, 1), one, tenancy.PermissionWrite)
	err := withCast(ctx, s, func(r gate.Reader) error {
		g, gErr := r.Grant(number(31), one.ID)
		none, nErr := r.Grant(number(32), eleven.ID)
		on, oErr := r.GrantsOn(number(31), tenancy.PrincipalID{}, 10)
		rest, rErr := r.GrantsOn(number(31), one.ID, 10)
		of, fErr := r.GrantsOf(one.ID, tenantID(1), tenancy.DatasetID{}, 10)
		after, aErr := r.GrantsOf(one.ID, tenantID(1), number(31), 10)
		limited, lErr := r.GrantsOf(one.ID, tenantID(1), tenancy.DatasetID{}, 1)
		alone, alErr := r.GrantsOf(one.ID, tenancy.TenantID{}, tenancy.DatasetID{}, 10)
		role := grant(dataset(31, 1), eleven, tenancy.PermissionRead)
		return errors.Join(
			same("a grant", g, true, gErr, first), same("no grant", none, true, nErr, tenancy.Grant{}),
			same("grants on a dataset", on, true, oErr, []tenancy.Grant{first, role}), same("grants after the first", rest, true, rErr, []tenancy.Grant{role}),
			same("grants of a user", of, true, fErr, []tenancy.Grant{first, second}), same("those after a dataset", after, true, aErr, []tenancy.Grant{second}),
			same("one of them", limited, true, lErr, []tenancy.Grant{first}),
			same("those of no tenant", alone, true, alErr, []tenancy.Grant{grant(dataset(33, 0), one, tenancy.PermissionShare)}),
		)
	})
	if err != nil {
		return err
	}
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return firstError(tx.PutGrant(grant(dataset(32, 1), one, tenancy.PermissionRead)), tx.PutGrant(grant(dataset(31, 1), one, 0)))
	})
	if err != nil {
		return err
	}
	again, err := update(ctx, s, func(tx gate.Tx) error { return tx.PutGrant(grant(dataset(31, 1), one, 0)) })
	if err == nil && again != 2 {
		err = fmt.Errorf("taking away what is not held raises the revision to %d", again)
	}
	return errors.Join(err, s.View(ctx, func(r gate.Reader) error {
		of, err := r.GrantsOf(one.ID, tenantID(1), tenancy.DatasetID{}, 10)
		return same("grants of a user afterwards", of, true, err, []tenancy.Grant{grant(dataset(32, 1), one, tenancy.PermissionRead)})
	}), refusedGrants(ctx, s))
}

func refusedGrants(ctx context.Context, s gate.Store) error {
	two := tenancy.UserPrincipal(userID(2))
	elsewhere, other := grant(dataset(31, 1), two, tenancy.PermissionRead), grant(dataset(32, 1), two, tenancy.PermissionRead)
	elsewhere.Tenant, other.Principal = tenantID(2), tenancy.RolePrincipal(tenancy.RoleID(userID(1)))
	var errs []error
	for what, g := range map[string]tenancy.Grant{
		"a grant on no dataset":                         grant(dataset(99, 1), two, tenancy.PermissionRead),
		"a grant on a dataset of another tenant":        elsewhere,
		"a grant to a role with the id of a user's":     other,
		"a grant of what there is not":                  grant(dataset(31, 1), two, 1<<7),
		"a grant to nobody":                             grant(dataset(31, 1), tenancy.Principal{Kind: tenancy.PrincipalUser}, tenancy.PermissionRead),
		"a grant to a principal of a kind there is not": grant(dataset(31, 1), tenancy.Principal{Kind: 9, ID: number(2)}, tenancy.PermissionRead),
	} {
		errs = append(errs, fails(ctx, s, what, func(tx gate.Tx) error { return tx.PutGrant(g) }))
	}
	_, err := update(ctx, s, func(tx gate.Tx) error { // of the id of a user with grants: they are not the role's
		return firstError(tx.PutRole(role(1, 1)), tx.DeleteRole(number(1)))
	})
	return errors.Join(append(errs, err)...)
}

// datasetsCounted registers and deletes datasets of a tenant and of none.
func datasetsCounted(ctx context.Context, s gate.Store) error {
	counts := func(want int64) func(gate.Reader) error {
		return func(r gate.Reader) error {
			c, err := r.Counters(tenantID(1))
			return same("the datasets that are counted", c.Datasets, true, err, want)
		}
	}
	if err := withCast(ctx, s, counts(2)); err != nil {
		return err
	}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		renamed := dataset(31, 1)
		renamed.Name = "again"
		return firstError(
			tx.PutDataset(renamed), tx.PutDataset(dataset(34, 1)), tx.PutGrant(grant(dataset(32, 1), tenancy.UserPrincipal(userID(1)), 0)),
			tx.DeleteDataset(number(32)), tx.PutDataset(dataset(35, 0)), tx.PutDataset(dataset(36, 1)), counts(3)(tx),
		)
	})
	return errors.Join(err, s.View(ctx, counts(3)))
}

// hanging tries to delete what something hangs on, and deletes it afterwards.
func hanging(ctx context.Context, s gate.Store) error {
	nine := tenancy.TenantPrincipal(tenantID(9))
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return firstError(
			cast(tx), tx.PutTenant(tenant(9)), tx.PutGrant(grant(dataset(31, 1), nine, tenancy.PermissionRead)), tx.PutUser(user(5)), tx.PutUser(user(6)),
			tx.PutOrganizationMember(place(2, 5)), tx.PutGrant(grant(dataset(33, 0), tenancy.UserPrincipal(userID(6)), tenancy.PermissionRead)),
			tx.PutRole(role(19, 1)), tx.PutGrant(grant(dataset(33, 0), tenancy.RolePrincipal(number(19)), tenancy.PermissionRead)),
			tx.PutOrganization(organization(3)), tx.PutOrganizationMember(place(3, 1)), tx.PutTenant(tenantWith(2, "role")), tx.PutRole(role(18, 2)),
			tx.PutTenant(tenantWith(3, "project")), tx.PutProject(project(28, 3)), tx.PutTenant(tenantWith(4, "dataset")), tx.PutDataset(dataset(38, 4)),
			tx.PutTenant(tenantWith(5, "invitation")), tx.PutInvitation(invitation(48, 5)),
		)
	})
	if err != nil {
		return err
	}
	var errs []error
	for what, fn := range map[string]func(gate.Tx) error{
		"a role that somebody holds":            func(tx gate.Tx) error { return tx.DeleteRole(number(12)) },
		"a role with a grant":                   func(tx gate.Tx) error { return tx.DeleteRole(number(19)) },
		"a project that somebody works in":      func(tx gate.Tx) error { return tx.DeleteProject(number(21)) },
		"a dataset with a grant":                func(tx gate.Tx) error { return tx.DeleteDataset(number(32)) },
		"a tenant with a role":                  func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(2)) },
		"a tenant with a project":               func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(3)) },
		"a tenant with a dataset":               func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(4)) },
		"a tenant with an invitation":           func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(5)) },
		"a tenant with a grant":                 func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(9)) },
		"a user with a place":                   func(tx gate.Tx) error { return tx.DeleteUser(userID(5)) },
		"a user with a grant":                   func(tx gate.Tx) error { return tx.DeleteUser(userID(6)) },
		"an organization with a member":         func(tx gate.Tx) error { return tx.DeleteOrganization(number(3)) },
		"an organization with a tenant":         onlyTenantLeft,
		"a role that was deleted in the change": func(tx gate.Tx) error { return firstError(undo(tx), tx.DeleteRole(number(19))) },
	} {
		errs = append(errs, fails(ctx, s, what, fn))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err = update(ctx, s, undo)
	return err
}

func tenantWith(n int, what string) tenancy.Tenant {
	t := tenant(n)
	t.Name = "with a " + what
	return t
}

func onlyTenantLeft(tx gate.Tx) error {
	if err := firstError(tx.DeleteOrganizationMember(number(1), userID(1)), tx.DeleteOrganizationMember(number(1), userID(2))); err != nil {
		return nil //nolint:nilerr // not what is meant
	}
	return tx.DeleteOrganization(number(1))
}

// undo takes away what hangs on them, and deletes them.
func undo(tx gate.Tx) error {
	err := firstError(
		tx.DeleteMembership(tenantID(1), userID(1)), tx.DeleteMembership(tenantID(1), userID(2)), tx.DeleteProject(number(21)),
		tx.PutGrant(grant(dataset(33, 0), tenancy.RolePrincipal(number(19)), 0)), tx.DeleteRole(number(12)), tx.DeleteRole(number(19)),
		tx.DeleteRole(number(18)), tx.DeleteTenant(tenantID(2)), tx.PutGrant(grant(dataset(31, 1), tenancy.TenantPrincipal(tenantID(9)), 0)),
		tx.DeleteTenant(tenantID(9)), tx.DeleteOrganizationMember(number(2), userID(5)), tx.DeleteUser(userID(5)),
		tx.PutGrant(grant(dataset(33, 0), tenancy.UserPrincipal(userID(6)), 0)), tx.DeleteUser(userID(6)),
		tx.DeleteInvitation(number(48)), tx.DeleteTenant(tenantID(5)), tx.DeleteOrganizationMember(number(3), userID(1)), tx.DeleteOrganization(number(3)),
	)
	_, found, failed := tx.Role(number(12))
	_, named, nameFailed := tx.RoleByName(tenantID(1), role(12, 1).Name)
	left, leftFailed := tx.Roles(tenantID(1), tenancy.RoleID{}, 10)
	return errors.Join(err, same("the deleted role is there", found, true, failed, false), same("its name is there", named, true, nameFailed, false),
		same("roles that are left", left, true, leftFailed, []tenancy.Role{role(11, 1)}))
}
