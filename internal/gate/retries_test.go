package gate_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

func codeOf(err error) tenancy.Code {
	var failed *tenancy.Error
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func refusalOf(t *testing.T, err error) *tenancy.Refusal {
	t.Helper()
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("not refused: %v", err)
	}
	return refusal
}

func once(key string, request byte) tenancy.ApplyOptions {
	return tenancy.ApplyOptions{Idempotency: tenancy.Idempotency{Key: key, Request: tenancy.Digest{request}}}
}

func TestARetryFindsTheFirstOutcome(t *testing.T) {
	s := open(t, shipped(t))
	first, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
	if err != nil {
		t.Fatal(err)
	}
	s.want("sam is removed meanwhile", s.try(as(olga), remove(acme, sam)))
	again, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
	if err != nil {
		t.Fatal(err)
	}
	if !again.Replayed || first.Replayed {
		t.Errorf("replayed: %v, %v; want the second alone", first.Replayed, again.Replayed)
	}
	again.Replayed = false
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the retry is answered otherwise (-first +again):\n%s", diff)
	}
	if _, is := s.membership(acme, sam); is {
		t.Error("the retry added sam again")
	}
}

func TestAnIdempotencyKeyBelongsToOneRequestOfOneActor(t *testing.T) {
	s := open(t, shipped(t))
	if _, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), as(olga), remove(acme, sam), once("k", 2)); codeOf(err) != tenancy.CodeIdempotencyReused {
		t.Errorf("another request with the same key: %v; want %s", err, tenancy.CodeIdempotencyReused)
	}
	outcome, err := s.Apply(t.Context(), as(adam), remove(acme, sam), once("k", 2))
	if err != nil || outcome.Replayed {
		t.Errorf("another actor's key of the same text: %+v, %v; want a change of its own", outcome, err)
	}
	scoped := tenancy.Actor{User: olga, Via: tenancy.ViaAPIKey, Scopes: []tenancy.Action{tenancy.ActionTenantRead}}
	if _, err := s.Apply(t.Context(), scoped, add(acme, sam, tenancy.LevelMember), once("k", 1)); !tenancy.Has(refusalOf(t, err).Reasons, tenancy.CodeNotPermitted) {
		t.Errorf("a credential out of scope asks for the outcome again: %v", err)
	}
}

func TestOnlyCommittedChangesAreRemembered(t *testing.T) {
	s := open(t, shipped(t))
	_, err := s.Apply(t.Context(), as(mary), add(acme, sam, tenancy.LevelViewer), once("k", 1))
	refusalOf(t, err)
	s.want("mary becomes an administrator", s.try(as(olga), level(acme, mary, tenancy.LevelAdmin)))
	dry := once("k", 1)
	dry.DryRun = true
	if outcome, err := s.Apply(t.Context(), as(mary), add(acme, sam, tenancy.LevelViewer), dry); err != nil || outcome.Replayed {
		t.Errorf("a dry run: %+v, %v", outcome, err)
	}
	if outcome, err := s.Apply(t.Context(), as(mary), add(acme, sam, tenancy.LevelViewer), once("k", 1)); err != nil || outcome.Replayed {
		t.Errorf("the retry of a refusal: %+v, %v; want it decided anew", outcome, err)
	}
}

func TestAReceiptEndsAfterADay(t *testing.T) {
	s := open(t, shipped(t))
	if _, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1)); err != nil {
		t.Fatal(err)
	}
	s.forward(tenancy.ReceiptLifetime - time.Hour)
	if outcome, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1)); err != nil || !outcome.Replayed {
		t.Errorf("within a day: %+v, %v; want a replay", outcome, err)
	}
	s.forward(time.Hour)
	_, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
	s.want("after a day it is another change", s.codes(err), tenancy.CodeAlreadyMember)
}

// TestTheSameAttemptAtOnce: of ten requests one makes the change; the others
// get its outcome, or hear that it is still running.
func TestTheSameAttemptAtOnce(t *testing.T) {
	s := open(t, shipped(t))
	before := s.revision()
	outcomes, errs := make([]tenancy.Outcome, 10), make([]error, 10)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			outcomes[i], errs[i] = s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
		})
	}
	all.Wait()
	made := 0
	for i, err := range errs {
		switch {
		case err == nil && !outcomes[i].Replayed:
			made++
		case err != nil && codeOf(err) != tenancy.CodeConflict:
			t.Errorf("request %d: %v", i, err)
		}
	}
	if rose := s.revision() - before; made != 1 || rose != 1 {
		t.Errorf("%d changes were made, the revision rose by %d; want 1 and 1", made, rose)
	}
}

