//go:build !race

package gate_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

var cases = flag.Int("cases", 0, "how many random cases Rego and Go are compared on; 0: 20,000, and a million with MEMBERWARD_FULL=1")

// casesPerWorld is how many requests each random world is asked.
const casesPerWorld = 200

// The rules are stated twice: in Rego, in policies/membership/forbid, and in
// Go, in the invariants of the gate. They agree on a change when, on the same
// facts,
//
//  1. of the codes that both state, they find the same, unless Go finds that
//     what is acted upon is not there: then nothing is left to say for Go, and
//     Go finds nothing that Rego does not;
//  2. Rego objects with not_permitted exactly where the actor is inactive or
//     the credential's scopes do not name the action, and Go finds it there;
//  3. whoever Go calls not permitted for another reason gets no grant, but for
//     the reasons that are no facts of the input (goAlone), and in a tenant
//     that is unknown, where nobody is permitted anything;
//  4. Rego never lacks a fact.
//
// A change to an account is one decision for itself and one in each tenant;
// what is found is compared as a whole. Whoever may delete or disable an
// account needs no right in its tenants (rightful).
var (
	statedTwice = []tenancy.Code{
		tenancy.CodeOwnerPermanent, tenancy.CodeLastAdministrator, tenancy.CodeMemberLimit, tenancy.CodeRankExceeded,
		tenancy.CodeOwnerByTransferOnly, tenancy.CodeActionsExceeded,
	}
	notThere = []tenancy.Code{
		tenancy.CodeTenantUnknown, tenancy.CodeUserUnknown, tenancy.CodeTargetNotMember, tenancy.CodeKeyUnknown, tenancy.CodeRoleUnknown,
		tenancy.CodeOrganizationUnknown, tenancy.CodeInvitationUnknown, tenancy.CodePrincipalUnknown, tenancy.CodeEntityUnknown,
	}
	rightful = []tenancy.Action{tenancy.ActionUserDelete, tenancy.ActionUserUpdate}
	goAlone  = map[tenancy.Action]map[tenancy.Code]string{
		tenancy.ActionUserDelete:         {tenancy.CodeActionsExceeded: unbound},
		tenancy.ActionUserRevoke:         {tenancy.CodeActionsExceeded: unbound},
		tenancy.ActionUserLeave:          {tenancy.CodeActionsExceeded: unbound},
		tenancy.ActionTenantSelect:       {tenancy.CodeActionsExceeded: unbound},
		tenancy.ActionDatasetGrant:       {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "that there is no such dataset is no fact of the input"},
		tenancy.ActionDatasetRevoke:      {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "that there is no such dataset is no fact of the input"},
		tenancy.ActionDatasetCreate:      {tenancy.CodeActionsExceeded: unbound},
		tenancy.ActionOrganizationAttach: {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "only the platform chooses ids, so that nobody learns which are in use"},
		tenancy.ActionMemberLeave:        {tenancy.CodeRankExceeded: "a credential that is bound elsewhere gives no level; Rego asks leavers for no rank"},
		tenancy.ActionTenantUpdate:       {tenancy.CodeMemberLimit: "the limit asked for is no fact of the input"},
		tenancy.ActionTenantCreate:       {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "only the platform chooses ids, so that nobody learns which are in use"},
		tenancy.ActionUserUpdate:         {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "whether the account is to be disabled is no fact of the input"},
		tenancy.ActionUserPassword:       {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "passwords are no facts of the input"},
		tenancy.ActionKeyCreate:          {tenancy.CodeActionsExceeded: unbound, tenancy.CodeNotPermitted: "the membership that the key is to be bound to is no fact of the input"},
	}
)

// unbound is why Go alone says what a credential that is bound to a tenant
// exceeds.
const unbound = "what the credential is bound to is no fact of the input"

// regoAlone are the objections that Go leaves to Rego (contracts/levels.md):
// whom cognee's user managers remove.
func regoAlone(in gate.Input, code tenancy.Code) bool {
	return code == tenancy.CodeRankExceeded && in.Action == tenancy.ActionMemberRemove && in.Dialect == tenancy.DialectCognee
}

