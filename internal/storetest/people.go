package storetest

import (
	"context"
	"errors"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// invitations finds them by code and by address, and closes them.
func invitations(ctx context.Context, s gate.Store) error {
	err := withCast(ctx, s, func(r gate.Reader) error {
		i, iFound, iErr := r.Invitation(number(41))
		code, cFound, cErr := r.InvitationByCode(tenancy.Digest{2, 41})
		pending, pFound, pErr := r.PendingInvitation(tenantID(1), "guest41@example.org")
		_, elsewhere, eErr := r.PendingInvitation(tenantID(2), "guest41@example.org")
		_, unknown, uErr := r.InvitationByCode(tenancy.Digest{})
		_, nobody, nErr := r.PendingInvitation(tenantID(1), "")
		listed, lErr := r.Invitations(tenantID(1), number(41), 10)
		return errors.Join(
			same("an invitation", i, iFound, iErr, invitation(41, 1)), same("the code", code, cFound, cErr, tenancy.InvitationID(number(41))),
			same("the pending one", pending, pFound, pErr, tenancy.InvitationID(number(41))), same("one of another tenant is found", elsewhere, true, eErr, false),
			same("one without a code is found", unknown, true, uErr, false), same("one without an address is found", nobody, true, nErr, false),
			same("invitations after the first", listed, true, lErr, []tenancy.Invitation{invitation(42, 1)}),
		)
	})
	if err != nil {
		return err
	}
	again, sameCode, closed, open := invitation(43, 1), invitation(43, 1), invitation(41, 1), invitation(42, 1)
	again.Email, sameCode.Code = "GUEST41@example.org", tenancy.Digest{2, 41}
	closed.Status, closed.ClosedAt, closed.Code = tenancy.InvitationWithdrawn, epoch(), tenancy.Digest{2, 99}
	open.Tenant = tenantID(2)
	err = errors.Join(
		fails(ctx, s, "a second pending one", func(tx gate.Tx) error { return tx.PutInvitation(again) }),
		fails(ctx, s, "a code of another", func(tx gate.Tx) error { return tx.PutInvitation(sameCode) }),
		fails(ctx, s, "one that moves to another tenant", func(tx gate.Tx) error { return tx.PutInvitation(open) }),
		fails(ctx, s, "one without anything", func(tx gate.Tx) error {
			return tx.PutInvitation(tenancy.Invitation{ID: number(44), Tenant: tenantID(1)})
		}),
	)
	if err != nil {
		return err
	}
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return firstError(tx.PutInvitation(closed), tx.PutInvitation(again), tx.DeleteInvitation(number(42)))
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		pending, pFound, pErr := r.PendingInvitation(tenantID(1), "guest41@example.org")
		_, old, oErr := r.InvitationByCode(tenancy.Digest{2, 41})
		_, gone, gErr := r.InvitationByCode(tenancy.Digest{2, 42})
		_, free, fErr := r.PendingInvitation(tenantID(1), "guest42@example.org")
		listed, lErr := r.Invitations(tenantID(1), tenancy.InvitationID{}, 10)
		return errors.Join(
			same("the pending one afterwards", pending, pFound, pErr, tenancy.InvitationID(number(43))), same("an old code is found", old, true, oErr, false),
			same("a deleted one's code is found", gone, true, gErr, false), same("a deleted one is pending", free, true, fErr, false),
			same("what is left", listed, true, lErr, []tenancy.Invitation{closed, again}),
		)
	})
}

