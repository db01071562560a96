package gate_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// request is one row of what random worlds are asked for: a kind of change,
// how often it is drawn, and how. It may change who asks.
type request struct {
	name   string
	weight int
	draw   func(w *world, actor *tenancy.Actor) tenancy.Change
}

// requests holds every kind of change. A new one is a row;
// TestEveryChangeIsRequested misses it otherwise.
var requests = []request{
	{"a member is added", 12, addition},
	{"a member is added by e-mail", 4, additionByEmail},
	{"a member is updated", 14, update},
	{"a member is removed", 12, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.RemoveMember{Tenant: w.ref(), User: w.user()}
	}},
	{"a member leaves", 8, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.RemoveMember{Tenant: w.ref(), User: actor.User}
	}},
	{"ownership is transferred", 10, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.TransferOwnership{Tenant: w.ref(), To: w.user()}
	}},
	{"a tenant is updated", 5, tenantUpdate},
	{"a tenant is deleted", 2, func(w *world, _ *tenancy.Actor) tenancy.Change { return tenancy.DeleteTenant{Tenant: w.ref()} }},
	{"a tenant is created", 4, tenantCreation},
	{"a tenant is selected", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.SelectTenant{Tenant: pick(w, w.ref(), tenancy.TenantRef{})}
	}},
	{"an account is created", 3, creation},
	{"an account registers", 3, func(w *world, actor *tenancy.Actor) tenancy.Change {
		*actor = tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
		return creation(w, actor)
	}},
	{"an account is updated", 6, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.UpdateUser{User: pick(w, w.user(), actor.User), Enabled: pick(w, nil, new(true), new(false))}
	}},
	{"an account is deleted", 4, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteUser{User: pick(w, w.user(), actor.User)}
	}},
	{"somebody leaves everything", 4, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.LeaveAll{User: pick(w, w.user(), actor.User)}
	}},
	{"a password is set", 2, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.SetPassword{User: pick(w, w.user(), actor.User), PasswordHash: "hash", Against: pick(w, "", "hash")}
	}},
	{"tokens are revoked", 1, func(w *world, actor *tenancy.Actor) tenancy.Change {
		return tenancy.RevokeTokens{User: pick(w, w.user(), actor.User)}
	}},
	{"a key is created", 4, keyCreation},
	{"an entity is put", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.PutEntity{EntityRef: w.entity(), Owner: pick(w, "", "alice")}
	}},
	{"an entity is deleted", 2, func(w *world, _ *tenancy.Actor) tenancy.Change { return tenancy.DeleteEntity{EntityRef: w.entity()} }},
	{"a key is revoked", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteKey{Key: pick(w, w.keys[w.rng.IntN(len(w.keys))].ID, keyID(1<<20))}
	}},
	{"a role is created", 4, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.CreateRole{Tenant: w.ref(), Name: fmt.Sprintf("role-%d", w.rng.IntN(20)), Actions: w.actions()}
	}},
	{"a role is updated", 4, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.UpdateRole{Tenant: pick(w, tenancy.TenantRef{}, w.ref()), Role: w.role(), Actions: new(w.actions()), Name: pick(w, nil, new("role-1"))}
	}},
	{"a role is deleted", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteRole{Tenant: pick(w, tenancy.TenantRef{}, w.ref()), Role: w.role()}
	}},
	{"a role is handed out", 8, func(w *world, actor *tenancy.Actor) tenancy.Change {
		role := w.role()
		return tenancy.UpdateMember{User: pick(w, w.user(), actor.User), Adjustment: pick(w,
			tenancy.Adjustment{AddRoles: []tenancy.RoleID{role}}, tenancy.Adjustment{DropRoles: []tenancy.RoleID{role}})}
	}},
	{"a member's roles and projects are set", 4, func(w *world, actor *tenancy.Actor) tenancy.Change {
		access := tenancy.NewProjectAccess([]tenancy.ProjectID{w.project()})
		return tenancy.UpdateMember{Tenant: w.ref(), User: pick(w, w.user(), actor.User), Adjustment: pick(w,
			tenancy.Adjustment{Roles: &[]tenancy.RoleID{w.role()}}, tenancy.Adjustment{Projects: &access},
			tenancy.Adjustment{Administrator: new(w.oneIn(2))}, tenancy.Adjustment{DropProjects: access.IDs})}
	}},
	{"a member is added again", 6, func(w *world, actor *tenancy.Actor) tenancy.Change {
		add, _ := addition(w, actor).(tenancy.AddMember)
		add.There = tenancy.Adjustment{Level: new(w.level())}
		return add
	}},
	{"several changes at once", 4, several},
	{"a project is created", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.CreateProject{Tenant: w.ref(), Name: "Project"}
	}},
	{"a project is renamed", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.UpdateProject{Project: w.project(), Name: new("Other")}
	}},
	{"a project is deleted", 1, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteProject{Project: w.project()}
	}},
	{"a dataset is registered", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.CreateDataset{Tenant: pick(w, tenancy.TenantRef{}, w.ref(), w.ref()), Name: "Data"}
	}},
	{"a dataset is shared", 4, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.GrantDataset{Dataset: w.dataset(), Principal: w.principal(), Permissions: tenancy.PermissionRead}
	}},
	{"a dataset is shared no longer", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.RevokeDataset{Dataset: w.dataset(), Principal: w.principal(), Permissions: tenancy.PermissionRead}
	}},
	{"a capability is given", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.GrantCapability{Tenant: w.ref(), Principal: w.principal(), Capability: tenancy.CapabilityManageUsers}
	}},
	{"a capability is taken", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.RevokeCapability{Tenant: w.ref(), Principal: w.principal(), Capability: tenancy.CapabilityManageUsers}
	}},
	{"somebody is invited", 5, invitation},
	{"an invitation is withdrawn", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		invited := w.invited()
		return pick(w, tenancy.DeleteInvitation{Tenant: w.ref(), Invitation: invited.ID}, tenancy.DeleteInvitation{Tenant: w.ref(), Email: invited.Email})
	}},
	{"an invitation is accepted", 5, func(w *world, actor *tenancy.Actor) tenancy.Change {
		*actor = tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
		return tenancy.AcceptInvitation{Code: w.invited().Code, PasswordHash: pick(w, "", "", "hash")}
	}},
	{"an invitation is declined", 1, func(w *world, actor *tenancy.Actor) tenancy.Change {
		*actor = tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
		return tenancy.DeclineInvitation{Code: w.invited().Code}
	}},
	{"an organization is created", 1, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.CreateOrganization{Name: "Group", ShortName: pick(w, "", "group")}
	}},
	{"an organization is updated", 1, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.UpdateOrganization{Organization: w.organization(), Name: new("Other"), ShortName: pick(w, nil, new("group"))}
	}},
	{"an organization is deleted", 1, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteOrganization{Organization: w.organization()}
	}},
	{"a place in an organization is given", 4, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.PutOrganizationMember{Organization: w.organization(), User: w.user(), Admin: pick(w, nil, new(true)), Enabled: pick(w, nil, nil, new(false))}
	}},
	{"a place in an organization is taken", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.RemoveOrganizationMember{Organization: w.organization(), User: w.user()}
	}},
	{"a tenant is made in an organization", 2, func(w *world, actor *tenancy.Actor) tenancy.Change {
		change, _ := tenantCreation(w, actor).(tenancy.CreateTenant)
		change.Organization = w.organization()
		return change
	}},
	{"a tenant is detached", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DetachTenant{Organization: w.organization(), Tenant: w.tenants[w.rng.IntN(len(w.tenants))]}
	}},
	{"usage is reported", 2, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.ReportUsage{Tenant: w.ref(), Processes: new(int64(3))}
	}},
	{"the signing key is rotated", 1, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.RotateSigningKey{Key: tenancy.SigningKey{ID: keyID(w.next()), Seed: [32]byte{1}, CreatedAt: began}, Revoke: w.oneIn(2)}
	}},
}

