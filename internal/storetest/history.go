package storetest

import (
	"bytes"
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// decisionID gives a decision's id as records hold it.
func decisionID(n int) tenancy.DecisionID { return tenancy.DecisionID(number(n)) }

// decided is the record of a decision with its input.
func decided(n int, tenant tenancy.TenantID) audit.Record {
	return audit.Record{
		ID: fmt.Sprint(n), Time: epoch(), Actor: "platform", Action: string(tenancy.ActionMemberAdd), Tenant: tenant.String(),
		DecisionID: decisionID(n).String(), Verdict: audit.Allowed, Input: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

// history reads the change log after a revision.
func history(ctx context.Context, s gate.Store, after tenancy.Revision) (commits []tenancy.Commit, err error) {
	for c, err := range s.Changes(ctx, after) {
		if err != nil {
			return nil, fmt.Errorf("changes after %d: %w", after, err)
		}
		commits = append(commits, c)
	}
	return commits, nil
}

// follows says what is wrong with the commits after a revision, up to last.
func follows(commits []tenancy.Commit, after, last tenancy.Revision) error {
	for _, c := range commits {
		if after++; c.Revision != after {
			return fmt.Errorf("change %d stands where %d belongs", c.Revision, after)
		}
	}
	if after != last {
		return fmt.Errorf("the changes end at %d, want %d", after, last)
	}
	return nil
}

// committedOnce has writers at once, some of whom are refused, and reads all
// changes and those after each revision.
func committedOnce(ctx context.Context, s gate.Store) error {
	const writers = 24
	made := make([]tenancy.Revision, writers)
	errs := atOnce(writers, func(i int) error {
		var err error
		made[i], err = s.Update(ctx, func(tx gate.Tx) error {
			if err := errors.Join(tx.PutMembership(member(1, i+1, tenancy.LevelMember)), tx.Record(decided(i+1, tenantID(1)))); err != nil {
				return err
			}
			if i%3 == 2 {
				return errRefused
			}
			return nil
		})
		return err
	})
	n, wrong := succeeded(errs)
	commits, err := history(ctx, s, 0)
	if err := errors.Join(wrong, err, follows(commits, 0, tenancy.Revision(n))); err != nil {
		return err
	}
	for i, revision := range made {
		if errs[i] != nil {
			continue
		}
		want, m := commits[revision-1], member(1, i+1, tenancy.LevelMember)
		got := tenancy.Commit{
			Revision: revision, At: epoch(), Action: tenancy.ActionMemberAdd, DecisionID: decisionID(i + 1),
			Effects: []tenancy.Effect{{Kind: tenancy.EffectMembership, Tenant: m.Tenant, User: m.User, After: &m}},
		}
		if err := same(fmt.Sprintf("change %d", revision), want, true, nil, got); err != nil {
			return err
		}
	}
	for after := range tenancy.Revision(n) {
		rest, err := history(ctx, s, after)
		if err := errors.Join(err, follows(rest, after, tenancy.Revision(n))); err != nil {
			return err
		}
	}
	return nil
}

// refusedIsUntold makes changes of which only the first is committed.
func refusedIsUntold(ctx context.Context, s gate.Store) error {
	if err := put(ctx, s, member(1, 1, tenancy.LevelMember)); err != nil {
		return err
	}
	_, refused := s.Update(ctx, func(tx gate.Tx) error { return errors.Join(tx.PutUser(user(5)), errRefused) })
	_, empty := s.Update(ctx, func(tx gate.Tx) error { return tx.Record(record("alone")) })
	commits, err := history(ctx, s, 0)
	switch {
	case !errors.Is(refused, errRefused) || empty != nil || err != nil:
		return errors.Join(refused, empty, err)
	case len(commits) != 1:
		return fmt.Errorf("%d changes are told of after one change, a refusal and a record", len(commits))
	}
	of, err := changesOf(ctx, s, 1)
	if err == nil && len(of) != 1 {
		err = fmt.Errorf("%d changes are told of the tenant, want 1", len(of))
	}
	return err
}

func changesOf(ctx context.Context, s gate.Store, t int) (commits []tenancy.Commit, err error) {
	err = s.View(ctx, func(r gate.Reader) error {
		var err error
		commits, err = r.ChangesOf(tenantID(t), 0, 1000)
		return err
	})
	return commits, err
}

// netEffects writes records several times in one change.
func netEffects(ctx context.Context, s gate.Store) error {
	before := member(1, 1, tenancy.LevelViewer)
	if err := put(ctx, s, before, member(1, 2, tenancy.LevelViewer), member(1, 3, tenancy.LevelViewer)); err != nil {
		return err
	}
	after := member(1, 1, tenancy.LevelAdmin)
	at, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(
			tx.PutMembership(member(1, 1, tenancy.LevelMember)), tx.DeleteMembership(tenantID(1), userID(1)), tx.PutMembership(after),
			tx.PutMembership(member(1, 2, tenancy.LevelAdmin)), tx.PutMembership(member(1, 2, tenancy.LevelViewer)), // as it was
			tx.PutMembership(member(2, 9, tenancy.LevelAdmin)), tx.DeleteMembership(tenantID(2), userID(9)), // never there
			tx.DeleteMembership(tenantID(1), userID(3)), tx.PutUser(user(7)), tx.PutTenant(tenant(4)), tx.PutKey(key(8, userID(7))),
		)
	})
	if err != nil {
		return err
	}
	gone := member(1, 3, tenancy.LevelViewer)
	want := []tenancy.Effect{
		{Kind: tenancy.EffectUser, User: userID(7)},
		{Kind: tenancy.EffectTenant, Tenant: tenantID(4)},
		{Kind: tenancy.EffectMembership, Tenant: tenantID(1), User: userID(1), Before: &before, After: &after},
		{Kind: tenancy.EffectMembership, Tenant: tenantID(1), User: userID(3), Before: &gone, Deleted: true},
		{Kind: tenancy.EffectKey, Key: keyID(8), User: userID(7), Tenant: tenantID(3)},
	}
	commits, err := history(ctx, s, at-1)
	if err != nil || len(commits) != 1 {
		return fmt.Errorf("%d changes after the one before, %w; want 1", len(commits), err)
	}
	return same("what the change did", byKind(commits[0].Effects), true, nil, want)
}

// byKind sorts effects by their kind, tenant and user.
func byKind(effects []tenancy.Effect) []tenancy.Effect {
	return slices.SortedFunc(slices.Values(effects), func(a, b tenancy.Effect) int {
		return stdcmp.Or(
			stdcmp.Compare(a.Kind, b.Kind), bytes.Compare(a.Tenant[:], b.Tenant[:]), bytes.Compare(a.User[:], b.User[:]),
			bytes.Compare(a.ID[:], b.ID[:]),
		)
	})
}

// largeChange makes one change of many effects, and reads it whole.
func largeChange(ctx context.Context, s gate.Store) error {
	const members = 2500
	_, err := update(ctx, s, func(tx gate.Tx) error {
		for u := 1; u <= members; u++ {
			if err := tx.PutMembership(member(1, u, tenancy.LevelMember)); err != nil {
				return err
			}
		}
		return tx.Record(decided(1, tenantID(1)))
	})
	if err != nil {
		return err
	}
	if err := put(ctx, s, member(1, members+1, tenancy.LevelMember)); err != nil {
		return err
	}
	commits, err := history(ctx, s, 0)
	if err := errors.Join(err, follows(commits, 0, 2)); err != nil {
		return err
	}
	seen := make(map[tenancy.UserID]bool)
	for _, f := range commits[0].Effects {
		seen[f.User] = true
	}
	if len(seen) != members || len(commits[0].Effects) != members {
		return fmt.Errorf("the change of %d effects has %d, on %d members", members, len(commits[0].Effects), len(seen))
	}
	return nil
}

// stalledHistory writes while an iteration over the changes stands still.
func stalledHistory(ctx context.Context, s gate.Store) error {
	for u := 1; u <= 5; u++ {
		if err := put(ctx, s, member(1, u, tenancy.LevelMember)); err != nil {
			return err
		}
	}
	seen := 0
	for c, err := range s.Changes(ctx, 0) {
		if err != nil {
			return err
		}
		if seen++; c.Revision != tenancy.Revision(seen) || seen > 5 {
			return fmt.Errorf("change %d stands where %d belongs, of 5 before the iteration began", c.Revision, seen)
		}
		if err := writesWhileStalled(ctx, s, seen); err != nil {
			return err
		}
	}
	if seen != 5 {
		return fmt.Errorf("%d changes are told of, want the 5 before the iteration began", seen)
	}
	return nil
}

// tenantsOwn reads what is told of one tenant, among others.
func tenantsOwn(ctx context.Context, s gate.Store) error {
	for n := 1; n <= 12; n++ {
		_, err := update(ctx, s, func(tx gate.Tx) error {
			return errors.Join(tx.PutMembership(member(1+n%3, n, tenancy.LevelMember)), tx.Record(decided(n, tenantID(1+n%3))))
		})
		if err != nil {
			return err
		}
	}
	return s.View(ctx, func(r gate.Reader) error {
		commits, err := r.ChangesOf(tenantID(2), 4, 2)
		if err != nil {
			return err
		}
		var revisions []tenancy.Revision
		for _, c := range commits {
			revisions = append(revisions, c.Revision)
		}
		records, err := r.AuditOf(tenantID(2), 4, 2)
		if err != nil {
			return err
		}
		var numbers []uint64
		for _, canonical := range records {
			a, _, failed := audit.Decode(canonical)
			numbers, err = append(numbers, a.Seq), errors.Join(err, failed)
		}
		return errors.Join(err,
			same("two changes of a tenant after 4", revisions, true, nil, []tenancy.Revision{7, 10}),
			same("two records of a tenant after 4", numbers, true, nil, []uint64{7, 10}))
	})
}

// foundDecisions finds a change's decision and a refusal's, and no other.
func foundDecisions(ctx context.Context, s gate.Store) error {
	refusal := decided(2, tenantID(1))
	refusal.Verdict = audit.Refused
	if err := s.Append(ctx, refusal); err != nil {
		return err
	}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(tx.PutMembership(member(1, 1, tenancy.LevelMember)), tx.Record(decided(1, tenantID(1))))
	})
	if err != nil {
		return err
	}
	_, failed := s.Update(ctx, func(tx gate.Tx) error { return errors.Join(tx.Record(decided(3, tenantID(1))), errRefused) })
	if !errors.Is(failed, errRefused) {
		return failed
	}
	return s.View(ctx, func(r gate.Reader) error {
		_, _, found, err := r.Decision(decisionID(3))
		if found || err != nil {
			return fmt.Errorf("the decision of a change that failed is there: %v, %w", found, err)
		}
		return errors.Join(holdsDecision(r, decided(1, tenantID(1))), holdsDecision(r, refusal))
	})
}

