package policy

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/tenancy"
)

// module is a file of a package with the given rules; they begin at line 5.
func module(pkg, rules string) string { return "package " + pkg + "\n\n" + header + rules + "\n" }

// forbidding is an operator's file in membership.forbid.
func forbidding(rules string) book {
	return book{"membership/forbid/own.rego": module("membership.forbid", rules)}
}

const (
	ownBody = ` if input.action.name == "member.remove"`
	ownRule = `violation contains {"code": "own", "message": "own"}` + ownBody
)

// unreadRules are rules that compile and decide nothing.
func unreadRules() []refused {
	const at = "membership/forbid/own.rego:5: nothing reads the rule "
	return []refused{
		{"a misnamed objection", forbidding(`violations contains {"code": "own", "message": "own"}` + ownBody), []string{
			at + "violations; an objection is called violation",
		}},
		{"a misnamed grant", book{"membership/grant/own.rego": module("membership.grant", "granted"+ownBody)}, []string{
			"membership/grant/own.rego:5: nothing reads the rule granted; a grant is called allowed",
		}},
		{"misnamed access", book{"access/own.rego": module("access", "allowed"+ownBody)}, []string{
			"access/own.rego:5: nothing reads the rule allowed; a rule that gives access is called allow",
		}},
		{"a misnamed decision", book{"membership/own.rego": module("membership", "decisions := {}")}, []string{
			"membership/own.rego:5: nothing reads the rule decisions; the entry point is called decision",
		}},
		{"a misnamed package", book{"membership/forbid/own.rego": module("membership.forbids", ownRule)}, []string{
			at + "violation; the package membership.forbids is none of membership.forbid, membership.grant and access",
		}},
		{"a helper that nobody needs", forbidding("_own" + ownBody), []string{at + "_own; use it or delete it"}},
		{"a helper that only its test needs", book{
			"membership/forbid/own.rego":      module("membership.forbid", "_own"+ownBody),
			"membership/forbid/own_test.rego": module("membership.forbid_test", "import data.membership.forbid\n\ntest_own if not forbid._own with input as {}"),
		}, []string{at + "_own; use it or delete it"}},
		{"two that need only each other", forbidding("own if count(other) > 0\n\nother contains 1 if data.own.own\n\nthird if own"), []string{
			at + "own;", "membership/forbid/own.rego:7: nothing reads the rule other;", "membership/forbid/own.rego:9: nothing reads the rule third;",
		}},
		{"a decision that forgets the objections", book{
			decisionFile: module("membership", `decision := {"allow": false, "granted": data.membership.grant.allowed, "violations": set()}`),
		}, []string{"nothing reads the rule violation; data.membership.decision has to read data.membership.forbid.violation"}},
	}
}

// unlikelySentences are rules that are read and cannot mean what they say.
func unlikelySentences() []refused {
	const at = "membership/forbid/own.rego:6: "
	own := func(line string) book {
		return forbidding(`violation contains {"code": "own", "message": "own"} if {` + "\n\t" + line + "\n}")
	}
	objection := func(written string) book { return forbidding("violation contains " + written + ownBody) }
	return []refused{
		{"an action that is none", own(`input.action.name == "member.remov"`), []string{
			at + "member.remov is no change; the changes are user.create, ", "member.remove",
		}},
		{"the other way about", own(`"member.remov" == input.action.name`), []string{at + "member.remov is no change"}},
		{"unlike an action that is none", own(`input.action.name != "member.remov"`), []string{at + "member.remov is no change"}},
		{"by unification", own(`input.action.name = "member.remov"`), []string{at + "member.remov is no change"}},
		{"one of a set", own(`input.action.name in {"member.add", "Member.Remove"}`), []string{at + "Member.Remove is no change"}},
		{"one of a list", own(`input["action"].name in ["member.add", ""]`), []string{at + " is no change"}},
		{"under a not", own(`not input.action.name in {"member.remov"}`), []string{at + "member.remov is no change"}},
		{"within a comprehension", own(`count([1 | input.action.name == "member.remov"]) == 1`), []string{at + "member.remov is no change"}},
		{"within a call", own(`[input.action.name == "member.remov"][0]`), []string{at + "member.remov is no change"}},
		{"what changes nothing", own(`input.action.name == "resource.read"`), []string{at + "resource.read is no change"}},
		{"in a grant", book{"membership/grant/own.rego": module("membership.grant", `allowed if input.action.name == "member.ad"`)}, []string{
			"membership/grant/own.rego:5: member.ad is no change",
		}},

		{"an objection without a message", objection(`{"code": "own"}`), []string{`rego:5: an objection has exactly the keys code and message, this one has ["code"]`}},
		{"another key", objection(`{"code": "own", "msg": "own"}`), []string{`rego:5: an objection has`, `"msg"`}},
		{"a key too many", objection(`{"code": "own", "message": "own", "status": 200}`), []string{`rego:5: an objection has`, `"status"`}},
		{"an empty objection", objection(`{}`), []string{`rego:5: an objection has`}},
		{"a code in capitals", objection(`{"code": "OWN", "message": "own"}`), []string{"rego:5: a violation's code is not of a-z"}},
		{"a code that is no text", objection(`{"code": 7, "message": "own"}`), []string{"rego:5: a violation's code"}},
		{"an empty message", objection(`{"code": "own", "message": ""}`), []string{"rego:5: the message of own is no text"}},
		{
			"a key too many, known to the compiler alone",
			forbidding("violation contains v if {\n\tinput.action.name == \"member.remove\"\n\tv := {\"code\": \"own\", \"message\": \"own\", \"status\": 200}\n}"),
			[]string{"membership/decision.rego:17: data.membership.decision is"},
		},
	}
}