// draw draws who asks for what.
func (w *world) draw() (request, tenancy.Actor, tenancy.Change) {
	total := 0
	for _, r := range requests {
		total += r.weight
	}
	at, actor := w.rng.IntN(total), w.actor()
	for _, r := range requests {
		if at -= r.weight; at < 0 {
			change := r.draw(w, &actor)
			return r, actor, change
		}
	}
	panic("the weights do not add up")
}

func addition(w *world, _ *tenancy.Actor) tenancy.Change {
	add := tenancy.AddMember{Tenant: w.ref(), User: w.user(), Level: w.level(), Enabled: !w.oneIn(6), Developer: w.oneIn(4)}
	if w.oneIn(4) {
		add.NotBefore, add.ExpiresAt = w.moment(), w.moment()
	}
	return add
}

func additionByEmail(w *world, actor *tenancy.Actor) tenancy.Change {
	add, _ := addition(w, actor).(tenancy.AddMember)
	add.User, add.Email = tenancy.UserID{}, pick(w, w.email(1+w.rng.Uint64N(worldUsers)), w.email(1000+w.next()))
	return add
}

func update(w *world, actor *tenancy.Actor) tenancy.Change {
	change := tenancy.UpdateMember{Tenant: w.ref(), User: pick(w, w.user(), w.user(), w.user(), actor.User)}
	if w.oneIn(5) {
		change.AddRoles = []tenancy.RoleID{w.role()}
	}
	if w.oneIn(2) {
		change.Level = new(w.level())
	}
	if w.oneIn(3) {
		change.Enabled = new(w.oneIn(2))
	}
	if w.oneIn(4) {
		change.Developer = new(w.oneIn(2))
	}
	if w.oneIn(4) {
		change.NotBefore = new(w.moment())
	}
	if w.oneIn(4) {
		change.ExpiresAt = new(w.moment())
	}
	return change
}

