package gate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestOnlyThePlatformHandsOutEvaluate: whoever could give themself a key that
// may ask would learn everything about everybody.
func TestOnlyThePlatformHandsOutEvaluate(t *testing.T) {
	s := open(t, shipped(t))
	key := func(n uint64) tenancy.CreateKey {
		return tenancy.CreateKey{ID: keyID(n), User: mary, Scopes: []tenancy.Action{tenancy.ActionEvaluate}, Digest: tenancy.Digest{byte(n)}}
	}
	s.want("mary for herself", s.try(as(mary), key(1)), tenancy.CodeActionsExceeded)
	delegated := tenancy.Actor{User: mary, Via: tenancy.ViaPlatformKey, Delegated: true}
	s.want("the platform, acting for mary", s.try(delegated, key(2)), tenancy.CodeActionsExceeded)
	holder := tenancy.Actor{User: mary, Via: tenancy.ViaToken, Scopes: []tenancy.Action{tenancy.ActionEvaluate, tenancy.ActionKeyCreate}}
	s.want("a holder of the scope", s.try(holder, key(3)), tenancy.CodeActionsExceeded)
	s.want("the platform", s.try(platform, key(4)))
}

// TestTheRegistryIsThePlatforms: even beneath rules that allow everything.
func TestTheRegistryIsThePlatforms(t *testing.T) {
	s := open(t, allowAll)
	ref := tenancy.EntityRef{Type: "record", ID: "1"}
	s.want("put by the owner of a tenant", s.try(as(olga), tenancy.PutEntity{EntityRef: ref}), tenancy.CodeNotPermitted)
	s.want("put by the platform", s.try(platform, tenancy.PutEntity{EntityRef: ref}))
	s.want("deleted by the owner of a tenant", s.try(as(olga), tenancy.DeleteEntity{EntityRef: ref}), tenancy.CodeNotPermitted)
	s.want("deleted by the platform", s.try(platform, tenancy.DeleteEntity{EntityRef: ref}))
	s.want("deleted again", s.try(platform, tenancy.DeleteEntity{EntityRef: ref}), tenancy.CodeEntityUnknown)
}

// everyone asks who may read a record.
func everyone(limit int) tenancy.Search {
	return tenancy.Search{
		Evaluation: tenancy.Evaluation{
			Subject: tenancy.Party{EntityRef: tenancy.EntityRef{Type: "robot"}}, Action: "read",
			Resource: tenancy.Party{EntityRef: tenancy.EntityRef{Type: "record", ID: "1"}},
		},
		For: tenancy.SearchSubject, Limit: limit,
	}
}

// robots puts so many robots, and a record, into the registry.
func robots(t *testing.T, s *scene, n int) []string {
	t.Helper()
	seed := tenancy.Seed{Entities: []tenancy.Entity{{EntityRef: tenancy.EntityRef{Type: "record", ID: "1"}}}}
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("r%05d", i))
		seed.Entities = append(seed.Entities, tenancy.Entity{EntityRef: tenancy.EntityRef{Type: "robot", ID: ids[i]}})
	}
	if _, err := s.Install(t.Context(), seed); err != nil {
		t.Fatal(err)
	}
	return ids
}

// pages follows a search to its end.
func pages(t *testing.T, s *scene, search tenancy.Search) (found []string, sizes []int) {
	t.Helper()
	for len(sizes) < 100 {
		page, err := s.Search(t.Context(), platform, search)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range page.Entities {
			found = append(found, ref.ID)
		}
		sizes = append(sizes, len(page.Entities))
		if search.After = page.Next; page.Next == "" {
			return found, sizes
		}
	}
	t.Fatal("the search does not end")
	return nil, nil
}

// TestASearchGoesOnWhereItEnded: every result once, in order, and the last page
// says that it is the last.
func TestASearchGoesOnWhereItEnded(t *testing.T) {
	s := open(t, ruled{ruling: gate.Ruling{Allow: true, Granted: true}})
	want := robots(t, s, 7)
	for limit, sizes := range map[int][]int{1: {1, 1, 1, 1, 1, 1, 1}, 3: {3, 3, 1}, 7: {7}, 8: {7}} {
		found, got := pages(t, s, everyone(limit))
		if !slices.Equal(found, want) || !slices.Equal(got, sizes) {
			t.Errorf("pages of %d: %v in %v, want %v in %v", limit, found, got, want, sizes)
		}
	}
}