// soundSentences are the other side: what resembles those faults, and is none.
func soundSentences() map[string]book {
	return map[string]book{
		"a helper without an underscore": forbidding("own.limits.seats := 5\n\n" +
			`violation contains {"code": "own", "message": "own"} if input.tenant.members > own.limits.seats`),
		"a helper behind an else": forbidding("_own := 1 if input.tenant.members == 1 else := _other\n\n_other := 2\n\n" +
			`violation contains {"code": "own", "message": "own"} if _own == 3`),
		"a function":                    forbidding("_own(x) if x == 3\n\n" + `violation contains {"code": "own", "message": "own"} if _own(input.tenant.members)`),
		"a library that nobody uses":    {"own/own.rego": module("own", "own := 1")},
		"an action of one's own":        {"access/own.rego": module("access", `allow if {`+"\n\tinput.action.name == \"report.print\"\n\tinput.actor.platform == true\n\tinput.actor.active\n\t_actor_may_act\n}")},
		"every change":                  forbidding(ownRule + "\n\n" + `violation contains {"code": "own", "message": "own"} if not input.action.name in {` + everyChange() + `}`),
		"an action in a test":           {"membership/own_test.rego": module("membership_test", `test_own if input.action.name == "member.remov" with input as {"action": {"name": "member.remov"}}`)},
		"a test beside its rule":        forbidding("test_own if true\n\ntodo_test_own if false"),
		"another comparison":            forbidding(`violation contains {"code": "own", "message": "own"} if input.dialect == "own"`),
		"a message made up at run time": forbidding(`violation contains {"code": "own", "message": sprintf("no %s", [input.tenant.id])}` + ownBody),
	}
}

func everyChange() string {
	var names []string
	for _, action := range tenancy.ChangeActions() {
		names = append(names, fmt.Sprintf("%q", action))
	}
	return strings.Join(names, ", ")
}

// TestWarnings: what is sound, and says too little of itself.
func TestWarnings(t *testing.T) {
	described := func(lines string) book { return forbidding("# METADATA\n" + lines + ownRule) }
	const untested = "the set has no tests"
	for _, row := range []struct {
		name    string
		changes book
		want    []string
	}{
		{"no tests", nil, []string{untested}},
		{"a test", tested("test_own if true"), nil},
		{"no title", forbidding(ownRule), []string{"membership/forbid/own.rego:5: no title, so GET /v1/policies cannot explain it", untested}},
		{"no description", described("# title: Own\n"), []string{"membership/forbid/own.rego:7: no description, so GET /v1/policies cannot explain it", untested}},
		{"both", described("# title: Own\n# description: Own.\n"), []string{untested}},
		{"a grant", book{"membership/grant/own.rego": module("membership.grant", "allowed if {\n\tinput.action.name == \"member.remove\"\n\tinput.actor.platform == true\n}")}, []string{
			"membership/grant/own.rego:5: no title, so GET /v1/policies cannot explain it", untested,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			source := withoutTests(t, row.changes)
			if got := load(t, source).Warnings(); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			var out bytes.Buffer
			result, err := Test(context.Background(), source, &out)
			if err != nil || !slices.Equal(result.Warnings, row.want) {
				t.Errorf("test: got %q, %v, want %q", result.Warnings, err, row.want)
			}
			if got := strings.Count(out.String(), "warning: "); got != len(row.want) {
				t.Errorf("printed %d warnings, want %d:\n%s", got, len(row.want), out.String())
			}
		})
	}
	if got := load(t, Embedded()).Warnings(); len(got) > 0 {
		t.Errorf("the embedded set warns: %q", got)
	}
}

// TestCatalogueListsWhatCounts: helpers are no sentences, whatever they say of
// themselves.
func TestCatalogueListsWhatCounts(t *testing.T) {
	before := load(t, withoutTests(t, nil)).Catalogue()
	changes := forbidding("# METADATA\n# title: Own\n# description: Own.\n" + `violation contains {"code": "own", "message": "own"} if own` +
		"\n\nown if _own\n\n# METADATA\n# title: Helper\n_own" + ownBody)
	after := load(t, withoutTests(t, changes)).Catalogue()
	want := Rule{Kind: KindObjection, Code: "own", Title: "Own", Description: "Own.", File: "membership/forbid/own.rego", Line: 8}
	at := slices.Index(after, want)
	if at < 0 {
		t.Fatalf("got %+v, want %+v among them", after, want)
	}
	if diff := cmp.Diff(before, slices.Delete(after, at, at+1)); diff != "" {
		t.Errorf("something else is listed as well (-want +got):\n%s", diff)
	}
}

// TestUnreadRulesStand: each misnamed rule is one that the set without the
// check would take, so that nothing else refuses it.
func TestUnreadRulesStand(t *testing.T) {
	for _, row := range unreadRules() {
		l, err := begin(withoutTests(t, row.changes))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []func(){l.read, l.parse, l.compile, l.checkSentences, l.checkEntryPoints} {
			step()
		}
		if len(l.problems) > 0 {
			t.Errorf("%s: %q", row.name, l.problems)
		}
		if l.checkReached(); len(l.problems) == 0 {
			t.Errorf("%s: is taken for read", row.name)
		}
	}
}

func TestComparisonsAreOperators(t *testing.T) {
	for _, source := range []string{"1 == 2", "1 != 2", "1 = 2", "1 in {2}"} {
		opts := ast.ParserOptions{RegoVersion: ast.RegoV1}
		body, err := ast.ParseBodyWithOpts(source, opts)
		if err != nil {
			t.Fatal(err)
		}
		if name := body[0].Operator().String(); !slices.Contains(comparisons, name) {
			t.Errorf("%s: %s is no comparison", source, name)
		}
	}
}