func several(w *world, actor *tenancy.Actor) tenancy.Change {
	batch := tenancy.Batch{Once: w.oneIn(2)}
	for range 1 + w.rng.IntN(4) {
		batch.Changes = append(batch.Changes, pick(w, addition, update, additionByEmail, func(w *world, _ *tenancy.Actor) tenancy.Change {
			return tenancy.RemoveMember{Tenant: w.ref(), User: w.user()}
		})(w, actor))
	}
	return batch
}

func invitation(w *world, _ *tenancy.Actor) tenancy.Change {
	n := w.next()
	change := tenancy.CreateInvitation{
		Tenant: w.ref(), Email: pick(w, w.email(1+w.rng.Uint64N(worldUsers)), w.email(3000+n)), Level: w.level(),
		Code: tenancy.Digest{3, byte(n >> 8), byte(n)},
	}
	if w.oneIn(4) {
		change.Roles = []tenancy.RoleID{w.role()}
	}
	return change
}

func tenantUpdate(w *world, _ *tenancy.Actor) tenancy.Change {
	change := tenancy.UpdateTenant{Tenant: w.ref()}
	if w.oneIn(2) {
		change.MemberLimit = new(pick(w, int64(w.rng.IntN(worldUsers+3)), tenancy.Unlimited))
	}
	if w.oneIn(4) {
		change.Slug = new(fmt.Sprintf("tenant-%d", 1+w.rng.IntN(2*worldTenants)))
	}
	return change
}

func tenantCreation(w *world, actor *tenancy.Actor) tenancy.Change {
	change := tenancy.CreateTenant{
		Name: "New", Owner: pick(w, w.user(), actor.User), MemberLimit: int64(w.rng.IntN(3)), Select: w.oneIn(2),
	}
	if change.Owner.IsZero() {
		change.Owner = w.users[0]
	}
	if w.oneIn(4) {
		change.Slug = fmt.Sprintf("tenant-%d", 1+w.rng.IntN(2*worldTenants))
	}
	if w.oneIn(6) {
		change.ID = pick(w, w.tenants[0], tenancy.TenantID{0xdd, 1, 14: byte(w.next() >> 8), 15: byte(w.serial)})
	}
	return change
}

func creation(w *world, _ *tenancy.Actor) tenancy.Change {
	change := tenancy.CreateUser{Email: pick(w, w.email(1+w.rng.Uint64N(worldUsers)), w.email(2000+w.next()))}
	if w.oneIn(5) {
		change.ID = pick(w, w.user(), tenancy.UserID{0xcc, 1, 14: byte(w.next() >> 8), 15: byte(w.serial)})
	}
	return change
}

func (w *world) entity() tenancy.EntityRef {
	return tenancy.EntityRef{Type: pick(w, "record", tenancy.TypeUser), ID: pick(w, "1", "2")}
}

func keyID(n uint64) tenancy.KeyID {
	return tenancy.KeyID{0xee, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func keyCreation(w *world, actor *tenancy.Actor) tenancy.Change {
	n := w.next()
	change := tenancy.CreateKey{ID: keyID(n), User: pick(w, w.user(), actor.User), Digest: tenancy.Digest{1, byte(n >> 8), byte(n)}}
	if w.oneIn(3) {
		change.Tenant = w.ref()
	}
	if w.oneIn(3) {
		change.Scopes = []tenancy.Action{pick(w, append(tenancy.ChangeActions(), tenancy.ActionEvaluate)...)}
	}
	if w.oneIn(3) {
		change.ExpiresAt = began.AddDate(1, 0, 0).Add(time.Duration(n) * time.Second)
	}
	return change
}

// TestEveryChangeIsRequested: the table has a row for every action that
// changes something. The closed set of changes cannot be listed; the actions
// can, and each change has one.
func TestEveryChangeIsRequested(t *testing.T) {
	seen := map[tenancy.Action]bool{}
	watch := &witness{judge: allowAll}
	watch.seen = func(c asked) { seen[c.in.Action] = true }
	kinds := map[string]string{}
	inWorld(t, 1, watch, func(w *world) {
		for range 3000 {
			row, actor, change := w.draw()
			kinds[row.name] = reflect.TypeOf(change).Name()
			_, _ = w.Apply(t.Context(), actor, change, tenancy.ApplyOptions{DryRun: true}) // only what is asked counts here
		}
	})
	for _, action := range tenancy.ChangeActions() {
		if !seen[action] {
			t.Errorf("no request leads to %s; the table has %v", action, kinds)
		}
	}
}
