package gate_test

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func disable(u tenancy.UserID) tenancy.UpdateUser {
	off := false
	return tenancy.UpdateUser{User: u, Enabled: &off}
}

func TestChangesToAccounts(t *testing.T) {
	type codeList = []tenancy.Code
	name := "Mary"
	on := true
	rows := []struct {
		name   string
		actor  tenancy.Actor
		change tenancy.Change
		want   codeList
	}{
		{"a person changes her name", as(mary), tenancy.UpdateUser{User: mary, GivenName: &name}, nil},
		{"the platform changes it", platform, tenancy.UpdateUser{User: mary, GivenName: &name}, nil},
		{"another person changes it", as(olga), tenancy.UpdateUser{User: mary, GivenName: &name}, codeList{"not_permitted"}},
		{"somebody changes nobody's", as(olga), tenancy.UpdateUser{User: user(99), GivenName: &name}, codeList{"not_permitted", "user_unknown"}},
		{"the platform changes nobody's", platform, tenancy.UpdateUser{User: user(99), GivenName: &name}, codeList{"user_unknown"}},
		{"a person disables herself", as(mary), disable(mary), codeList{"not_permitted"}},
		{"the platform disables a person", platform, disable(mary), nil},
		{"the platform enables a person", platform, tenancy.UpdateUser{User: off, Enabled: &on}, nil},
		{"the platform disables an owner", platform, disable(olga), codeList{"owner_permanent"}},
		{"the platform disables an administrator beside another", platform, disable(gil), nil},

		{"a person deletes her account", as(mary), tenancy.DeleteUser{User: mary}, nil},
		{"the platform deletes an account", platform, tenancy.DeleteUser{User: mary}, nil},
		{"the platform deletes a disabled member's account", platform, tenancy.DeleteUser{User: dora}, nil},
		{"a disabled member deletes her account", as(dora), tenancy.DeleteUser{User: dora}, nil},
		{"another person deletes it", as(olga), tenancy.DeleteUser{User: mary}, codeList{"not_permitted"}},
		{"the owner of a tenant deletes her account", as(olga), tenancy.DeleteUser{User: olga}, codeList{"conflict", "owner_permanent"}},
		{"the platform deletes the account of an owner", platform, tenancy.DeleteUser{User: olga}, codeList{"conflict", "owner_permanent"}},
		{"the platform deletes nobody", platform, tenancy.DeleteUser{User: user(99)}, codeList{"user_unknown"}},

		{"a person leaves everywhere", as(mary), tenancy.LeaveAll{User: mary}, nil},
		{"a person who is nowhere leaves everywhere", as(sam), tenancy.LeaveAll{User: sam}, nil},
		{"the platform takes a person out of everything", platform, tenancy.LeaveAll{User: mary}, nil},
		{"another person does", as(olga), tenancy.LeaveAll{User: mary}, codeList{"not_permitted"}},
		{"an owner leaves everywhere", as(olga), tenancy.LeaveAll{User: olga}, codeList{"owner_permanent"}},
		{"a disabled member leaves everywhere", as(dora), tenancy.LeaveAll{User: dora}, codeList{"not_permitted"}},

		{"a person sets her first password", as(mary), tenancy.SetPassword{User: mary, PasswordHash: "x"}, nil},
		{"the platform sets it", platform, tenancy.SetPassword{User: mary, PasswordHash: "x"}, nil},
		{"another person sets it", as(olga), tenancy.SetPassword{User: mary, PasswordHash: "x"}, codeList{"not_permitted"}},
		{"a person ends her tokens", as(mary), tenancy.RevokeTokens{User: mary}, nil},
		{"another person ends them", as(olga), tenancy.RevokeTokens{User: mary}, codeList{"not_permitted"}},
		{"with a key for one tenant", bound(mary, acme), tenancy.RevokeTokens{User: mary}, codeList{"actions_exceeded"}},
		{"deletes herself with a key for one tenant", bound(mary, acme), tenancy.DeleteUser{User: mary}, codeList{"actions_exceeded"}},

		{"the platform rotates the signing key", platform, tenancy.RotateSigningKey{Key: tenancy.SigningKey{ID: tenancy.KeyID{1}}}, nil},
		{"an owner rotates it", as(olga), tenancy.RotateSigningKey{Key: tenancy.SigningKey{ID: tenancy.KeyID{1}}}, codeList{"not_permitted"}},
	}
	decider := shipped(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, decider)
			before := s.revision()
			s.want(row.name, s.try(row.actor, row.change), row.want...)
			if row.want != nil && s.revision() != before {
				t.Error("a refusal changed the store")
			}
			s.ownersAreWhole()
		})
	}
}

