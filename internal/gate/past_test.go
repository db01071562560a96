package gate_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// then lists acme's members as of a moment, in pages.
func (s *scene) then(as tenancy.Moment, limit int) map[tenancy.UserID]tenancy.Level {
	s.t.Helper()
	levels := map[tenancy.UserID]tenancy.Level{}
	q := tenancy.ListMembers{Tenant: tenancy.RefTo(acme), Limit: limit, AsOf: as}
	for {
		outcome, err := s.Read(s.t.Context(), platform, q, tenancy.ApplyOptions{})
		if err != nil {
			s.t.Fatalf("as of %+v: %v", as, err)
		}
		page := outcome.Result.([]tenancy.Member)
		for _, m := range page {
			if _, twice := levels[m.User]; twice {
				s.t.Fatalf("as of %+v: %s is listed twice", as, m.User)
			}
			levels[m.User], q.After = m.Level, m.User
		}
		if len(page) < limit {
			return levels
		}
	}
}

// TestThePastIsListedAsItWas makes random changes and remembers what was
// there after each; looking back finds the same, whatever the page size.
func TestThePastIsListedAsItWas(t *testing.T) {
	s := open(t, shipped(t))
	past := map[tenancy.Revision]map[tenancy.UserID]tenancy.Level{}
	times := map[tenancy.Revision]time.Time{}
	remember := func() {
		now := map[tenancy.UserID]tenancy.Level{}
		for _, m := range s.members(acme) {
			now[m.User] = m.Level
		}
		past[s.revision()] = now
		times[s.revision()] = began.Add(24*time.Hour + time.Duration(s.later.Load()))
	}
	people, levels := []tenancy.UserID{sam, mary, vic, adam, gil}, []tenancy.Level{tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin}
	for range 60 {
		s.forward(time.Hour) // so that a time between two changes is easily named
		who := people[rand.IntN(len(people))]
		change := []tenancy.Change{
			add(acme, who, levels[rand.IntN(3)]), level(acme, who, levels[rand.IntN(3)]), remove(acme, who), remove(acme, who),
		}[rand.IntN(4)]
		_, err := s.Apply(t.Context(), platform, change, tenancy.ApplyOptions{})
		s.codes(err) // some are refused
		remember()
	}
	s.forward(time.Hour)
	for revision, want := range past {
		if diff := cmp.Diff(want, s.then(tenancy.Moment{Revision: revision}, 1+rand.IntN(4))); diff != "" {
			t.Errorf("as of revision %d (-was +listed):\n%s", revision, diff)
		}
		at := times[revision].Add(30 * time.Minute)
		if diff := cmp.Diff(want, s.then(tenancy.Moment{At: at}, 100)); diff != "" && s.lastAt(at) == revision {
			t.Errorf("as of %s, revision %d (-was +listed):\n%s", at, revision, diff)
		}
	}
	if got := s.then(tenancy.Moment{At: began}, 100); len(got) != 0 {
		t.Errorf("before the tenant was made it had %v", got)
	}
}

// lastAt is the last revision of acme's changes made by a time.
func (s *scene) lastAt(at time.Time) (last tenancy.Revision) {
	s.view(func(r gate.Reader) error {
		commits, err := r.ChangesOf(acme, 0, 1000)
		for _, c := range commits {
			if !c.At.After(at) {
				last = c.Revision
			}
		}
		return err
	})
	return last
}

func TestMomentsThatCannotBeListed(t *testing.T) {
	s := open(t, shipped(t))
	ask := func(actor tenancy.Actor, then tenancy.Moment) error {
		_, err := s.Read(t.Context(), actor, tenancy.ListMembers{Tenant: tenancy.RefTo(acme), Limit: 10, AsOf: then}, tenancy.ApplyOptions{})
		return err
	}
	if err := ask(platform, tenancy.Moment{Revision: s.revision() + 1}); codeOf(err) != tenancy.CodeConflict {
		t.Errorf("a revision to come: %v; want %s", err, tenancy.CodeConflict)
	}
	if err := ask(platform, tenancy.Moment{At: began.AddDate(1, 0, 0)}); codeOf(err) != tenancy.CodeConflict {
		t.Errorf("a time to come: %v; want %s", err, tenancy.CodeConflict)
	}
	s.want("a stranger looks back", s.codes(ask(as(sam), tenancy.Moment{Revision: 1})), "not_a_member", "not_permitted")
	before := s.revision()
	s.want("vic is removed", s.try(as(olga), remove(acme, vic)))
	s.want("and her account deleted", s.try(platform, tenancy.DeleteUser{User: vic}))
	if got := s.then(tenancy.Moment{Revision: before}, 2); got[vic] != tenancy.LevelViewer {
		t.Errorf("a member whose account is gone is missing from the past: %v", got)
	}
	s.want("mary leaves", s.try(as(mary), remove(acme, mary)))
	s.want("who is gone looks back no more", s.codes(ask(as(mary), tenancy.Moment{Revision: before})), "not_a_member", "not_permitted")
}
