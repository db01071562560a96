//go:build !race

package policy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestConformHoldsASetAgainstVectors: the built-in set agrees, and sets with a
// rule more or less do not.
func TestConformHoldsASetAgainstVectors(t *testing.T) {
	vectors, err := BuiltInVectors()
	if err != nil {
		t.Fatal(err)
	}
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
			result, err := Conform(context.Background(), row.source, vectors, &out)
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
	vectors, err := BuiltInVectors()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := Conform(context.Background(), Dir(t.TempDir()), vectors, &out); err == nil || out.Len() > 0 {
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