func bound(u tenancy.UserID, t tenancy.TenantID) tenancy.Actor {
	return tenancy.Actor{User: u, Via: tenancy.ViaAPIKey, Tenant: t}
}

func TestTheLastAdministratorsAccountStays(t *testing.T) {
	s := open(t, shipped(t))
	s.want("gil leaves", s.try(as(gil), remove(guild, gil)))
	s.want("disabled", s.try(platform, disable(gus)), "last_administrator")
	s.want("deleted", s.try(platform, tenancy.DeleteUser{User: gus}), "last_administrator")
	s.want("leaves everywhere", s.try(as(gus), tenancy.LeaveAll{User: gus}), "last_administrator")
}

func TestAnAccountIsDeletedWithAllThatBelongsToIt(t *testing.T) {
	s := open(t, shipped(t))
	s.want("mary joins the guild", s.try(as(gil), add(guild, mary, tenancy.LevelMember)))
	s.want("a key", s.try(as(mary), tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Digest: tenancy.Digest{1}}))
	before := s.revision()
	s.want("deleted", s.try(as(mary), tenancy.DeleteUser{User: mary}))
	if got := s.revision(); got != before+1 {
		t.Errorf("the deletion took %d revisions, want 1", got-before)
	}
	for _, id := range []tenancy.TenantID{acme, guild} {
		if _, is := s.membership(id, mary); is {
			t.Errorf("still a member of %s", id)
		}
	}
	if _, left := s.key(tenancy.KeyID{1}); left {
		t.Error("her key is left")
	}
	s.want("her address is free", s.try(platform, tenancy.CreateUser{Email: "mary@example.com"}))
}

func TestARefusalNamesTheTenants(t *testing.T) {
	s := open(t, shipped(t))
	s.want("olga owns a second one", s.try(as(olga), tenancy.CreateTenant{Name: "Second", Slug: "second"}))
	_, err := s.Apply(t.Context(), platform, tenancy.DeleteUser{User: olga}, tenancy.ApplyOptions{})
	if err == nil {
		t.Fatal("an owner's account was deleted")
	}
	message := refusalOf(t, err).Reasons[0].Message
	if !strings.Contains(message, "acme") || !strings.Contains(message, "second") {
		t.Errorf("the refusal says %q; want both tenants named", message)
	}
}

// TestAllMembershipsEndOrNone: mary leaves acme only if she may leave the
// tenant after it as well.
func TestAllMembershipsEndOrNone(t *testing.T) {
	s := open(t, shipped(t))
	s.want("joins", s.try(as(gil), add(guild, mary, tenancy.LevelAdmin)))
	s.want("owns", s.try(as(mary), tenancy.CreateTenant{ID: tenancy.TenantID{}, Name: "Own"}))
	s.want("leaves everywhere", s.try(as(mary), tenancy.LeaveAll{User: mary}), "owner_permanent", "last_administrator")
	for _, id := range []tenancy.TenantID{acme, guild} {
		if _, is := s.membership(id, mary); !is {
			t.Errorf("left %s although the whole was refused", id)
		}
	}
	s.want("adam joins", s.try(as(gil), add(guild, adam, tenancy.LevelMember)))
	outcome, err := s.Apply(t.Context(), as(vic), tenancy.LeaveAll{User: vic}, tenancy.ApplyOptions{})
	if err != nil || outcome.Result != tenancy.Left(1) {
		t.Errorf("vic left %v, %v; want 1", outcome.Result, err)
	}
}

func TestAPasswordIsChangedByWhoeverKnowsIt(t *testing.T) {
	s := open(t, shipped(t))
	s.want("the first", s.try(as(mary), tenancy.SetPassword{User: mary, PasswordHash: "one"}))
	mine := func() tenancy.Actor {
		a := as(mary)
		a.TokenEpoch = s.user(mary).TokenEpoch
		return a
	}
	s.want("without proof", s.try(mine(), tenancy.SetPassword{User: mary, PasswordHash: "two"}), "not_permitted")
	s.want("with a proof of another", s.try(mine(), tenancy.SetPassword{User: mary, PasswordHash: "two", Against: "none"}), "not_permitted")
	s.want("with proof", s.try(mine(), tenancy.SetPassword{User: mary, PasswordHash: "two", Against: "one"}))
	s.want("with a proof that is old by now", s.try(mine(), tenancy.SetPassword{User: mary, PasswordHash: "three", Against: "one"}), "not_permitted")
	s.want("by the platform", s.try(platform, tenancy.SetPassword{User: mary, PasswordHash: "four"}))
}

