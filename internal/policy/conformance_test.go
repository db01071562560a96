package policy

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// vectorFolder is where the vectors lie.
var vectorFolder = filepath.Join("..", "..", "testdata", "conformance")

func vectorActions() []tenancy.Action { return slices.Concat(tenancy.ChangeActions(), vectorAccesses) }

// TestVectorsAreCurrent makes the vectors anew, from the situations and the
// shipped rules, and compares them with the files; -update writes them. What
// changes there is for people to review: the tests below hold the cells of the
// contract's table against them, whatever the rules say.
func TestVectorsAreCurrent(t *testing.T) {
	set := load(t, Embedded())
	names := map[string]bool{}
	for _, action := range vectorActions() {
		name := string(action) + ".json"
		names[name] = true
		made := fileText(t, vectorsOf(t, set, action))
		path := filepath.Join(vectorFolder, name)
		if *update {
			if err := os.WriteFile(path, made, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, made) {
			t.Errorf("%s: %v: not what the rules say; review the change: go test ./internal/policy -run TestVectorsAreCurrent -update && git diff ../../testdata", name, err)
		}
	}
	found, err := filepath.Glob(filepath.Join(vectorFolder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if !names[filepath.Base(path)] {
			t.Errorf("%s is about no action that there is", path)
		}
	}
}

// vectorsOf asks the set about each situation of an action, and about the
// first that is allowed, if any is, without each of its facts.
func vectorsOf(t *testing.T, set *Set, action tenancy.Action) vectorFile {
	t.Helper()
	situations := situationsOf(action)
	file := vectorFile{Format: vectorFormat, Action: action, Entry: entryOfAction(action), Base: documentOf(t, situations[0].in)}
	add := func(name string, input map[string]any) bool {
		value, err := ast.InterfaceToValue(input)
		if err != nil {
			t.Fatal(err)
		}
		ruling, err := set.judge(context.Background(), action.Changes(), value, probeTime())
		if err != nil {
			t.Fatalf("%s: %s: %v", action, name, err)
		}
		file.Vectors = append(file.Vectors, vector{name, patchTo(file.Base, input), verdictOf(action, ruling)})
		return ruling.Allow
	}
	whole, name := file.Base, situations[0].name
	anyAllowed := false
	for _, s := range situations {
		input := documentOf(t, s.in)
		if allowed := add(s.name, input); allowed && !anyAllowed {
			whole, name, anyAllowed = input, s.name, true
		}
	}
	for _, path := range factPaths(whole) {
		add(name+", without "+strings.Join(path, "."), lackingFact(whole, path))
	}
	return file
}

func documentOf(t *testing.T, in gate.Input) map[string]any {
	t.Helper()
	content, err := gate.Document(&in)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// aside are the groups of facts that no shipped rule reads a fact of. They are
// missed as a whole.
var aside = []string{"http", "route", "resource", "subject"}

// factPaths gives the facts of an input, each group before what is in it.
func factPaths(input map[string]any) [][]string {
	var paths [][]string
	for _, group := range slices.Sorted(maps.Keys(input)) {
		paths = append(paths, []string{group})
		inner, _ := input[group].(map[string]any)
		if slices.Contains(aside, group) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(inner)) {
			paths = append(paths, []string{group, name})
		}
	}
	return paths
}

func lackingFact(input map[string]any, path []string) map[string]any {
	rest := maps.Clone(input)
	if len(path) == 1 {
		delete(rest, path[0])
		return rest
	}
	inner, _ := rest[path[0]].(map[string]any)
	rest[path[0]] = lackingFact(inner, path[1:])
	return rest
}

// patchTo gives the merge patch that makes one object of another.
func patchTo(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for key := range from {
		if _, kept := to[key]; !kept {
			patch[key] = nil
		}
	}
	for key, value := range to {
		before, hasBefore := from[key].(map[string]any)
		after, isObject := value.(map[string]any)
		switch {
		case hasBefore && isObject:
			if inner := patchTo(before, after); len(inner) > 0 {
				patch[key] = inner
			}
		case !reflect.DeepEqual(from[key], value):
			patch[key] = value
		}
	}
	return patch
}

// fileText gives a file's text: the base indented, each vector on a line.
func fileText(t *testing.T, file vectorFile) []byte {
	t.Helper()
	line := func(value any, opts ...json.Options) string {
		text, err := json.Marshal(value, append(opts, json.Deterministic(true))...)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n  \"format\": %d,\n  \"action\": %q,\n  \"entry\": %q,\n", file.Format, file.Action, file.Entry)
	fmt.Fprintf(&out, "  \"base\": %s,\n  \"vectors\": [\n", line(file.Base, jsontext.WithIndentPrefix("  "), jsontext.WithIndent("  ")))
	for i, v := range file.Vectors {
		end := ","
		if i == len(file.Vectors)-1 {
			end = ""
		}
		fmt.Fprintf(&out, "    %s%s\n", line(v, jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true)), end)
	}
	out.WriteString("  ]\n}\n")
	return out.Bytes()
}

// TestVectorsAgreeWithTheContract holds the vectors against the table of
// contracts/levels.md, as it stands written by hand in levelTable: each level
// and action is a cell, and a vector of that name is what the cell says.
func TestVectorsAgreeWithTheContract(t *testing.T) {
	files := builtIn(t)
	about := map[tenancy.Action]string{ // whom the table means, where it is not a plain member
		tenancy.ActionMemberLeave: "themself", tenancy.ActionTenantSelect: "themself", tenancy.ActionTenantCreate: "themself",
	}
	cells := 0
	for _, row := range levelTable {
		for _, action := range row.actions {
			if action == "billing.pay" {
				action = "unheard.of"
			}
			for i, level := range []string{"an owner", "an admin", "a member", "a viewer"} {
				whom := about[action]
				if whom == "" {
					whom = "a member"
				}
				want, found := wantOf(files[action], level+", about "+whom)
				if !found {
					t.Errorf("%s: no vector for %s", action, level)
					continue
				}
				held := want.Allow
				if action.Changes() {
					held = *want.Granted
				}
				if cells++; held != row.held[i] {
					t.Errorf("%s by %s: the vector says %t, the contract %t", action, level, held, row.held[i])
				}
			}
		}
	}
	if cells < 80 {
		t.Errorf("%d cells were compared", cells)
	}
}

// TestVectorsAgreeWithTheObjections: what the contract says may never be, by
// hand (contracts/README.md, rules 2 and 3; levels.md).
func TestVectorsAgreeWithTheObjections(t *testing.T) {
	files := builtIn(t)
	for _, row := range []struct {
		action tenancy.Action
		name   string
		want   []tenancy.Code
	}{
		{"member.remove", "the platform, about the owner", []tenancy.Code{"owner_permanent"}},
		{"member.leave", "an owner, about themself", []tenancy.Code{"owner_permanent"}},
		{"member.update", "the owner is demoted", []tenancy.Code{"owner_permanent"}},
		{"member.update", "the owner is disabled", []tenancy.Code{"owner_permanent"}},
		{"member.update", "the owner gets an end", []tenancy.Code{"owner_permanent"}},
		{"member.update", "the owner stays", nil},
		{"member.remove", "the last administrator stays", []tenancy.Code{"last_administrator"}},
		{"member.remove", "one of two administrators stays", nil},
		{"member.update", "the last administrator is demoted", []tenancy.Code{"last_administrator"}},
		{"member.update", "the last administrator is disabled", []tenancy.Code{"last_administrator"}},
		{"member.update", "the last administrator gets an end", []tenancy.Code{"last_administrator"}},
		{"member.update", "the last administrator stays", nil},
		{"member.add", "one seat is free", nil},
		{"member.add", "all seats are taken", []tenancy.Code{"member_limit"}},
		{"member.add", "the limit was lowered", []tenancy.Code{"member_limit"}},
		{"member.add", "an admin gives owner", []tenancy.Code{"owner_by_transfer_only", "rank_exceeded"}},
		{"member.add", "an admin gives admin", nil},
		{"member.add", "a member gives admin", []tenancy.Code{"rank_exceeded"}},
		{"member.remove", "an admin touches owner", []tenancy.Code{"rank_exceeded"}},
		{"member.remove", "an admin touches admin", nil},
		{"tenant.create", "the account is not active", []tenancy.Code{"owner_permanent"}},
		{"tenant.transfer", "the account is not active", []tenancy.Code{"owner_permanent"}},
		{"tenant.delete", "an admin, about a member", []tenancy.Code{"rank_exceeded"}},
		{"member.remove", "an inactive owner, about a member", []tenancy.Code{"not_permitted"}},
		{"member.remove", "an owner, scoped to something else", []tenancy.Code{"not_permitted"}},
		{"member.remove", "an owner, scoped to it", nil},
		{"member.remove", "an owner, about a member, without tenant.owner", []tenancy.Code{"facts_incomplete", "owner_permanent"}},
		{"member.remove", "an owner, about a member, without target.pending", []tenancy.Code{"facts_incomplete"}},
	} {
		want, found := wantOf(files[row.action], row.name)
		if !found || !slices.Equal(want.Codes, row.want) || (len(row.want) > 0 && want.Allow) {
			t.Errorf("%s: %s: the vector says %v (found: %t), the contract %v", row.action, row.name, want, found, row.want)
		}
	}
}

// TestVectorsReachEveryRule: each sentence of the shipped rules applies to
// some vector, and each kind of verdict is there.
func TestVectorsReachEveryRule(t *testing.T) {
	set := load(t, Embedded())
	fired := map[string]bool{}
	allowed, refused := 0, 0
	for action, file := range builtIn(t) {
		for _, v := range file.Vectors {
			input, err := ast.InterfaceToValue(patched(file.Base, v.Patch))
			if err != nil {
				t.Fatal(err)
			}
			rules, err := set.fired(context.Background(), action.Changes(), input, probeTime())
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range rules {
				fired[fmt.Sprintf("%s:%d", rule.File, rule.Line)] = true
			}
			if v.Want.Allow {
				allowed++
			} else {
				refused++
			}
		}
	}
	for _, rule := range set.Catalogue() {
		if place := fmt.Sprintf("%s:%d", rule.File, rule.Line); !fired[place] && !strings.HasPrefix(rule.Description, "Nobody may do what no rule") &&
			rule.Title != "Nothing is granted unsaid" {
			t.Errorf("no vector reaches %s (%s)", place, rule.Title)
		}
	}
	t.Logf("%d vectors allow, %d refuse", allowed, refused)
	if 10*allowed < refused {
		t.Errorf("%d vectors allow, %d refuse: too few to tell", allowed, refused)
	}
}

func builtIn(t *testing.T) map[tenancy.Action]vectorFile {
	t.Helper()
	files, err := readVectors(BuiltInVectors())
	if err != nil {
		t.Fatal(err)
	}
	byAction := map[tenancy.Action]vectorFile{}
	for _, file := range files {
		byAction[file.Action] = file
	}
	return byAction
}

// wantOf finds a vector's verdict by its name.
func wantOf(file vectorFile, name string) (verdict, bool) {
	for _, v := range file.Vectors {
		if v.Name == name {
			return v.Want, true
		}
	}
	return verdict{}, false
}

// TestConformHoldsASetAgainstVectors: the built-in set agrees, and sets with a
// rule more or less do not.
func TestConformHoldsASetAgainstVectors(t *testing.T) {
	for _, row := range []struct {
		name    string
		source  Source
		differs string // what one of the differences says
	}{
		{"the built-in set", Embedded(), ""},
		{
			"a set that objects to more", withoutTests(t, forbidding(ownRule)),
			`member.remove: an owner, about a member`,
		},
		{
			"a set without a rule", withoutTests(t, book{"membership/forbid/seats_are_limited.rego": ""}),
			`member.add: all seats are taken: got {"allow":true,"granted":true,"codes":[]}, want {"allow":false,"granted":true,"codes":["member_limit"]}`,
		},
		{
			"a set that gives more", withoutTests(t, book{"access/own.rego": module("access", "allow if {\n\tinput.action.name == \"unheard.of\"\n\t_actor_may_act\n}")}),
			`unheard.of: a stranger, about a member: got {"allow":true}, want {"allow":false}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			result, err := Conform(context.Background(), row.source, BuiltInVectors(), &out)
			if err != nil || result.Held < 1000 || (len(result.Differing) > 0) != (row.differs != "") {
				t.Fatalf("got %d vectors, %d of them differ, %v\n%.2000s", result.Held, len(result.Differing), err, out.String())
			}
			if !strings.Contains(out.String(), row.differs) || !strings.HasSuffix(out.String(), fmt.Sprintf("%d differ\n", len(result.Differing))) {
				t.Errorf("want %q in\n%.2000s", row.differs, out.String())
			}
		})
	}
}

func TestASetThatBreaksTheContractConformsToNothing(t *testing.T) {
	var out strings.Builder
	if _, err := Conform(context.Background(), Dir(t.TempDir()), BuiltInVectors(), &out); err == nil || out.Len() > 0 {
		t.Errorf("got %v, %q", err, out.String())
	}
}

// TestVectorsThatCannotBeReadAreRefused: a file that is misunderstood would
// show agreement where there is none.
func TestVectorsThatCannotBeReadAreRefused(t *testing.T) {
	const head = `{"format": 1, "action": "policy.read", "entry": "access.allow", "base": {}, "vectors": `
	const good = `[{"name": "x", "patch": {}, "want": {"allow": false}}]}`
	folder := func(name, content string) fs.FS { return fstest.MapFS{name: {Data: []byte(content)}} }
	for _, row := range []struct {
		name    string
		vectors fs.FS
		want    string
	}{
		{"a good file", folder("policy.read.json", head+good), ""},
		{"no files", fstest.MapFS{}, "no .json file"},
		{"no folder", os.DirFS(filepath.Join(t.TempDir(), "gone")), "no .json file"},
		{"no JSON", folder("policy.read.json", "{"), "policy.read.json"},
		{"a key too many", folder("policy.read.json", strings.Replace(head, "{", `{"more": 1, `, 1)+good), "more"},
		{"a key twice", folder("policy.read.json", strings.Replace(head, "{", `{"format": 1, `, 1)+good), "format"},
		{"another format", folder("policy.read.json", strings.Replace(head, "1", "2", 1)+good), "the format is 2; this program reads 1"},
		{"no format", folder("policy.read.json", strings.Replace(head, `"format": 1, `, "", 1)+good), "the format is 0"},
		{"another action", folder("tenant.read.json", head+good), "is not called so"},
		{"an action that is none", folder("X.json", strings.Replace(head, "policy.read", "X", 1)+good), "an action holds words"},
		{"another entry point", folder("policy.read.json", strings.Replace(head, "access.allow", "membership.decision", 1)+good), "asked at access.allow"},
		{"no vector", folder("policy.read.json", head+"[]}"), "there is no vector"},
		{"no name", folder("policy.read.json", head+strings.Replace(good, `"x"`, `""`, 1)), "no name"},
		{"a name twice", folder("policy.read.json", head+good[:len(good)-2]+","+good[1:]), "that of another"},
		{"an access with codes", folder("policy.read.json", head+strings.Replace(good, "false}", `false, "codes": []}`, 1)), "no other has"},
		{"a change without codes", folder("user.update.json", strings.NewReplacer("policy.read", "user.update", "access.allow", "membership.decision").Replace(head)+good), "has granted and codes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := readVectors(row.vectors)
			if (err == nil) != (row.want == "") || (err != nil && !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
