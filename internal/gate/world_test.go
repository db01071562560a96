package gate_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// world is a random cast over a real store, and the gate that guards it. The
// same number draws the same world and the same requests.
type world struct {
	*gate.Gate
	t       *testing.T
	number  uint64
	rng     *rand.Rand
	store   *boltstore.Store
	users   []tenancy.UserID
	tenants []tenancy.TenantID
	keys    []tenancy.Key

	// What was made of each kind; some of it may be gone.
	roles         []tenancy.RoleID
	projects      []tenancy.ProjectID
	datasets      []tenancy.DatasetID
	invitations   []tenancy.Invitation
	organizations []tenancy.OrganizationID

	serial uint64 // of what was made up so far
}

// The size of a world: small enough for its people to meet often.
const (
	worldUsers   = 9
	worldTenants = 4
	worldKeys    = 4
)

// inWorld draws a world, lets fn use it, and ends it. The world's file lies in
// memory where the machine offers that: what is decided matters here, and not
// whether it is on disk.
func inWorld(t *testing.T, number uint64, decider gate.Decider, fn func(*world)) {
	folder, err := os.MkdirTemp(quickFolder(), "memberward-world")
	if err != nil {
		t.Error(err)
		return
	}
	defer os.RemoveAll(folder)
	now := clock(new(atomic.Int64))
	store, err := boltstore.Open(filepath.Join(folder, "store.db"), boltstore.Options{Clock: now})
	if err != nil {
		t.Error(err)
		return
	}
	defer store.Close()
	w := &world{t: t, number: number, rng: rand.New(rand.NewPCG(number, 0)), store: store}
	w.Gate = gate.New(store, decider, gate.Options{Clock: now, NewID: newID})
	if _, err := w.Install(t.Context(), w.seed()); err != nil {
		t.Errorf("world %d: %v", number, err)
		return
	}
	if err := w.furnish(); err != nil {
		t.Errorf("world %d: %v", number, err)
		return
	}
	fn(w)
}

// furnish puts roles, projects, datasets, invitations and organizations into
// the tenants, past the gate.
func (w *world) furnish() error {
	_, err := w.store.Update(w.t.Context(), func(tx gate.Tx) error {
		w.roles, w.projects, w.datasets, w.invitations, w.organizations = nil, nil, nil, nil, nil // afresh: fn may run again
		group := tenancy.Organization{ID: tenancy.OrganizationID{0xa0, 15: 1}, Name: "Group", ShortName: "the-group"}
		w.organizations = append(w.organizations, group.ID)
		errs := []error{tx.PutOrganization(group)}
		for n, id := range w.tenants {
			errs = append(errs, w.furnishTenant(tx, byte(n+1), id, group.ID))
		}
		errs = append(errs, tx.PutOrganizationMember(tenancy.OrganizationMember{
			Organization: group.ID, User: w.users[w.rng.IntN(len(w.users))], Admin: true, Enabled: !w.oneIn(5),
		}))
		return errors.Join(errs...)
	})
	return err
}

func (w *world) furnishTenant(tx gate.Tx, n byte, id tenancy.TenantID, group tenancy.OrganizationID) error {
	tenant, _, err := tx.Tenant(id)
	if err != nil {
		return err
	}
	w.organizations = append(w.organizations, tenant.Organization)
	errs := []error{}
	if w.oneIn(2) {
		tenant.Organization = group
		errs = append(errs, tx.PutTenant(tenant))
	}
	role := tenancy.Role{ID: tenancy.RoleID{0xa1, 15: n}, Tenant: id, Name: pick(w, "admin", "role-1"), Actions: w.actions()}
	project := tenancy.Project{ID: tenancy.ProjectID{0xa2, 15: n}, Tenant: id, Name: "Project"}
	dataset := tenancy.Dataset{ID: tenancy.DatasetID{0xa3, 15: n}, Tenant: id, Owner: w.users[0], Name: "Data"}
	offer := tenancy.Invitation{
		ID: tenancy.InvitationID{0xa4, 15: n}, Tenant: id, Email: w.email(uint64(n)), Level: pick(w, tenancy.LevelViewer, tenancy.LevelAdmin),
		Code: tenancy.Digest{4, n}, Status: tenancy.InvitationPending, ExpiresAt: began.AddDate(0, 1, 0),
	}
	errs = append(errs, tx.PutRole(role), tx.PutProject(project), tx.PutDataset(dataset), tx.PutInvitation(offer))
	w.roles, w.projects = append(w.roles, role.ID), append(w.projects, project.ID)
	w.datasets, w.invitations = append(w.datasets, dataset.ID), append(w.invitations, offer)
	members, err := tx.Members(id, tenancy.UserID{}, worldUsers)
	for _, m := range members {
		if w.oneIn(3) {
			m.Roles = []tenancy.RoleID{role.ID}
		}
		if w.oneIn(5) {
			m.Capabilities = []tenancy.Capability{tenancy.CapabilityManageUsers}
		}
		if w.oneIn(4) {
			m.Projects = tenancy.NewProjectAccess([]tenancy.ProjectID{project.ID})
		}
		errs = append(errs, tx.PutMembership(m))
		if w.oneIn(3) {
			errs = append(errs, tx.PutGrant(tenancy.Grant{
				Dataset: dataset.ID, Tenant: id, Principal: tenancy.UserPrincipal(m.User), Permissions: tenancy.AllPermissions,
			}))
		}
	}
	return errors.Join(append(errs, err)...)
}

