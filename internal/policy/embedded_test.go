package policy

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the digest of the embedded policies, once their tests have passed, and the conformance vectors")

// TestEmbeddedSetIsTested runs the tests of the embedded rules. Its digest is
// what lets the program load them without running the tests again.
func TestEmbeddedSetIsTested(t *testing.T) {
	var out bytes.Buffer
	result, err := Test(context.Background(), Embedded(), &out)
	if err != nil {
		t.Fatal(err)
	}
	if result.Failed > 0 || result.Skipped > 0 || result.Passed == 0 || result.Coverage != 100 {
		t.Fatalf("the embedded policies do not pass with full coverage:\n%s", out.String())
	}
	files, err := Embedded().read()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("tested.sha256", []byte(digest(files)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if digest(files) != strings.TrimSpace(testedDigest) {
		t.Fatal("the rules changed and pass; renew their digest: go test ./internal/policy -run TestEmbeddedSetIsTested -update")
	}
}

// parsedBook gives a rule book, ready to be compiled.
func parsedBook(t *testing.T, source Source) *loading {
	t.Helper()
	l, err := begin(source)
	if err != nil {
		t.Fatal(err)
	}
	if l.read(); len(l.problems) == 0 {
		l.parse()
	}
	if len(l.problems) > 0 {
		t.Fatal(l.problems)
	}
	return l
}

func TestEmbeddedSet(t *testing.T) {
	set := load(t, Embedded())
	if set.Source() != "embedded" || len(set.Digest()) != 64 || !strings.HasPrefix(set.Digest(), set.Revision()) || set.Revision() == "" {
		t.Errorf("got source %q, digest %q, revision %q", set.Source(), set.Digest(), set.Revision())
	}
	if NewEngine(set).Active() != set {
		t.Error("the engine's active set is another one")
	}
}

func TestCatalogue(t *testing.T) {
	set := load(t, Embedded())
	found := map[Kind]int{}
	objections := map[string]bool{}
	for i, rule := range set.Catalogue() {
		found[rule.Kind]++
		if rule.Title == "" || rule.Description == "" || !strings.HasSuffix(rule.File, ".rego") {
			t.Errorf("rule %d says too little: %+v", i, rule)
		}
		if (rule.Kind == KindObjection) != (rule.Code != "") {
			t.Errorf("objections and only they have a code: %+v", rule)
		}
		objections[rule.Code] = true
	}
	if found[KindGrant] < 8 || found[KindObjection] != 11 || found[KindAccess] < 6 {
		t.Errorf("got %v rules", found)
	}
	for _, code := range []string{
		"owner_permanent", "last_administrator", "member_limit", "rank_exceeded", "actions_exceeded", "owner_by_transfer_only", "not_permitted",
		"facts_incomplete",
	} {
		if !objections[code] {
			t.Errorf("no rule with the code %s", code)
		}
	}
	set.Catalogue()[0].Title = "spoilt"
	if set.Catalogue()[0].Title == "spoilt" {
		t.Error("the caller can change the set's catalogue")
	}
}