func holdsDecision(r gate.Reader, want audit.Record) error {
	id, _ := tenancy.ParseKeyID(want.DecisionID)
	canonical, input, found, err := r.Decision(tenancy.DecisionID(id))
	if err != nil || !found {
		return fmt.Errorf("the decision %s is there: %v, %w", want.DecisionID, found, err)
	}
	got, _, err := audit.Decode(canonical)
	if err != nil || got.DecisionID != want.DecisionID || got.Verdict != want.Verdict || string(input) != string(want.Input) {
		return fmt.Errorf("the decision %s reads %s with %s, %w", want.DecisionID, canonical, input, err)
	}
	return nil
}

// deletions refuses what holds something, and deletes the rest with its index.
func deletions(ctx context.Context, s gate.Store) error {
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(
			tx.PutUser(user(1)), tx.PutUser(user(2)), tx.PutUser(user(3)), tx.PutTenant(tenant(1)), tx.PutTenant(tenant(2)),
			tx.PutMembership(member(1, 1, tenancy.LevelAdmin)), tx.PutKey(key(1, userID(2))),
		)
	})
	if err != nil {
		return err
	}
	err = unchanged(ctx, s, 9, func() error {
		return errors.Join(
			fails(ctx, s, "a user with a membership", func(tx gate.Tx) error { return tx.DeleteUser(userID(1)) }),
			fails(ctx, s, "a user with a key", func(tx gate.Tx) error { return tx.DeleteUser(userID(2)) }),
			fails(ctx, s, "a tenant with a member", func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(1)) }),
			fails(ctx, s, "no such user", func(tx gate.Tx) error { return tx.DeleteUser(userID(9)) }),
			fails(ctx, s, "no such tenant", func(tx gate.Tx) error { return tx.DeleteTenant(tenantID(9)) }),
		)
	})
	if err != nil {
		return err
	}
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(
			tx.DeleteMembership(tenantID(1), userID(1)), tx.DeleteUser(userID(1)), tx.DeleteUser(userID(3)), tx.DeleteTenant(tenantID(1)), tx.DeleteTenant(tenantID(2)),
		)
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		_, u, uErr := r.User(userID(3))
		_, e, eErr := r.UserByEmail("u3@example.org")
		_, v, vErr := r.Tenant(tenantID(2))
		_, g, gErr := r.TenantBySlug("tenant-2")
		if u || e || v || g {
			return fmt.Errorf("after deleting: user %v, address %v, tenant %v, slug %v", u, e, v, g)
		}
		return errors.Join(uErr, eErr, vErr, gErr)
	})
}

