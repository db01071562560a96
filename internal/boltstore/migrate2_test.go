package boltstore_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// then is when everything in the files of older formats happened.
func then() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// member2 is a membership of the file of format 2.
func member2(n uint64, level tenancy.Level) tenancy.Membership {
	return tenancy.Membership{
		Tenant: number(n % 3), User: number(n), Level: level, Developer: n == 1, Enabled: true, InvitedBy: number(9), CreatedAt: then(), UpdatedAt: then(),
	}
}

func TestAFileOfFormat2IsBroughtToFormat3(t *testing.T) {
	path := unpacked(t, format2)
	before, err := boltstore.CheckFile(t.Context(), path, nil)
	if err != nil || len(before.Faults) > 0 || before.Format != 2 || before.Revision != 8 || before.Audit != 9 {
		t.Fatalf("before: CheckFile = %+v, %v", before, err)
	}
	var log strings.Builder
	opts := boltstore.Options{Clock: time.Now, InitialMapSize: 1 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	s, err := boltstore.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "from=2 to=3") {
		t.Errorf("the log does not tell of it: %s", log.String())
	}
	if report := whole(t, s); report.Format != 3 || report.Revision != 8 || report.Audit != 9 || report.Head != before.Head {
		t.Errorf("after: Verify = %+v; want format 3 at revision 8 with the same chain", report)
	}
	if err := s.View(t.Context(), holdsFormat2); err != nil {
		t.Error(err)
	}
	goesOn(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole(t, openAt(t, path, boltstore.Options{}))
}

// holdsFormat2 finds the records of the file of format 2 with neutral values
// for what was not said then, the whole change log, and the receipts.
func holdsFormat2(r gate.Reader) error {
	var wrong []error
	same := func(what string, got, want any, err error) {
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			wrong = append(wrong, errors.Join(errors.New(what+": "+diff), err))
		}
	}
	m, _, err := r.Membership(number(0), number(3))
	same("a membership", m, member2(3, tenancy.LevelAdmin), err)
	tenant, _, err := r.Tenant(number(4))
	same("a tenant", tenant, tenant2(4), err)
	c, err := r.Counters(number(1))
	same("the counters", c, tenancy.Counters{Members: 2}, err)
	begin, err := r.ChangesBegin()
	same("where the change log begins", begin, tenancy.Revision(0), err)
	commits, err := r.ChangesOf(number(1), 6, 10)
	admin, viewer := member2(1, tenancy.LevelAdmin), member2(1, tenancy.LevelViewer)
	same("the change to a viewer", commits, []tenancy.Commit{{
		Revision: 7, At: then(), Action: tenancy.ActionMemberAdd, DecisionID: decision2(7),
		Effects: []tenancy.Effect{{Kind: tenancy.EffectMembership, Tenant: number(1), User: number(1), Before: &admin, After: &viewer}},
	}}, err)
	for i, want := range []any{
		nil,
		tenancy.UserView{User: user2(2)},
		tenancy.KeyView{Key: tenancy.Key{ID: number(3), User: number(3), Label: "k", CreatedAt: then()}},
		tenant2(1),
		tenancy.Member{Membership: member2(5, tenancy.LevelAdmin), Email: "u5@example.org"},
		tenancy.Left(2),
	} {
		kept, _, err := r.Receipt(tenancy.Digest{byte(i + 1)})
		same(fmt.Sprintf("receipt %d", i+1), kept.Outcome, tenancy.Outcome{
			DecisionID: decision2(i + 1), Revision: tenancy.Revision(i + 1), PolicyRevision: "p", Result: want,
		}, err)
	}
	return errors.Join(wrong...)
}

func decision2(n int) tenancy.DecisionID {
	id, _ := tenancy.ParseDecisionID(fmt.Sprintf("00000000-0000-7000-8000-%012d", n))
	return id
}

func tenant2(n uint64) tenancy.Tenant {
	return tenancy.Tenant{
		ID: number(n), Slug: fmt.Sprintf("t%d", n), Name: "Tenant", Owner: number(n), Plan: "free", MemberLimit: 9, CreatedAt: then(), UpdatedAt: then(),
	}
}

// user2 is an account as its receipt shows it.
func user2(n uint64) tenancy.User {
	return tenancy.User{
		ID: number(n), Email: fmt.Sprintf("u%d@example.org", n), GivenName: "Únä", Kind: tenancy.KindHuman, SignedUp: true, Enabled: true, CreatedAt: then(),
	}
}

// goesOn changes records of the older format, so that the change log follows
// them from one version to the next.
func goesOn(t *testing.T, s *boltstore.Store) {
	t.Helper()
	role := tenancy.Role{ID: number(77), Tenant: number(1), Name: "auditor", CreatedAt: then()}
	m := member2(1, tenancy.LevelAdmin)
	m.LevelBefore, m.Roles, m.Epoch = tenancy.LevelViewer, []tenancy.RoleID{role.ID}, 1
	for _, fn := range []func(gate.Tx) error{
		func(tx gate.Tx) error { return errors.Join(tx.PutRole(role), tx.PutMembership(m)) },
		func(tx gate.Tx) error { return tx.DeleteMembership(number(1), number(4)) },
		func(tx gate.Tx) error { return tx.PutMembership(member2(5, tenancy.LevelAdmin)) },
		func(tx gate.Tx) error { return tx.PutMembership(member2(5, tenancy.LevelViewer)) },
	} {
		if _, err := s.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	whole(t, s)
	commits, err := changes(t, s, 8)
	viewer := member2(1, tenancy.LevelViewer)
	want := []tenancy.Effect{
		{Kind: tenancy.EffectMembership, Tenant: number(1), User: number(1), Before: &viewer, After: &m},
		{Kind: tenancy.EffectRole, ID: tenancy.RecordID(role.ID), Tenant: number(1)},
	}
	if err != nil || len(commits) != 4 || !cmp.Equal(commits[0].Effects, want) {
		t.Errorf("changes after 8: %v, %v; want 4, the first with %v", commits, err, want)
	}
}
