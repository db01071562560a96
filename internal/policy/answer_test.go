package policy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// deciding is a set whose decision is written out.
func deciding(decision string) book {
	return book{
		"membership/decision.rego": "package membership\n\n" + header + decision + "\n",
		"access/access.rego":       "package access\n\n" + header + "default allow := false\n",
	}
}

// TestDecisionAnswers feeds every shape through a real policy: nothing but a
// well-formed answer is taken, and an answer that is not never allows.
func TestDecisionAnswers(t *testing.T) {
	const whole = `decision := {"allow": true, "granted": true, "violations": `
	violation := func(code, message string) string {
		return `decision := {"allow": false, "granted": true, "violations": [{"code": ` + code + `, "message": ` + message + `}]}`
	}
	many := whole[:len(`decision := {"allow": `)] + `false, "granted": true, "violations": ` +
		`{{"code": c, "message": "m"} | some i in numbers.range(1, 65); c := sprintf("c%d", [i])}}`
	for _, row := range []struct {
		name     string
		decision string
		want     tenancy.Code // "": well-formed
		ruling   gate.Ruling
	}{
		{"granted and unopposed", whole + `set()}`, "", gate.Ruling{Allow: true, Granted: true}},
		{"the same with a list", whole + `[]}`, "", gate.Ruling{Allow: true, Granted: true}},
		{"refused", `decision := {"allow": false, "granted": false, "violations": set()}`, "", gate.Ruling{}},
		{"an objection", violation(`"own_2"`, `"no"`), "", gate.Ruling{
			Granted: true, Violations: []tenancy.Finding{{Code: "own_2", Message: "no"}},
		}},

		{"undefined", `decision := true if input.context.nothing`, tenancy.CodePolicyUndefined, gate.Ruling{}},
		{"true", `decision := true`, tenancy.CodePolicyError, gate.Ruling{}},
		{"null", `decision := null`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a list", `decision := [true, true, []]`, tenancy.CodePolicyError, gate.Ruling{}},
		{"nothing in it", `decision := {}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"no granted", `decision := {"allow": true, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"no allow", `decision := {"granted": true, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"no violations", `decision := {"allow": true, "granted": true}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a key too many", `decision := {"allow": true, "granted": true, "violations": set(), "why": ""}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"another key", `decision := {"allow": true, "granted": true, "violation": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"allow is a word", `decision := {"allow": "true", "granted": true, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"allow is a number", `decision := {"allow": 1, "granted": true, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"granted is null", `decision := {"allow": true, "granted": null, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"violations are null", whole + `null}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"violations are an object", whole + `{}}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"violations are a number", whole + `0}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"allowed, though nothing grants it", `decision := {"allow": true, "granted": false, "violations": set()}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"allowed, though an objection stands", whole + `[{"code": "own", "message": "no"}]}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a violation is a word", whole[:len(`decision := {"allow": `)] + `false, "granted": true, "violations": ["no"]}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a violation without a message", `decision := {"allow": false, "granted": true, "violations": [{"code": "own"}]}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a violation with a status", `decision := {"allow": false, "granted": true, "violations": [{"code": "own", "message": "no", "status": 1}]}`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a code in capitals", violation(`"Own"`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a code begun by a digit", violation(`"2own"`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a code with a space", violation(`"own code"`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"an empty code", violation(`""`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a code that is a number", violation(`7`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a code of 65 characters", violation(`"`+strings.Repeat("c", 65)+`"`, `"no"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"an empty message", violation(`"own"`, `""`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a message over its limit", violation(`"own"`, `"`+strings.Repeat("m", 1025)+`"`), tenancy.CodePolicyError, gate.Ruling{}},
		{"a message that is no UTF-8", violation(`"own"`, `base64.decode("/w==")`), tenancy.CodePolicyError, gate.Ruling{}},
		{"too many violations", many, tenancy.CodePolicyError, gate.Ruling{}},
		{"two answers", "decision := 1 if input.actor.active\n\ndecision := 2 if input.actor.active", tenancy.CodePolicyError, gate.Ruling{}},
		{"a function that fails", whole + `set()} if to_number(input.dialect) > 0`, tenancy.CodePolicyError, gate.Ruling{}},
		{"a function that fails beside the answer", whole + "set()}\n\nx if to_number(input.dialect) > 0\n\ny := count([1 | x])", "", gate.Ruling{Allow: true, Granted: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			set := unchecked(t, deciding(row.decision), Options{TimeLimit: time.Minute, Clock: time.Now})
			in := removalBy(adminFacts())
			got, err := NewEngine(set).Decide(context.Background(), &in)
			row.ruling.PolicyRevision = "unchecked" // even beside an error
			if diff := cmp.Diff(row.ruling, got); diff != "" {
				t.Errorf("ruling (-want +got):\n%s", diff)
			}
			if row.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if row.want != "" && codeOfError(t, err) != row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestAccessAnswers(t *testing.T) {
	for _, row := range []struct {
		name  string
		allow string
		want  tenancy.Code
		is    bool
	}{
		{"true", "allow := true", "", true},
		{"false", "allow := false", "", false},
		{"undefined", "allow if input.context.nothing", tenancy.CodePolicyUndefined, false},
		{"a word", `allow := "true"`, tenancy.CodePolicyError, false},
		{"a number", "allow := 1", tenancy.CodePolicyError, false},
		{"null", "allow := null", tenancy.CodePolicyError, false},
		{"a set", "allow contains true", tenancy.CodePolicyError, false},
		{"an object", `allow := {"allow": true}`, tenancy.CodePolicyError, false},
		{"two answers", "allow := true if input.actor.active\n\nallow := false if input.actor.active", tenancy.CodePolicyError, false},
		{"a function that fails", "default allow := true\n\nallow := false if to_number(input.dialect) > 0", tenancy.CodePolicyError, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := deciding("decision := {}")
			files["access/access.rego"] = "package access\n\n" + header + row.allow + "\n"
			set := unchecked(t, files, Options{TimeLimit: time.Minute, Clock: time.Now})
			in := accessBy(adminFacts(), tenancy.ActionResourceRead)
			got, err := NewEngine(set).Allow(context.Background(), &in)
			if got.Allow != row.is || got.Granted != row.is || got.PolicyRevision != "unchecked" {
				t.Errorf("got %+v, want allow %t", got, row.is)
			}
			if row.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if row.want != "" && codeOfError(t, err) != row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}