// reachable is every code that a change can be refused with. The policy's own
// faults are not: the facts are whole, and the shipped rules do not fail.
var reachable = []tenancy.Code{
	tenancy.CodeTenantUnknown, tenancy.CodeNotAMember, tenancy.CodeKeyUnknown, tenancy.CodeNotPermitted, tenancy.CodeStale,
	tenancy.CodeUserUnknown, tenancy.CodeTargetNotMember, tenancy.CodeAlreadyMember, tenancy.CodeEmailTaken, tenancy.CodeSlugTaken,
	tenancy.CodeIDTaken, tenancy.CodeConflict, tenancy.CodeOwnerPermanent, tenancy.CodeLastAdministrator, tenancy.CodeMemberLimit,
	tenancy.CodeRankExceeded, tenancy.CodeActionsExceeded, tenancy.CodeOwnerByTransferOnly,
	tenancy.CodeOrganizationUnknown, tenancy.CodeInvitationUnknown, tenancy.CodeRoleUnknown, tenancy.CodeProjectUnknown,
	tenancy.CodePrincipalUnknown, tenancy.CodeEntityUnknown, tenancy.CodeNameTaken,
}

// compared is one case: what was asked, what Rego said of each decision in
// it, and what Go found.
type compared struct {
	name  string
	asked []asked
	found []tenancy.Code // Go's, beneath a policy that allows everything
	other tenancy.Code   // why nothing was decided: the credential or the request is not valid
}

// allowed reports whether both say yes.
func (c compared) allowed() bool {
	return c.other == "" && len(c.found) == 0 && !slices.ContainsFunc(c.asked, func(a asked) bool { return !a.ruling.Allow })
}

// codes gives every code that either found.
func (c compared) codes() map[tenancy.Code]bool {
	found := map[tenancy.Code]bool{}
	for _, code := range c.found {
		found[code] = true
	}
	for _, a := range c.asked {
		if !a.ruling.Granted {
			found[tenancy.CodeNotPermitted] = true
		}
		for _, v := range a.ruling.Violations {
			found[v.Code] = true
		}
	}
	return found
}

// disagreement says in what way Rego and Go do not agree on a case, or "".
func (c compared) disagreement() string {
	switch {
	case c.other != "":
		return ""
	case len(c.asked) == 0:
		return "the policies were not asked"
	}
	objected, granted, inactive := map[tenancy.Code]bool{}, true, false
	whole := c.asked[0].in.Action
	for i, a := range c.asked {
		if a.err != nil {
			return fmt.Sprintf("the policies fail: %v", a.err)
		}
		scoped := tenancy.Actor{Scopes: a.in.Actor.Scopes}.InScope(a.in.Action)
		barred := !a.in.Actor.Active || !scoped
		if barred != tenancy.Has(a.ruling.Violations, tenancy.CodeNotPermitted) {
			return fmt.Sprintf("active %t, in scope %t, but Rego says %v", a.in.Actor.Active, scoped, a.ruling.Violations)
		}
		if i == 0 || !slices.Contains(rightful, whole) {
			granted, inactive = granted && a.ruling.Granted, inactive || barred
		}
		for _, v := range a.ruling.Violations {
			objected[v.Code] = objected[v.Code] || !regoAlone(a.in, v.Code)
		}
	}
	return c.compare(objected, granted, inactive)
}

// compare holds the codes against each other.
func (c compared) compare(objected map[tenancy.Code]bool, granted, inactive bool) string {
	alone := goAlone[c.asked[0].in.Action]
	gone := slices.ContainsFunc(c.found, func(code tenancy.Code) bool { return slices.Contains(notThere, code) })
	for _, code := range statedTwice {
		inGo := slices.Contains(c.found, code)
		if inGo && !objected[code] && alone[code] == "" {
			return fmt.Sprintf("Go says %s, Rego does not", code)
		}
		if objected[code] && !inGo && !gone {
			return fmt.Sprintf("Rego says %s, Go does not", code)
		}
	}
	forbidden, unknown := slices.Contains(c.found, tenancy.CodeNotPermitted), slices.Contains(c.found, tenancy.CodeTenantUnknown)
	switch {
	case unknown:
	case inactive && !forbidden:
		return "the actor may not act at all, and Go does not say so"
	case forbidden && granted && !inactive && alone[tenancy.CodeNotPermitted] == "":
		return "Go says not_permitted, and a rule grants it"
	}
	for code, is := range objected {
		if is && code != tenancy.CodeNotPermitted && !slices.Contains(statedTwice, code) {
			return fmt.Sprintf("Rego says %s, which Go does not know", code)
		}
	}
	return ""
}