// organizations finds them by name, by tenant and by member, and moves those.
func organizations(ctx context.Context, s gate.Store) error {
	err := withCast(ctx, s, func(r gate.Reader) error {
		o, oFound, oErr := r.Organization(number(1))
		id, nFound, nErr := r.OrganizationByName("org-1")
		m, mFound, mErr := r.OrganizationMember(number(1), userID(1))
		members, msErr := r.OrganizationMembers(number(1), userID(1), 10)
		of, fErr := r.OrganizationsOf(userID(2), tenancy.OrganizationID{}, 10)
		tenants, tErr := r.OrganizationTenants(number(1), tenancy.TenantID{}, 10)
		return errors.Join(
			same("an organization", o, oFound, oErr, organization(1)), same("its name", id, nFound, nErr, tenancy.OrganizationID(number(1))),
			same("a member", m, mFound, mErr, place(1, 1)), same("members after the first", members, true, msErr, []tenancy.OrganizationMember{place(1, 2)}),
			same("organizations of a user", of, true, fErr, []tenancy.OrganizationID{number(1)}),
			same("its tenants", tenants, true, tErr, []tenancy.TenantID{tenantID(1)}),
		)
	})
	if err != nil {
		return err
	}
	renamed, taken, moved, second := organization(1), organization(2), tenant(1), place(1, 1)
	renamed.ShortName, taken.ShortName, moved.Organization, second.Admin = "new", "new", number(2), false
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return firstError(
			tx.PutOrganization(renamed), tx.PutOrganization(organization(2)), tx.PutTenant(moved), tx.PutOrganizationMember(second),
			tx.DeleteOrganizationMember(number(1), userID(2)),
		)
	})
	if err != nil {
		return err
	}
	return errors.Join(s.View(ctx, func(r gate.Reader) error {
		_, old, oErr := r.OrganizationByName("org-1")
		all, aErr := r.Organizations(number(1), 10)
		of, fErr := r.OrganizationsOf(userID(2), tenancy.OrganizationID{}, 10)
		members, mErr := r.OrganizationMembers(number(1), tenancy.UserID{}, 10)
		before, bErr := r.OrganizationTenants(number(1), tenancy.TenantID{}, 10)
		after, tErr := r.OrganizationTenants(number(2), tenancy.TenantID{}, 10)
		return errors.Join(
			same("the old name is found", old, true, oErr, false), same("organizations after the first", all, true, aErr, []tenancy.Organization{organization(2)}),
			same("organizations of the one who left", len(of), true, fErr, 0), same("members", members, true, mErr, []tenancy.OrganizationMember{second}),
			same("tenants of the one before", len(before), true, bErr, 0), same("tenants of the one after", after, true, tErr, []tenancy.TenantID{tenantID(1)}),
		)
	}), fails(ctx, s, "a short name of another", func(tx gate.Tx) error { return tx.PutOrganization(taken) }))
}

// usageOf reports the usage of a tenant, and deletes the tenant.
func usageOf(ctx context.Context, s gate.Store) error {
	first, second := tenancy.Usage{Processes: 1, ReportedAt: epoch()}, tenancy.Usage{Processes: 2, StorageBytes: 5, ReportedAt: epoch()}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return firstError(tx.PutTenant(tenant(1)), tx.PutUsage(tenantID(1), first), tx.PutUsage(tenantID(1), second))
	})
	if err != nil {
		return err
	}
	reads := func(want tenancy.Usage) error {
		return s.View(ctx, func(r gate.Reader) error {
			got, err := r.Usage(tenantID(1))
			none, failed := r.Usage(tenantID(2))
			return errors.Join(same("the usage", got, true, err, want), same("that of another tenant", none, true, failed, tenancy.Usage{}))
		})
	}
	if err := reads(second); err != nil {
		return err
	}
	if _, err := update(ctx, s, func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(1)) }); err != nil {
		return err
	}
	return errors.Join(reads(tenancy.Usage{}), fails(ctx, s, "usage of no tenant", func(tx gate.Tx) error { return tx.PutUsage(tenancy.TenantID{}, first) }))
}

// everyEffect reads what the change log tells of the cast, and of its end.
func everyEffect(ctx context.Context, s gate.Store) error {
	if _, err := update(ctx, s, cast); err != nil {
		return err
	}
	one := tenancy.UserPrincipal(userID(1))
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return firstError(
			tx.PutRole(role(19, 1)), tx.PutProject(project(29, 1)), tx.PutGrant(grant(dataset(32, 1), one, 0)), tx.DeleteDataset(number(32)),
			tx.DeleteInvitation(number(41)), tx.PutOrganization(organization(2)), tx.DeleteOrganizationMember(number(1), userID(2)),
			tx.PutUsage(tenantID(2), tenancy.Usage{Processes: 1}), tx.PutEntity(entity("record", "2")), tx.DeleteEntity(entity("record", "1").EntityRef),
		)
	})
	if err != nil {
		return err
	}
	commits, err := history(ctx, s, 1)
	if err != nil || len(commits) != 1 {
		return errors.Join(err, errors.New("the second change is not told of once"))
	}
	want := []tenancy.Effect{
		{Kind: tenancy.EffectRole, Tenant: tenantID(1), ID: number(19)},
		{Kind: tenancy.EffectProject, Tenant: tenantID(1), ID: number(29)},
		{Kind: tenancy.EffectDataset, Tenant: tenantID(1), ID: number(32), Deleted: true},
		{Kind: tenancy.EffectGrant, Tenant: tenantID(1), ID: number(32), Principal: one.ID, Deleted: true},
		{Kind: tenancy.EffectInvitation, Tenant: tenantID(1), ID: number(41), Deleted: true},
		{Kind: tenancy.EffectOrganization, ID: number(2)},
		{Kind: tenancy.EffectOrganizationMember, ID: number(1), User: userID(2), Deleted: true},
		{Kind: tenancy.EffectUsage, Tenant: tenantID(2)},
		{Kind: tenancy.EffectEntity, ID: entity("record", "1").Record(), Deleted: true},
		{Kind: tenancy.EffectEntity, ID: entity("record", "2").Record()},
	}

	return same("what the change did", byKind(commits[0].Effects), true, nil, byKind(want))
}
