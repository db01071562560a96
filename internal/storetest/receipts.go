package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// receipt is that of an attempt.
func receipt(n int) tenancy.Receipt {
	return tenancy.Receipt{
		ID: tenancy.Digest{9, byte(n >> 8), byte(n)}, Request: tenancy.Digest{8, byte(n)}, At: epoch().Add(time.Duration(n) * time.Second),
		Outcome: tenancy.Outcome{DecisionID: decisionID(n), PolicyRevision: "p1", Reasons: []tenancy.Finding{{Code: "x", Message: "y"}}},
	}
}

func readReceipt(ctx context.Context, s gate.Store, id tenancy.Digest) (r tenancy.Receipt, found bool, err error) {
	err = s.View(ctx, func(snapshot gate.Reader) error {
		var err error
		r, found, err = snapshot.Receipt(id)
		return err
	})
	return r, found, err
}

// receiptsWithChanges makes attempts at once, of which some are refused: each
// receipt is there when its change is, with its revision.
func receiptsWithChanges(ctx context.Context, s gate.Store) error {
	const writers = 24
	made := make([]tenancy.Revision, writers)
	errs := atOnce(writers, func(i int) error {
		var err error
		made[i], err = s.Update(ctx, func(tx gate.Tx) error {
			if err := errors.Join(tx.PutReceipt(receipt(i+1)), tx.PutUser(user(i+1))); err != nil {
				return err
			}
			if i%3 == 2 {
				return errRefused
			}
			return nil
		})
		return err
	})
	_, wrong := succeeded(errs)
	for i := range errs {
		want := receipt(i + 1)
		want.Outcome.Revision = made[i]
		got, found, err := readReceipt(ctx, s, want.ID)
		switch {
		case err != nil:
			return err
		case found != (errs[i] == nil):
			return fmt.Errorf("change %d = %v, and its receipt is there: %v", i, errs[i], found)
		case found:
			wrong = errors.Join(wrong, same(fmt.Sprintf("receipt %d", i), got, true, nil, want))
		}
	}
	return wrong
}

// results keeps every kind of result that a change can have.
func results(ctx context.Context, s gate.Store) error {
	u, k := user(1), key(1, userID(1))
	u.TokenEpoch = 3
	bare, blank := u, k
	bare.PasswordHash, bare.TokenEpoch, blank.Digest = "", 0, tenancy.Digest{}
	i := invitation(1, 1)
	i.Code = tenancy.Digest{}
	m := tenancy.Member{
		Membership: working(member(1, 2, tenancy.LevelAdmin), []tenancy.RoleID{number(11)}, nil), Email: "a@b", GivenName: "A", Surname: "B",
		Kind: tenancy.KindHuman, LastLoginAt: epoch(), Inviter: "c@d", Held: []tenancy.Role{role(11, 1)}, InOrganization: place(1, 2),
	}
	seen := tenancy.OrganizationMemberView{OrganizationMember: place(1, 1), Email: "a@b", GivenName: "A", Surname: "B"}
	for i, row := range []struct{ put, want any }{
		{nil, nil},
		{tenancy.UserView{User: u, LastLoginAt: epoch()}, tenancy.UserView{User: bare, LastLoginAt: epoch()}},
		{tenancy.KeyView{Key: k}, tenancy.KeyView{Key: blank}},
		{tenant(1), tenant(1)},
		{m, m},
		{tenancy.AddedMember{Member: m, There: true}, tenancy.AddedMember{Member: m, There: true}},
		{tenancy.Left(3), tenancy.Left(3)},
		{role(1, 1), role(1, 1)},
		{project(1, 1), project(1, 1)},
		{dataset(1, 1), dataset(1, 1)},
		{tenancy.InvitationView{Invitation: invitation(1, 1), Inviter: "a@b"}, tenancy.InvitationView{Invitation: i, Inviter: "a@b"}},
		{organization(1), organization(1)},
		{seen, seen},
		{entity("record", "1"), entity("record", "1")},
		{tenancy.Usage{Processes: 1, ReportedAt: epoch()}, tenancy.Usage{Processes: 1, ReportedAt: epoch()}},
		{
			[]tenancy.Outcome{{DecisionID: decisionID(7), PolicyRevision: "p1", Result: m}, {Reasons: []tenancy.Finding{{Code: "x", Message: "y"}}}},
			[]tenancy.Outcome{{DecisionID: decisionID(7), Revision: 16, PolicyRevision: "p1", Result: m}, {Revision: 16, Reasons: []tenancy.Finding{{Code: "x", Message: "y"}}}},
		},
	} {
		r := receipt(i + 1)
		r.Outcome.Result = row.put
		made, err := update(ctx, s, func(tx gate.Tx) error { return errors.Join(tx.PutUser(user(i+1)), tx.PutReceipt(r)) })
		if err != nil {
			return err
		}
		r.Outcome.Result, r.Outcome.Revision = row.want, made
		got, found, err := readReceipt(ctx, s, r.ID)
		if err := same(fmt.Sprintf("the receipt with %T", row.put), got, found, err, r); err != nil {
			return err
		}
	}
	for what, result := range map[string]any{
		"a result of an unknown kind": 7, "a batch within a batch": []tenancy.Outcome{{Result: []tenancy.Outcome{{}}}},
	} {
		err := fails(ctx, s, what, func(tx gate.Tx) error {
			r := receipt(99)
			r.Outcome.Result = result
			return errors.Join(tx.PutUser(user(99)), tx.PutReceipt(r))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// oldReceipts makes attempts over many days, and then expects that the oldest
// are gone and the youngest are there.
func oldReceipts(ctx context.Context, s gate.Store) error {
	const attempts, perDay = 60, 4
	late := func(n int) tenancy.Receipt {
		r := receipt(n)
		r.At = epoch().Add(time.Duration(n) * 24 * time.Hour / perDay)
		return r
	}
	for _, n := range rand.New(rand.NewPCG(1, 2)).Perm(attempts / 2) { // in any order: clocks go back
		if _, err := update(ctx, s, func(tx gate.Tx) error { return tx.PutReceipt(late(n + 1)) }); err != nil {
			return err
		}
	}
	for n := attempts/2 + 1; n <= attempts; n++ {
		if _, err := update(ctx, s, func(tx gate.Tx) error { return tx.PutReceipt(late(n)) }); err != nil {
			return err
		}
	}
	for n := 1; n <= attempts; n++ {
		_, found, err := readReceipt(ctx, s, late(n).ID)
		if young := n >= attempts-perDay; err != nil || found != young {
			return fmt.Errorf("receipt %d of %d, %d a day, is there: %v, %w; want %v", n, attempts, perDay, found, err, young)
		}
	}
	return nil
}