func TestRevokedTokensAreRefusedInTheTransaction(t *testing.T) {
	for name, change := range map[string]tenancy.Change{
		"revoked": tenancy.RevokeTokens{User: mary}, "password changed": tenancy.SetPassword{User: mary, PasswordHash: "x"},
	} {
		s := open(t, shipped(t))
		stale, key := as(mary), tenancy.Actor{User: mary, Via: tenancy.ViaAPIKey}
		s.want(name, s.try(platform, change))
		if _, err := s.Apply(t.Context(), stale, remove(acme, mary), tenancy.ApplyOptions{}); codeOf(err) != tenancy.CodeUnauthenticated {
			t.Errorf("%s: a change with an old token: %v", name, err)
		}
		if _, err := s.Check(t.Context(), stale, tenancy.Question{Action: tenancy.ActionTenantRead, Tenant: tenancy.RefTo(acme)}); codeOf(err) != tenancy.CodeUnauthenticated {
			t.Errorf("%s: a check with an old token: %v", name, err)
		}
		fresh := stale
		fresh.TokenEpoch = s.user(mary).TokenEpoch
		s.want("with a new token", s.try(fresh, tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}))
		s.want("with a key", s.try(key, remove(acme, mary)))
	}
}

// TestAnIDThatIsUsedAgainIsAnotherAccounts: whoever had the account before has
// neither its tokens nor its retries.
func TestAnIDThatIsUsedAgainIsAnotherAccounts(t *testing.T) {
	s := open(t, shipped(t))
	create := tenancy.CreateUser{ID: user(50), Email: "first@example.com"}
	s.want("the first", s.try(platform, create))
	first := as(user(50))
	first.TokenEpoch = s.user(user(50)).TokenEpoch
	name := "First"
	rename := tenancy.UpdateUser{User: user(50), GivenName: &name}
	if _, err := s.Apply(t.Context(), first, rename, once("k", 1)); err != nil {
		t.Fatal(err)
	}
	s.want("deleted", s.try(platform, tenancy.DeleteUser{User: user(50)}))
	create.Email = "second@example.com"
	s.want("the second", s.try(platform, create))
	if _, err := s.Apply(t.Context(), first, rename, tenancy.ApplyOptions{}); codeOf(err) != tenancy.CodeUnauthenticated {
		t.Errorf("a token of the first: %v; want %s", err, tenancy.CodeUnauthenticated)
	}
	second := as(user(50))
	second.TokenEpoch = s.user(user(50)).TokenEpoch
	outcome, err := s.Apply(t.Context(), second, rename, once("k", 1))
	if err != nil || outcome.Replayed || outcome.Result.(tenancy.UserView).Email != "second@example.com" {
		t.Errorf("the second's change under a key that the first used: %+v, %v; want a change of its own", outcome, err)
	}
}

// TestAKeyDiesWithItsTenant: also that of somebody who was no member, and also
// when another tenant gets the id.
func TestAKeyDiesWithItsTenant(t *testing.T) {
	s := open(t, shipped(t))
	tenantWithID := tenancy.CreateTenant{ID: tenant(50), Name: "First", Slug: "first", Owner: olga}
	s.want("the first", s.try(platform, tenantWithID))
	s.want("a key", s.try(platform, tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Tenant: tenancy.RefTo(tenant(50)), Digest: tenancy.Digest{1}}))
	key := bound(mary, tenant(50))
	key.Key = tenancy.KeyID{1}
	reads := func(what string, want tenancy.Code) {
		t.Helper()
		_, err := s.Read(t.Context(), key, tenancy.GetTenant{Tenant: tenancy.RefTo(tenant(50))}, tenancy.ApplyOptions{})
		if got := codeOf(err); got != want {
			t.Errorf("%s: %v; want %q", what, err, want)
		}
	}
	reads("no member", "") // a refusal, with findings of its own
	s.want("joins", s.try(as(olga), add(tenant(50), mary, tenancy.LevelMember)))
	reads("a member", "")
	s.want("leaves", s.try(as(olga), remove(tenant(50), mary)))
	s.want("another key", s.try(platform, tenancy.CreateKey{ID: tenancy.KeyID{2}, User: mary, Tenant: tenancy.RefTo(tenant(50)), Digest: tenancy.Digest{2}}))
	key.Key = tenancy.KeyID{2}
	s.want("deleted", s.try(platform, tenancy.DeleteTenant{Tenant: tenancy.RefTo(tenant(50))}))
	reads("of a tenant that is gone", tenancy.CodeUnauthenticated)
	s.want("the second", s.try(platform, tenantWithID))
	s.want("joins the second", s.try(as(olga), add(tenant(50), mary, tenancy.LevelMember)))
	reads("of another tenant with its id", tenancy.CodeUnauthenticated)
}