// quickFolder is a folder in memory, or "", which stands for the usual one.
func quickFolder() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err != nil || !info.IsDir() {
		return ""
	}
	probe, err := os.CreateTemp(shared, "memberward-probe")
	if err != nil {
		return ""
	}
	if probe.Close() != nil || os.Remove(probe.Name()) != nil {
		return ""
	}
	return shared
}

// oneIn is true once in n times.
func (w *world) oneIn(n int) bool { return w.rng.IntN(n) == 0 }

func pick[T any](w *world, from ...T) T { return from[w.rng.IntN(len(from))] }

// next gives a number that this world has not used.
func (w *world) next() uint64 {
	w.serial++
	return w.serial
}

func (w *world) email(n uint64) string { return fmt.Sprintf("user%d@example.com", n) }

func (w *world) level() tenancy.Level {
	return pick(w, tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelAdmin, tenancy.LevelOwner)
}

// moment is a time before, at or after the present of the world, or none.
func (w *world) moment() time.Time {
	days := pick(w, -30, 0, 30, 60, 0)
	if w.oneIn(2) {
		return time.Time{}
	}
	return began.AddDate(0, 0, days)
}

// seed draws people, tenants and memberships. The first tenant has no owner;
// every tenant has somebody who can act.
func (w *world) seed() tenancy.Seed {
	var seed tenancy.Seed
	for range worldUsers {
		id := tenancy.UserID{0xcc, 14: byte(w.next() >> 8), 15: byte(w.serial)}
		w.users = append(w.users, id)
		seed.Users = append(seed.Users, tenancy.User{
			ID: id, Email: w.email(w.serial), Kind: tenancy.KindHuman, SignedUp: !w.oneIn(8), Enabled: !w.oneIn(10),
		})
	}
	seed.Users[0].SignedUp, seed.Users[0].Enabled = true, true
	for n := range worldTenants {
		w.seedTenant(n, &seed)
	}
	for range worldKeys {
		n := w.next()
		key := tenancy.Key{ID: keyID(n), User: w.users[w.rng.IntN(len(w.users))], Digest: tenancy.Digest{2, byte(n >> 8), byte(n)}}
		if w.oneIn(2) {
			key.Tenant = w.tenants[w.rng.IntN(len(w.tenants))]
		}
		w.keys = append(w.keys, key)
	}
	seed.Keys = w.keys
	return seed
}

func (w *world) seedTenant(n int, seed *tenancy.Seed) {
	able := 0
	for i := range seed.Users {
		if seed.Users[i].SignedUp && seed.Users[i].Enabled && w.oneIn(3) {
			able = i
		}
	}
	id := tenancy.TenantID{0xdd, 15: byte(n + 1)}
	w.tenants = append(w.tenants, id)
	tenant := tenancy.Tenant{ID: id, Slug: fmt.Sprintf("tenant-%d", n+1), Name: "A tenant"}
	members := int64(0)
	for i, user := range seed.Users {
		member := tenancy.Membership{Tenant: id, User: user.ID, Level: w.level(), Enabled: !w.oneIn(6), Pending: !user.SignedUp || w.oneIn(8)}
		if w.oneIn(5) {
			member.NotBefore, member.ExpiresAt = pick(w, time.Time{}, began.AddDate(0, 1, 0)), pick(w, time.Time{}, began, began.AddDate(0, 2, 0))
		}
		switch {
		case i == able && n == 0:
			member = tenancy.Membership{Tenant: id, User: user.ID, Level: tenancy.LevelAdmin, Enabled: true}
		case i == able:
			members++
			continue // the owner: implied
		case w.oneIn(3):
			continue
		case member.Level == tenancy.LevelOwner || n == 0:
			member.Level = pick(w, tenancy.LevelViewer, tenancy.LevelMember)
		}
		members++
		seed.Memberships = append(seed.Memberships, member)
	}
	if n > 0 {
		tenant.Owner = seed.Users[able].ID
	}
	tenant.MemberLimit = pick(w, members, members+1, members+3, tenancy.Unlimited)
	seed.Tenants = append(seed.Tenants, tenant)
}

func (w *world) user() tenancy.UserID {
	if w.oneIn(25) {
		return tenancy.UserID{0xcc, 0xff, 15: 0xff} // nobody
	}
	return w.users[w.rng.IntN(len(w.users))]
}