// signingKeys puts, lists and deletes keys that sign tokens.
func signingKeys(ctx context.Context, s gate.Store) error {
	signing := func(n int) tenancy.SigningKey {
		return tenancy.SigningKey{ID: keyID(n), Seed: [32]byte{byte(n)}, CreatedAt: epoch()}
	}
	lists := func(want ...tenancy.SigningKey) func(gate.Reader) error {
		return func(r gate.Reader) error {
			got, err := r.SigningKeys()
			if err == nil && !cmp.Equal(got, want) {
				err = fmt.Errorf("the signing keys are %v, want %v", got, want)
			}
			return err
		}
	}
	first, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(tx.PutSigningKey(signing(2)), tx.PutSigningKey(signing(1)), lists(signing(1), signing(2))(tx))
	})
	if err != nil {
		return err
	}
	second, err := update(ctx, s, func(tx gate.Tx) error { return tx.DeleteSigningKey(keyID(1)) })
	if err == nil && (first != 1 || second != 2) {
		err = fmt.Errorf("the revisions are %d and %d, want 1 and 2: it is a change", first, second)
	}
	return errors.Join(err, s.View(ctx, lists(signing(2))),
		fails(ctx, s, "no such signing key", func(tx gate.Tx) error { return tx.DeleteSigningKey(keyID(1)) }))
}