// TestARestoredStoreRevivesNoEpoch: a token of an epoch that the restored store
// has not come to stays refused when it comes to the next one.
func TestARestoredStoreRevivesNoEpoch(t *testing.T) {
	s := open(t, shipped(t))
	var copied bytes.Buffer
	if _, err := s.Backup(t.Context(), platform, &copied, tenancy.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	s.want("before the restore", s.try(platform, tenancy.RevokeTokens{User: mary}))
	old := as(mary)
	old.TokenEpoch = s.user(mary).TokenEpoch
	restored := s.restored(&copied)
	for range 3 {
		restored.want("after it", restored.try(platform, tenancy.RevokeTokens{User: mary}))
		if _, err := restored.Apply(t.Context(), old, remove(acme, mary), tenancy.ApplyOptions{}); codeOf(err) != tenancy.CodeUnauthenticated {
			t.Errorf("a token from before the restore: %v; want %s", err, tenancy.CodeUnauthenticated)
		}
	}
}

// restored opens another scene on a copy of the store, with the same clock.
func (s *scene) restored(from io.Reader) *scene {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "store.db")
	if _, err := boltstore.Restore(s.t.Context(), from, path, nil); err != nil {
		s.t.Fatal(err)
	}
	now := clock(s.later)
	s.forward(time.Hour)
	store, err := boltstore.Open(path, boltstore.Options{Clock: now})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { store.Close() })
	other := &scene{t: s.t, store: store, later: s.later}
	other.Gate = gate.New(store, shipped(s.t), gate.Options{Clock: now, NewID: newID})
	return other
}

// TestAGuessAtAPasswordLeavesATrace: a dry run tells whether the current
// password is right, so whoever guesses by dry runs is seen in the audit.
func TestAGuessAtAPasswordLeavesATrace(t *testing.T) {
	s := open(t, shipped(t))
	s.want("a password", s.try(platform, tenancy.SetPassword{User: mary, PasswordHash: "one"}))
	before := s.records()
	guess := tenancy.SetPassword{User: mary, PasswordHash: "two", Against: "another"}
	_, err := s.Apply(t.Context(), tenancy.Actor{User: mary, Via: tenancy.ViaAPIKey}, guess, tenancy.ApplyOptions{DryRun: true})
	s.want("guessed", s.codes(err), "not_permitted")
	s.want("another change, which takes the record along", s.try(as(olga), add(acme, sam, tenancy.LevelMember)))
	if got := s.records(); got != before+2 {
		t.Errorf("the audit grew by %d records, want the guess and the change", got-before)
	}
}

func TestAPasswordSetBeforeSigningUpStays(t *testing.T) {
	s := open(t, shipped(t))
	s.want("set for a reserved account", s.try(platform, tenancy.SetPassword{User: res, PasswordHash: "before"}))
	s.want("signed up without one", s.try(platform, tenancy.CreateUser{Email: "res@example.com"}))
	if got := s.user(res); got.PasswordHash != "before" || !got.SignedUp {
		t.Errorf("the account signed up with the password %q", got.PasswordHash)
	}
	s.want("set for another", s.try(platform, tenancy.AddMember{Tenant: tenancy.RefTo(guild), Email: "new@example.com", Level: tenancy.LevelMember, Enabled: true}))
	s.want("signed up with one", s.try(platform, tenancy.CreateUser{Email: "new@example.com", PasswordHash: "mine"}))
}