func (w *world) ref() tenancy.TenantRef {
	switch w.rng.IntN(25) {
	case 0:
		return tenancy.RefTo(tenancy.TenantID{0xdd, 0xff}) // unknown
	case 1:
		return tenancy.TenantRef{Slug: fmt.Sprintf("tenant-%d", 1+w.rng.IntN(worldTenants+1))}
	default:
		return tenancy.RefTo(w.tenants[w.rng.IntN(len(w.tenants))])
	}
}

// actor draws who asks, and with what credential.
func (w *world) actor() tenancy.Actor {
	actor := tenancy.Actor{User: w.users[w.rng.IntN(len(w.users))], Via: tenancy.ViaAPIKey}
	switch w.rng.IntN(20) {
	case 0, 1, 2, 3:
		return platform
	case 4:
		actor.Via, actor.Delegated = tenancy.ViaPlatformKey, true
	case 5:
		actor.Tenant = w.tenants[w.rng.IntN(len(w.tenants))]
	case 6, 7:
		key := w.keys[w.rng.IntN(len(w.keys))]
		actor.User, actor.Key, actor.Tenant, actor.Scopes = key.User, key.ID, key.Tenant, key.Scopes
	case 8:
		actor.Scopes = []tenancy.Action{pick(w, tenancy.ChangeActions()...), pick(w, tenancy.ChangeActions()...)}
	}
	return actor
}

// one draws what was made of a kind; nothing's id, where nothing was or once in
// twenty times.
func one[T any](w *world, made []T) (none T) {
	if len(made) == 0 || w.oneIn(20) {
		return none
	}
	return made[w.rng.IntN(len(made))]
}

func (w *world) role() tenancy.RoleID        { return one(w, w.roles) }
func (w *world) project() tenancy.ProjectID  { return one(w, w.projects) }
func (w *world) dataset() tenancy.DatasetID  { return one(w, w.datasets) }
func (w *world) invited() tenancy.Invitation { return one(w, w.invitations) }
func (w *world) principal() tenancy.PrincipalID {
	return pick(w, tenancy.PrincipalID(w.user()), tenancy.PrincipalID(w.role()), tenancy.PrincipalID(w.tenants[w.rng.IntN(len(w.tenants))]))
}

func (w *world) organization() tenancy.OrganizationRef {
	return pick(w, tenancy.OrganizationRef{ID: one(w, w.organizations)}, tenancy.OrganizationRef{Of: w.ref()})
}

// actions draws what a role may give.
func (w *world) actions() []tenancy.Action {
	return []tenancy.Action{pick(w, "app.manage", tenancy.ActionResourceWrite, tenancy.ActionMemberAdd, tenancy.ActionMemberUpdate,
		tenancy.ActionMemberRemove, tenancy.ActionRoleCreate, tenancy.ActionTenantTransfer)}
}

// options draws what goes with a change.
func (w *world) options() tenancy.ApplyOptions {
	opts := tenancy.ApplyOptions{Dialect: pick(w, tenancy.Dialects()...)}
	if w.oneIn(20) {
		opts.IfMatch = []tenancy.Version{pick(w, tenancy.AnyVersion, "0123")}
	}
	return opts
}

// follow takes over into the cast what an applied change made or deleted. The
// cast never dies out.
func (w *world) follow(change tenancy.Change, result any) {
	switch made := result.(type) {
	case tenancy.UserView:
		if !slices.Contains(w.users, made.ID) {
			w.users = append(w.users, made.ID)
		}
	case tenancy.Member:
		if !slices.Contains(w.users, made.User) {
			w.users = append(w.users, made.User)
		}
	case tenancy.AddedMember:
		if !slices.Contains(w.users, made.User) {
			w.users = append(w.users, made.User)
		}
	case tenancy.Role:
		w.roles = append(w.roles, made.ID)
	case tenancy.Project:
		w.projects = append(w.projects, made.ID)
	case tenancy.Dataset:
		w.datasets = append(w.datasets, made.ID)
	case tenancy.InvitationView:
		w.invitations = append(w.invitations, made.Invitation)
	case tenancy.Organization:
		w.organizations = append(w.organizations, made.ID)
	case tenancy.KeyView:
		w.keys = append(w.keys, made.Key)
	case tenancy.Tenant:
		if !slices.Contains(w.tenants, made.ID) && !made.ID.IsZero() {
			w.tenants = append(w.tenants, made.ID)
		}
		w.organizations = append(w.organizations, made.Organization)
	}
	switch c := change.(type) {
	case tenancy.DeleteUser:
		w.users = without(w.users, c.User)
	case tenancy.DeleteTenant:
		w.tenants = without(w.tenants, c.Tenant.ID)
	}
}

func without[T comparable](from []T, gone T) []T {
	if len(from) == 1 {
		return from
	}
	return slices.DeleteFunc(from, func(one T) bool { return one == gone })
}
