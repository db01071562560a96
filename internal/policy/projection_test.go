package policy

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// accessing is a set whose access rules are these.
func accessing(rules string) book {
	return book{
		"membership/decision.rego": "package membership\n\n" + header + "decision := false\n",
		"access/access.rego":       "package access\n\n" + header + "default allow := false\n\n" + rules + "\n",
		"roles/data.yaml":          "find: [native]\naccess: {admin: [x]}\n",
	}
}

// surveyed gives what the access rules of a set read, or why that cannot be
// told.
func surveyed(t *testing.T, rules string) ([]string, error) {
	t.Helper()
	l, err := begin(accessing(rules).source())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(){l.read, l.parse, l.compile} {
		if step(); len(l.problems) > 0 {
			t.Fatal(l.problems)
		}
	}
	s := &survey{facts: facts(), parts: map[string]part{}}
	for rule := range l.reached(accessEntry) {
		s.rule(rule)
	}
	return slices.Sorted(maps.Keys(s.parts)), s.fault
}

// reading is a rule, and what it reads.
type reading struct{ name, rules, want string }

func readings() []reading {
	return []reading{
		{"a value", `allow if input.actor.member == true`, "input.actor.member"},
		{"a value alone", `allow if input.actor.member`, "input.actor.member"},
		{"a text", `allow if input.dialect == "native"`, "input.dialect"},
		{"a text in a set", `allow if input.dialect in {"native"}`, "input.dialect"},
		{"two numbers compared", `allow if input.tenant.members < input.tenant.limit`, "input.tenant.members against input.tenant.limit"},
		{"compared under a not", `allow if not _full
_full if input.tenant.members >= input.tenant.limit`, "input.tenant.members against input.tenant.limit"},
		{"a number and a constant", `allow if input.tenant.lasting_admins > 1`, "input.tenant.lasting_admins against 1"},
		{"a constant and a number", `allow if 1 < input.tenant.lasting_admins`, "1 against input.tenant.lasting_admins"},
		{"equal to a constant", `allow if input.tenant.lasting_admins == 1`, "input.tenant.lasting_admins against 1"},
		{"compared twice", `allow if {
	input.tenant.members < input.tenant.limit
	input.tenant.members > 3
}`, "input.tenant.members against 3, input.tenant.members against input.tenant.limit"},
		{"named, then compared", `allow if {
	n := input.tenant.members
	n < 5
}`, "input.tenant.members against 5"},
		{"named, compared, then used", `allow if {
	n := input.tenant.members
	n < 5
	count([1 | some i in [1, 2]; i == n]) == 1
}`, "input.tenant.members"},
		{"compared and counted with", `allow if {
	input.tenant.members < 5
	input.tenant.members + 1 == 3
}`, "input.tenant.members, input.tenant.members against 5"},
		{"compared with what is computed", `allow if input.tenant.members < input.tenant.limit - 1`, "input.tenant.limit, input.tenant.members"},
		{"the outcome of a comparison", `allow if {
	fits := input.tenant.members < 5
	fits == true
}`, "input.tenant.members"},
		{"a fraction", `allow if input.tenant.members < 1.5`, "input.tenant.members"},
		{"a number too large", `allow if input.tenant.members < 9223372036854775808`, "input.tenant.members"},
		{"two ids", `allow if input.target.user != input.tenant.owner`, "input.target.user against input.tenant.owner"},
		{"no id", `allow if input.target.user == ""`, `input.target.user against ""`},
		{"a certain id", `allow if input.target.user == "00000000-0000-0000-0000-000000000001"`, "input.target.user"},
		{"ids in order", `allow if input.target.user < input.tenant.owner`, "input.target.user, input.tenant.owner"},
		{"an id and a text", `allow if input.target.user == input.resource.id`, "input.resource.id, input.target.user"},
		{"levels compared", `allow if input.target.level == input.actor.level`, "input.actor.level, input.target.level"},
		{"a type", `allow if is_number(input.tenant.members)`, ""},
		{"a type of what is used", `allow if {
	n := input.tenant.members
	is_number(n)
	n in {1, 2}
}`, "input.tenant.members"},
		{"the outcome of a test", `allow if is_number(input.tenant.members) == true`, "input.tenant.members"},
		{"an element", `allow if input.actor.scopes[0] == "*"`, "input.actor.scopes"},
		{"any element", `allow if input.actor.scopes[_] == "*"`, "input.actor.scopes"},
		{"every element", `allow if every s in input.actor.scopes { s == input.dialect }`, "input.actor.scopes, input.dialect"},
		{"within a comprehension", `allow if count([1 | input.tenant.members < 5]) == 1`, "input.tenant.members against 5"},
		{"an index into data", `allow if "x" in data.roles.access[input.actor.level]`, "input.actor.level"},
		{"in a head", `allow if _of[input.actor.level]
_of[input.target.level] := true`, "input.actor.level, input.target.level"},
		{"through a function", `allow if _small(input.tenant.members)
_small(n) if n < 5`, "input.tenant.members"},
		{"inside a function", `allow if _small(input.dialect)
_small(_) if input.tenant.members < 5`, "input.dialect, input.tenant.members against 5"},
		{"an argument that stands for a fact", `allow if _is(3)
_is(n) if n == input.tenant.members`, "input.tenant.members"},
		{"an argument that stands for a fact and is compared", `allow if _is(3)
_is(n) if {
	n == input.tenant.members
	n < 5
}`, "input.tenant.members"},
		{"compared and given on", `allow if _some == 3
_some := n if {
	n := input.tenant.members
	n < 5
}`, "input.tenant.members"},
		{"compared and collected", `allow if 3 in {n | n := input.tenant.members; n < 5}`, "input.tenant.members"},
		{"a comparison under a not", `allow if not input.tenant.members < input.tenant.limit`, "input.tenant.members against input.tenant.limit"},
		{"in a text that is put together", `allow if $"{input.dialect} {input.actor.level}" == "native owner"`, "input.actor.level, input.dialect"},
		{"in an object, a set and a list", `allow if [{input.dialect: 1}, {input.actor.level}, [input.tenant.members]] == [{"x": 1}, {"y"}, [2]]`, "input.actor.level, input.dialect, input.tenant.members"},
		{"a fact by a constant key", `allow if input["actor"]["level"] == "owner"`, "input.actor.level"},
		{"compared with what is counted", `allow if input.tenant.members == count([1 | input.tenant.limit > 2])`, "input.tenant.limit against 2, input.tenant.members"},
		{"through a package", `allow if data.access._all[_] == input.dialect
_all contains input.resource.type`, "input.dialect, input.resource.type"},
	}
}

