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
	{"a key is revoked", 3, func(w *world, _ *tenancy.Actor) tenancy.Change {
		return tenancy.DeleteKey{Key: pick(w, w.keys[w.rng.IntN(len(w.keys))].ID, keyID(1<<20))}
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
			return r, actor, r.draw(w, &actor)
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
		change.Scopes = []tenancy.Action{pick(w, tenancy.ChangeActions()...)}
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
