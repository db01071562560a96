package archtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// ruleBook is the folder of the policies. opa would load any other JSON or YAML file below it as data.
const ruleBook = "policies"

func TestRuleBook(t *testing.T) {
	for _, f := range ruleBookFaults(t, os.DirFS(repository(t))) {
		t.Error(f)
	}
}

func TestRuleBookFaultsAreFound(t *testing.T) {
	rule := []byte("package membership.forbid\n\nimport rego.v2\n")
	for _, row := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"a rule and its test", map[string][]byte{"membership/forbid/x.rego": rule, "membership/forbid/x_test.rego": rule}, ""},
		{"the data and the embedding", map[string][]byte{"roles/data.yaml": nil, "dialects/data.yaml": nil, "embed.go": nil}, ""},
		{"a schema among the rules", map[string][]byte{"membership/input.schema.json": nil}, "is no place for"},
		{"a rule without a test", map[string][]byte{"membership/forbid/x.rego": rule}, "no test beside it"},
		{"an older language", map[string][]byte{
			"membership/forbid/x.rego":      []byte("package membership.forbid\n\nimport rego.v1\n"),
			"membership/forbid/x_test.rego": rule,
		}, "does not import rego.v2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, data := range row.files {
				root[path.Join(ruleBook, name)] = &fstest.MapFile{Data: data}
			}
			faults := ruleBookFaults(t, root)
			if row.want == "" && len(faults) > 0 || row.want != "" && (len(faults) != 1 || !strings.Contains(faults[0].what, row.want)) {
				t.Errorf("got %v, want %q", faults, row.want)
			}
		})
	}
}

// ruleBookFaults finds strange files below policies/, rules without a test beside them and files that do not import
// rego.v2, without which a negated missing fact silently disarms a rule.
func ruleBookFaults(t *testing.T, root fs.FS) []fault {
	t.Helper()
	var faults []fault
	err := fs.WalkDir(root, ruleBook, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) != ".rego" {
			faults = append(faults, strangers(name)...)
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if !bytes.Contains(source, []byte("\nimport rego.v2\n")) {
			faults = append(faults, fault{name, "does not import rego.v2"})
		}
		rule := strings.TrimSuffix(name, ".rego")
		if strings.HasSuffix(rule, "_test") {
			return nil
		}
		if _, err := fs.Stat(root, rule+"_test.rego"); errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, fault{name, "has no test beside it"})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func strangers(name string) []fault {
	switch path := strings.TrimPrefix(name, ruleBook+"/"); path {
	case "embed.go", "roles/data.yaml", "dialects/data.yaml":
		return nil
	}
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	return []fault{{name, ruleBook + "/ is no place for it: only .rego files, roles/data.yaml, dialects/data.yaml and embed.go"}}
}