// TestRulesAndInvariantsAgree compares the shipped rules with the invariants
// on random requests in random worlds, through the real gate and store, and
// prints how the cases are spread.
func TestRulesAndInvariantsAgree(t *testing.T) {
	total := *cases
	switch {
	case total > 0:
	case os.Getenv("MEMBERWARD_FULL") != "":
		total = 1_000_000
	default:
		total = 20_000
	}
	engine := shipped(t)
	var mu sync.Mutex
	tally, allowed, count := map[tenancy.Code]int{}, 0, 0
	names := map[string]int{}
	inWorlds(t, (total+casesPerWorld-1)/casesPerWorld, func(number uint64) {
		found := compareIn(t, number, engine)
		mu.Lock()
		defer mu.Unlock()
		for _, c := range found {
			count++
			names[c.name]++
			if c.allowed() {
				allowed++
			}
			for code := range c.codes() {
				tally[code]++
			}
			if problem := c.disagreement(); problem != "" {
				t.Errorf("world %d: %s: %s\nfound by Go: %v\nasked: %+v", number, c.name, problem, c.found, c.asked)
			}
		}
	})
	t.Log(histogram(count, allowed, tally))
	for _, code := range reachable {
		if tally[code] == 0 {
			t.Errorf("no case was refused with %s", code)
		}
	}
	for code := range tally {
		if !slices.Contains(reachable, code) {
			t.Errorf("%s is not in the table of codes", code)
		}
	}
	for _, r := range requests {
		if names[r.name] == 0 {
			t.Errorf("%s: no case", r.name)
		}
	}
	if 10*allowed < count {
		t.Errorf("%d of %d cases were allowed, want a tenth", allowed, count)
	}
}

func histogram(count, allowed int, tally map[tenancy.Code]int) string {
	var text strings.Builder
	row := func(name string, n int) {
		share := float64(n) / float64(count)
		fmt.Fprintf(&text, "%9d  %5.1f %%  %-24s %s\n", n, 100*share, name, strings.Repeat("#", int(50*share+0.999)))
	}
	fmt.Fprintf(&text, "%d cases; a refused one has a row for each code\n", count)
	row("(allowed)", allowed)
	for _, code := range slices.SortedFunc(maps.Keys(tally), func(a, b tenancy.Code) int { return tally[b] - tally[a] }) {
		row(string(code), tally[code])
	}
	return text.String()
}

// inWorlds calls fn with the numbers of so many worlds, on all cores, until
// something fails.
func inWorlds(t *testing.T, worlds int, fn func(number uint64)) {
	numbers := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for number := range numbers {
				fn(number)
			}
		})
	}
	for number := range worlds {
		if t.Failed() {
			break
		}
		numbers <- uint64(number)
	}
	close(numbers)
	workers.Wait()
}

// compareIn asks one world. Nothing is committed, so every request meets the
// same state.
func compareIn(t *testing.T, number uint64, engine gate.Decider) []compared {
	watch := &witness{judge: engine, answer: &allowAll.ruling}
	found := make([]compared, 0, casesPerWorld)
	inWorld(t, number, watch, func(w *world) {
		for range casesPerWorld {
			row, actor, change := w.draw()
			opts := w.options()
			opts.DryRun = true
			c := compared{name: row.name}
			watch.seen = func(a asked) { c.asked = append(c.asked, a) }
			_, err := w.Apply(t.Context(), actor, change, opts)
			if c.found, c.other, err = foundBy(err); err != nil {
				t.Errorf("world %d: %s: %v", number, row.name, err)
			}
			found = append(found, c)
		}
	})
	return found
}

// undecided is why a request may not even be decided: it makes no sense, the
// credential is not valid, or the Idempotency-Key is another request's.
var undecided = []tenancy.Code{tenancy.CodeInvalid, tenancy.CodeUnauthenticated, tenancy.CodeIdempotencyReused}

// foundBy gives the codes that a change was refused with, or why it was not
// even decided. Any other error is given back.
func foundBy(err error) (found []tenancy.Code, other tenancy.Code, fault error) {
	var refusal *tenancy.Refusal
	var failure *tenancy.Error
	switch {
	case err == nil:
		return nil, "", nil
	case errors.As(err, &refusal):
		return foundInAll(refusal), "", nil
	case errors.As(err, &failure) && slices.Contains(undecided, failure.Code):
		return nil, failure.Code, nil
	default:
		return nil, "", err
	}
}

// foundInAll gives the codes of a refusal; of a batch's, those of every change.
func foundInAll(refusal *tenancy.Refusal) []tenancy.Code {
	items, isBatch := refusal.Result.([]tenancy.ItemRefusal)
	if !isBatch {
		return codes(refusal.Reasons)
	}
	var found []tenancy.Code
	for _, item := range items {
		found = append(found, codes(item.Reasons)...)
	}
	return found
}
