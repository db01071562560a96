//go:build !race

package policy

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

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
	if *update {
		packVectors(t, found)
		return
	}
	isPacked(t, found)
}

var vectorArchive = filepath.Join(vectorFolder, "vectors.zip")

// packVectors packs the files for the program.
func packVectors(t *testing.T, paths []string) {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := w.Create(filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(vectorArchive, archive.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// isPacked holds what the program has against the files.
func isPacked(t *testing.T, paths []string) {
	t.Helper()
	packed, err := BuiltInVectors()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(packed, "*")
	if err != nil || len(names) != len(paths) {
		t.Errorf("the archive holds %d files, %v; the folder has %d", len(names), err, len(paths))
	}
	for _, path := range paths {
		is, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if has, err := fs.ReadFile(packed, filepath.Base(path)); err != nil || !bytes.Equal(has, is) {
			t.Errorf("%s is not what the archive has: %v", path, err)
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
var aside = []string{"http", "route", "subject"}

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

// TestVectorsAgreeWithOtherRights: who may by something else than a level, by
// hand (contracts/levels.md; cognee.md, "Rules").
func TestVectorsAgreeWithOtherRights(t *testing.T) {
	files := builtIn(t)
	for _, row := range []struct {
		action tenancy.Action
		name   string
		want   bool
	}{
		{"app.manage", "a member whose role names it", true},
		{"app.manage", "a stranger whose role names it", false},
		{"app.manage", "a member, about a member", false},
		{"project.update", "a member whose role names it", true},
		{"dataset.read", "a member whose role names it", false},
		{"store.backup", "a member whose role names it", false},
		{"tenant.delete", "a member whose role names it", false},
		{"dataset.read", "a viewer, permitted to read", true},
		{"dataset.read", "a viewer, permitted to share", false},
		{"dataset.grant", "a viewer, permitted to share", true},
		{"dataset.grant", "an owner, about a member", false},
		{"dataset.grant", "a viewer, permitted to write", false},
		{"dataset.create", "a person about what is theirs, in no tenant", true},
		{"dataset.create", "a stranger, about what is theirs", false},
		{"role.read", "a viewer, about what is theirs", true},
		{"organization.read", "a stranger, about what is theirs", true},
		{"organization.read", "a stranger, about a member", false},
		{"organization.usage", "a stranger, about what is theirs", false},
		{"organization.usage", "an owner, about a member", false},
		{"organization.usage", "an organization's administrator, about a member", true},
		{"organization.usage", "the platform, about a member", true},
		{"organization.update", "an organization's administrator, about a member", true},
		{"organization.create", "an organization's administrator, about a member", false},
		{"organization.create", "the platform, about a member", true},
		{"member.add", "an organization's administrator, about a member", true},
		{"tenant.delete", "an organization's administrator, about a member", false},
		{"member.add", "a user manager, about a member, through cognee", true},
		{"member.add", "a user manager, about a member, through proxy", false},
		{"member.add", "a user manager, about a member", false},
		{"member.leave", "a user manager, about themself, through cognee", true},
		{"member.leave", "a member, about themself, through cognee", false},
		{"member.leave", "an admin, about themself, through processmind", false},
		{"role.list", "a user manager, about a member, through cognee", true},
		{"invitation.accept", "a stranger, about themself", true},
		{"invitation.accept", "an owner, about a member", false},
	} {
		want, found := wantOf(files[row.action], row.name)
		if !found || want.Allow != row.want {
			t.Errorf("%s: %s: the vector says %t (found: %t), the contract %t", row.action, row.name, want.Allow, found, row.want)
		}
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
		{"role.create", "an admin hands out tenant.delete", []tenancy.Code{"actions_exceeded"}},
		{"role.create", "an owner hands out store.backup", []tenancy.Code{"actions_exceeded"}},
		{"role.update", "an admin hands out app.manage", nil},
		{"member.add", "an organization's administrator hands out tenant.delete", nil},
		{"invitation.create", "an admin gives owner", []tenancy.Code{"owner_by_transfer_only", "rank_exceeded"}},
		{"invitation.accept", "all seats are taken", []tenancy.Code{"member_limit"}},
		{"member.remove", "a member who may manage users, about an admin, through cognee", nil},
		{"member.remove", "a member who may manage users, about an admin, through native", []tenancy.Code{"rank_exceeded"}},
		{"tenant.transfer", "an organization's administrator, about a member", []tenancy.Code{"rank_exceeded"}},
		{"member.remove", "an organization's administrator, about the owner", []tenancy.Code{"owner_permanent"}},
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
	packed, err := BuiltInVectors()
	if err != nil {
		t.Fatal(err)
	}
	files, err := readVectors(packed)
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