// TestASearchLooksAtSoMuchAtOnce: a page without results says where the next
// one begins.
func TestASearchLooksAtSoMuchAtOnce(t *testing.T) {
	s := open(t, ruled{})
	robots(t, s, 5001)
	if found, sizes := pages(t, s, everyone(10)); len(found) != 0 || len(sizes) != 2 {
		t.Errorf("found %v in pages %v, want nothing in 2", found, sizes)
	}
}

// TestASearchKeepsWithinTheTenantOfItsCredential: a tenant that is found is a
// tenant that was asked about, and the registry is of none.
func TestASearchKeepsWithinTheTenantOfItsCredential(t *testing.T) {
	s := open(t, shipped(t))
	robots(t, s, 1)
	search := func(kind string, action tenancy.Action) tenancy.Search {
		return tenancy.Search{
			Evaluation: tenancy.Evaluation{
				Subject:  tenancy.Party{EntityRef: tenancy.EntityRef{Type: tenancy.TypeUser, ID: adam.String()}},
				Resource: tenancy.Party{EntityRef: tenancy.EntityRef{Type: kind}},
				Action:   action, Context: map[string]any{"tenant": acme.String()},
			},
			For: tenancy.SearchResource, Limit: 10,
		}
	}
	bound := tenancy.Actor{User: mary, Tenant: acme, Via: tenancy.ViaAPIKey, Scopes: []tenancy.Action{tenancy.ActionEvaluate}}
	unbound := bound
	unbound.Tenant = tenancy.TenantID{}
	tenants, robot := search(tenancy.TypeTenant, tenancy.ActionTenantRead), search("robot", tenancy.ActionResourceRead)
	both := []string{acme.String(), globex.String()}
	for name, row := range map[string]struct {
		actor  tenancy.Actor
		search tenancy.Search
		want   []string
	}{
		"bound": {bound, tenants, both[:1]}, "bound to none": {unbound, tenants, both}, "the platform": {platform, tenants, both},
		"entities, bound": {bound, robot, nil}, "entities, bound to none": {unbound, robot, []string{"r00000"}},
	} {
		found, err := s.Search(t.Context(), row.actor, row.search)
		var got []string
		for _, ref := range found.Entities {
			got = append(got, ref.ID)
		}
		if err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s: found %v, %v; want %v", name, got, err, row.want)
		}
	}
}

// ownersOnly allows what a subject does with what it owns.
type ownersOnly struct{ ruled }

func (ownersOnly) Allow(_ context.Context, in *gate.Input) (gate.Ruling, error) {
	return gate.Ruling{Allow: in.Resource.Mine, Granted: in.Resource.Mine}, nil
}

// TestAnOwnerIsAnOwnerInAnySpelling: an account's id is the same in upper case.
func TestAnOwnerIsAnOwnerInAnySpelling(t *testing.T) {
	s := open(t, ownersOnly{ruled{ruling: gate.Ruling{Allow: true, Granted: true}}})
	record := tenancy.EntityRef{Type: "record", ID: "1"}
	for _, owner := range []string{mary.String(), strings.ToUpper(mary.String())} {
		s.want("put", s.try(platform, tenancy.PutEntity{EntityRef: record, Owner: owner}))
		for _, id := range []string{mary.String(), strings.ToUpper(mary.String())} {
			e := tenancy.Evaluation{Subject: tenancy.Party{EntityRef: tenancy.EntityRef{Type: tenancy.TypeUser, ID: id}}, Action: "read", Resource: tenancy.Party{EntityRef: record}}
			got, err := s.Evaluate(t.Context(), platform, []tenancy.Evaluation{e})
			if err != nil || !got[0].Allow {
				t.Errorf("owned by %s, asked about %s: %v, %v", owner, id, got, err)
			}
		}
	}
}