// TestARunningAttemptIsAConflict holds the first attempt inside its
// transaction while the second one comes.
func TestARunningAttemptIsAConflict(t *testing.T) {
	decider := &held{Decider: shipped(t), entered: make(chan struct{}), proceed: make(chan struct{})}
	s := open(t, decider)
	done := make(chan error, 1)
	go func() {
		_, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
		done <- err
	}()
	<-decider.entered
	_, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1))
	if codeOf(err) != tenancy.CodeConflict {
		t.Errorf("while the first attempt runs: %v; want %s", err, tenancy.CodeConflict)
	}
	close(decider.proceed)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if outcome, err := s.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelMember), once("k", 1)); err != nil || !outcome.Replayed {
		t.Errorf("afterwards: %+v, %v; want a replay", outcome, err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	s := open(t, shipped(t))
	wet, err := s.Apply(t.Context(), as(olga), level(acme, mary, tenancy.LevelAdmin), tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.want("back", s.try(as(olga), level(acme, mary, tenancy.LevelMember)))
	before, records := s.revision(), s.records()
	dry, err := s.Apply(t.Context(), as(olga), level(acme, mary, tenancy.LevelAdmin), tenancy.ApplyOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := dry.Result.(tenancy.Member).Level, wet.Result.(tenancy.Member).Level; got != want {
		t.Errorf("the dry run gives level %s, the change %s", got, want)
	}
	_, err = s.Apply(t.Context(), as(mary), remove(acme, olga), tenancy.ApplyOptions{DryRun: true})
	s.want("refused all the same", s.codes(err), "not_permitted", "owner_permanent", "rank_exceeded")
	if m, _ := s.membership(acme, mary); s.revision() != before || s.records() != records || m.Level != tenancy.LevelMember {
		t.Errorf("a dry run left revision %d, %d records, level %s", s.revision(), s.records(), m.Level)
	}
}

func TestAChangeOfAnotherVersionIsStale(t *testing.T) {
	s := open(t, shipped(t))
	read := func(q tenancy.Query) tenancy.Version {
		t.Helper()
		outcome, err := s.Read(t.Context(), platform, q, tenancy.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tenancy.VersionOf(outcome.Result)
	}
	try := func(actor tenancy.Actor, change tenancy.Change, versions ...tenancy.Version) []tenancy.Code {
		t.Helper()
		_, err := s.Apply(t.Context(), actor, change, tenancy.ApplyOptions{IfMatch: versions})
		return s.codes(err)
	}
	is := read(tenancy.GetMember{Tenant: tenancy.RefTo(acme), User: mary})
	s.want("another version", try(as(olga), level(acme, mary, tenancy.LevelViewer), "other"), tenancy.CodeStale)
	s.want("who may not learns nothing of versions", try(as(vic), level(acme, mary, tenancy.LevelViewer), "other"), "not_permitted", tenancy.CodeStale, "rank_exceeded")
	s.want("one of several", try(as(olga), level(acme, mary, tenancy.LevelViewer), "other", is))
	s.want("the version before", try(as(olga), level(acme, mary, tenancy.LevelMember), is), tenancy.CodeStale)
	s.want("any version", try(as(olga), level(acme, mary, tenancy.LevelMember), tenancy.AnyVersion))
	s.want("removed", s.try(as(olga), remove(acme, mary)))
	s.want("what is gone", try(as(olga), remove(acme, mary), tenancy.AnyVersion), tenancy.CodeStale, "target_not_member")
	s.want("what is not there yet", try(as(olga), add(acme, mary, tenancy.LevelMember), tenancy.AnyVersion), tenancy.CodeStale)
	s.want("added again", s.try(as(olga), add(acme, mary, tenancy.LevelMember)))
	s.want("the version of the membership before", try(as(olga), remove(acme, mary), is), tenancy.CodeStale)

	tenantIs, userIs := read(tenancy.GetTenant{Tenant: tenancy.RefTo(acme)}), read(tenancy.GetUser{User: mary})
	name := "New"
	s.want("a tenant", try(as(olga), tenancy.UpdateTenant{Tenant: tenancy.RefTo(acme), Name: &name}, tenantIs))
	s.want("a tenant that changed", try(as(olga), tenancy.TransferOwnership{Tenant: tenancy.RefTo(acme), To: adam}, tenantIs), tenancy.CodeStale)
	s.want("an account", try(as(mary), tenancy.UpdateUser{User: mary, GivenName: &name}, userIs))
	s.want("an account that changed", try(as(mary), tenancy.DeleteUser{User: mary}, userIs), tenancy.CodeStale)
	unknown := tenancy.DeleteTenant{Tenant: tenancy.RefTo(tenant(99))}
	if got := codes(tenancy.Shown(s.found(platform, unknown, tenancy.AnyVersion))); len(got) != 1 || got[0] != tenancy.CodeStale {
		t.Errorf("the platform deletes what is gone: shown %v, want stale", got)
	}
	if got := codes(tenancy.Shown(s.found(as(sam), unknown, tenancy.AnyVersion))); len(got) != 1 || got[0] != tenancy.CodeTenantUnknown {
		t.Errorf("a stranger does: shown %v, want tenant_unknown", got)
	}
}

func (s *scene) found(actor tenancy.Actor, change tenancy.Change, version tenancy.Version) []tenancy.Finding {
	s.t.Helper()
	_, err := s.Apply(s.t.Context(), actor, change, tenancy.ApplyOptions{IfMatch: []tenancy.Version{version}})
	return refusalOf(s.t, err).Reasons
}