func TestWhatRulesRead(t *testing.T) {
	for _, row := range readings() {
		t.Run(row.name, func(t *testing.T) {
			got, err := surveyed(t, row.rules)
			if read := strings.Join(got, ", "); err != nil || read != row.want {
				t.Errorf("got %q, %v, want %q", read, err, row.want)
			}
		})
	}
}

// TestTheSameKeyHasTheSameAccess asks each of the rules above many questions:
// those with the same key get the same answer.
func TestTheSameKeyHasTheSameAccess(t *testing.T) {
	for _, row := range readings() {
		t.Run(row.name, func(t *testing.T) {
			set := unchecked(t, accessing(row.rules), Options{TimeLimit: time.Minute, Clock: time.Now})
			var all []ruled
			wander(3, 600, func(in *gate.Input) {
				in.Action = tenancy.ActionResourceRead
				ruling, err := set.rule(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, ruled{*in, ruling})
			})
			if _, found := disagreement(all, set.memory.access); found != "" {
				t.Errorf("one key, two answers:\n%s", found)
			}
		})
	}
}

func TestWhatCannotBeFollowed(t *testing.T) {
	rows := []struct{ name, rules, want string }{
		{"the whole input", `allow if count(input) == 3`, "input"},
		{"a part of it", `allow if count(input.actor) == 3`, "input.actor"},
		{"a part of it, iterated", `allow if input.actor[_] == true`, "input.actor"},
		{"a key that is no constant", `allow if input[input.dialect] == 1`, "input"},
		{"a fact that is not known", `allow if input.action.properties == {}`, "input.action.properties"},
		{"the request", `allow if input.http.method == "GET"`, "input.http.method"},
		{"the request in Envoy's words", `allow if input.attributes.request.http.method == "GET"`, "input.attributes"},
		{"a parameter of its route", `allow if input.route.params.id == "1"`, "input.route"},
		{"what the caller sent", `allow if input.context.ip == "::1"`, "input.context"},
		{"the clock", `allow if time.now_ns() > 0`, "time.now_ns"},
		{"the clock in a comprehension", `allow if count([1 | time.now_ns() > 0]) == 1`, "time.now_ns"},
		{"another input", `allow if _is with input as {"dialect": input.dialect}
_is if input.dialect == "native"`, "with"},
		{"other data", `allow if _is with data.roles.find as []
_is if input.dialect in data.roles.find`, "with"},
		{"an else", `allow if _is == 1
_is := 1 if { input.dialect == "native" } else := 2`, "else"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got, err := surveyed(t, row.rules); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q, %v, want an error that names %s", got, err, row.want)
			}
		})
	}
}

// TestTheShippedSetIsRemembered: no rule of it reads what ends the search, and
// none reads who somebody is.
func TestTheShippedSetIsRemembered(t *testing.T) {
	set := load(t, Embedded())
	if set.memory.decision == nil || set.memory.access == nil {
		t.Fatal("an entry point of the shipped set has no projection: does a rule read a fact that facts() lacks?")
	}
	in := additionBy(adminFacts())
	other := in
	other.Actor.User, other.Target.User, other.Tenant.ID = [16]byte{7}, [16]byte{8}, [16]byte{9}
	other.Tenant.Members, other.Tenant.LastingAdmins = in.Tenant.Members+1, in.Tenant.LastingAdmins+1
	if string(set.memory.key(nil, &in)) != string(set.memory.key(nil, &other)) {
		t.Error("a decision on somebody else in the same position has another key")
	}
}
