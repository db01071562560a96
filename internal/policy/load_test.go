package policy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/policies"
)

const (
	header    = "import rego.v2\n\n"
	allowAll  = "package membership\n\n" + header + `decision := {"allow": true, "granted": true, "violations": set()}` + "\n"
	accessAll = "package access\n\n" + header + "default allow := false\n\nallow if input.actor.active\n"
)

// objectionUsing is an operator's rule with one line of its own.
func objectionUsing(line string) book {
	return book{"membership/forbid/own.rego": "package membership.forbid\n\n" + header +
		`violation contains {"code": "own", "message": "own"} if {` + "\n\tinput.action.name == \"member.remove\"\n\t" + line + "\n}\n"}
}

// refused is a change to the shipped set that Load must not take.
type refused struct {
	name    string
	changes book
	want    []string // parts of the message, in any order
}

const (
	decisionFile = "membership/decision.rego"
	accessFile   = "access/access.rego"
	rolesFile    = "roles/data.yaml"
)

// outsideTheLanguage are faults that a compiler finds.
func outsideTheLanguage() []refused {
	return []refused{
		{"a misspelt fact", objectionUsing(`input.actor.levle == "admin"`), []string{"membership/forbid/own.rego:7", "levle"}},
		{"a fact of another type", objectionUsing(`input.tenant.members == "3"`), []string{"membership/forbid/own.rego:7", "match error"}},
		{"a fact that does not exist", objectionUsing(`input.tenent.id == ""`), []string{"tenent"}},
		{"a function that fails on a neutral value", objectionUsing(`net.cidr_contains("192.0.2.0/24", input.http.client_ip)`), []string{"membership/forbid/own.rego:7", "policy_error"}},
		{"the network", objectionUsing(`http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200`), []string{"http.send"}},
		{"a look-up of names", objectionUsing(`net.lookup_ip_addr("localhost")`), []string{"net.lookup_ip_addr"}},
		{"a schema from elsewhere", objectionUsing(`json.match_schema(input, {"$ref": "http://127.0.0.1"})[0]`), []string{"json.match_schema"}},
		{"the host", objectionUsing(`opa.runtime().env.HOME == "/"`), []string{"opa.runtime"}},
		{"randomness", objectionUsing(`rand.intn("x", 2) == 1`), []string{"rand.intn"}},
		{"random ids", objectionUsing(`uuid.rfc4122("x") == ""`), []string{"uuid.rfc4122"}},
		{"a variable that nobody uses", objectionUsing(`x := 1`), []string{"membership/forbid/own.rego:7", "unused"}},
		{
			"two faults in two files",
			book{"membership/forbid/a.rego": "package membership.forbid\nimport rego.v2\nx if input.a\n", "membership/grant/b.rego": "package membership.grant\nimport rego.v2\ny if input.b\n"},
			[]string{"membership/forbid/a.rego:3", "membership/grant/b.rego:3"},
		},
		{"what is no Rego", book{"membership/forbid/own.rego": "package membership.forbid\n\nallow {"}, []string{"membership/forbid/own.rego:3", "rego_parse_error"}},
		{"an empty file", book{"membership/forbid/own.rego": " "}, []string{"membership/forbid/own.rego"}},
		{"NUL", book{"membership/forbid/own.rego": "package membership.forbid\x00"}, []string{"membership/forbid/own.rego:1"}},
		{
			"a rule without import rego.v2",
			book{"membership/forbid/own.rego": "package membership.forbid\n\nx := 1\n"},
			[]string{"membership/forbid/own.rego:1", "rego.v2"},
		},
	}
}

// outsideTheContract are faults of sets that compile.
func outsideTheContract() []refused {
	return []refused{
		{"no decision", book{decisionFile: ""}, []string{"there is no data.membership.decision"}},
		{"no access", book{accessFile: ""}, []string{"there is no data.access.allow"}},
		{
			"neither",
			book{decisionFile: "", accessFile: ""},
			[]string{"there is no data.access.allow and no data.membership.decision; name the folder that holds access/, membership/ and roles/"},
		},
		{"access is a word", book{accessFile: "package access\n\n" + header + `allow := "yes"`}, []string{"access/access.rego:5: data.access.allow is string"}},
		{"access is a function", book{accessFile: "package access\n\n" + header + "allow(x) := x == 1"}, []string{"data.access.allow"}},
		{
			"violations are words",
			book{decisionFile: "package membership\n\n" + header + `decision := {"allow": false, "granted": false, "violations": {"no"}}`},
			[]string{"membership/decision.rego:5: data.membership.decision is"},
		},
		{"everything is allowed", book{decisionFile: allowAll}, []string{"probe: the platform removes the owner: is allowed", "probe: the empty input is allowed"}},
		{"every access is allowed", book{accessFile: accessAll}, []string{"probe: a stranger reads a resource: is allowed"}},
		{
			"an undefined answer",
			book{accessFile: "package access\n\n" + header + "allow if {\n\tinput.actor.active\n\tinput.actor.member\n\tinput.actor.level == \"admin\"\n\t\"*\" in input.actor.scopes\n}\n"},
			[]string{"probe: nobody reads a resource: policy_undefined"},
		},
		{"a level gets more than its ceiling", book{rolesFile: "changes: {viewer: [member.add]}\naccess: {member: [audit.read], owner: [tenant.read]}\nleave: {}\nfind: []\n"}, []string{
			"data.roles.changes.viewer: member.add is beyond", "data.roles.access.member: audit.read is beyond",
		}},
		{"a change without its objections", book{rolesFile: "changes: {}\naccess: {owner: [member.remove]}\nleave: {}\nfind: []\n"}, []string{"member.remove belongs in the other table"}},
		{"a level that is none", book{rolesFile: "changes: {}\naccess: {owner: [], emperor: []}\nleave: {}\nfind: []\n"}, []string{"data.roles.access.emperor"}},
		{"an action that is none", book{rolesFile: "changes: {}\naccess: {owner: [\"Tenant Read\", 7]}\nleave: {}\nfind: []\n"}, []string{"Tenant Read", "7"}},
		{"a role table that is none", book{rolesFile: "changes: all\naccess: {owner: all}\nleave: {}\nfind: []\n"}, []string{"data.roles.changes", "data.roles.access.owner"}},
		{"data that is none", book{rolesFile: "changes: [\n"}, []string{"roles/data.yaml"}},
		{"data twice", book{"roles/more.json": `{"leave": {}}`}, []string{"another file has leave already"}},
		{"data where a rule stands", book{"access/data.json": `{"allow": true}`}, []string{"access/access.rego", "conflict"}},
		{
			"a failing test",
			book{"membership/own_test.rego": "package membership_test\n\n" + header + "test_own if false\n"},
			[]string{"membership/own_test.rego:5: data.membership_test.test_own"},
		},
		{
			"a failing case",
			book{"membership/own_test.rego": "package membership_test\n\n" + header + "test_own[name] if {\n\tsome name, tc in {\"first\": 1, \"second\": 2}\n\ttc == 1\n}\n"},
			[]string{"membership/own_test.rego:5", "[second]"},
		},
		{
			"a rule that leans on a test",
			book{
				"membership/forbid/own.rego":      "package membership.forbid\n\n" + header + "import data.membership.forbid_test.x\n\nviolation contains {\"code\": \"x\", \"message\": \"y\"} if x(1)\n",
				"membership/forbid/own_test.rego": "package membership.forbid_test\n\n" + header + "x(y) if y == 2\n",
			},
			[]string{"membership/forbid/own.rego:7"},
		},
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, row := range slices.Concat(outsideTheLanguage(), outsideTheContract(), unreadRules(), unlikelySentences()) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			set, err := Load(context.Background(), withoutTests(t, row.changes), Options{Clock: time.Now})
			var refusal *LoadError
			if !errors.As(err, &refusal) || set != nil {
				t.Fatalf("got %v, want a *LoadError", err)
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v\nwant a message with %q", err, part)
				}
			}
		})
	}
}

// TestLoadAccepts is the other side: the same kinds of change, done well.
func TestLoadAccepts(t *testing.T) {
	for name, changes := range soundSentences() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			load(t, withoutTests(t, changes))
		})
	}
	for _, row := range []struct {
		name    string
		changes book
	}{
		{"the shipped set", nil},
		{"an objection of an operator's own", objectionUsing(`input.context.ticket == ""`)},
		{"the request in Envoy's words", objectionUsing(`input.attributes.request.http.headers["x-own"] == "1"`)},
		{"what the caller sends is open", objectionUsing(`input.http.headers["x-own"][_] == input.route.params.own`)},
		{"the transaction's time", objectionUsing(`time.now_ns() < 0`)},
		{"an address range", objectionUsing(`input.http.client_ip != ""` + "\n\t" + `net.cidr_contains("192.0.2.0/24", input.http.client_ip)`)},
		{"less for a level", book{"roles/data.yaml": "changes: {owner: [member.add]}\naccess: {viewer: []}\nleave: {}\nfind: []\n"}},
		{"no role table", book{"roles/data.yaml": ""}},
		{"another file beside the rules", book{"README.md": "rules", "membership/notes.txt": "package nothing"}},
		{"hidden copies", book{".git/x.rego": "package", "..2026/membership/decision.rego": "package", "membership/.x.rego": "package"}},
		{"violations known only at run time", book{
			"own/data.json":              `{"list": [{"code": "own", "message": "own"}]}`,
			"membership/forbid/own.rego": "package membership.forbid\n\n" + header + "violation contains v if {\n\tinput.context.own\n\tsome v in data.own.list\n}\n",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			load(t, withoutTests(t, row.changes))
		})
	}
}

func TestLoadOfAFolder(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, policies.Files); err != nil {
		t.Fatal(err)
	}
	embedded, set := load(t, Embedded()), load(t, Dir(folder))
	if set.Digest() != embedded.Digest() || set.Source() != folder {
		t.Errorf("got digest %s of %s, want that of the embedded set, %s", set.Digest(), set.Source(), embedded.Digest())
	}
	name := filepath.Join(folder, "roles", "data.yaml")
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(content, "# changed\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed := load(t, Dir(folder)); changed.Digest() == set.Digest() || changed.Revision() == set.Revision() {
		t.Error("another set has the same digest")
	}
}

// TestLoadOfAVolume reads the layout that Kubernetes gives to a mounted map:
// each file a link into a hidden folder.
func TestLoadOfAVolume(t *testing.T) {
	folder := t.TempDir()
	hidden := filepath.Join(folder, "..2026_01_01")
	if err := os.MkdirAll(hidden, 0o700); err != nil {
		t.Fatal(err)
	}
	err := fs.WalkDir(policies.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		content, err := fs.ReadFile(policies.Files, name)
		if err != nil {
			return err
		}
		flat := strings.ReplaceAll(name, "/", "-")
		if err := os.WriteFile(filepath.Join(hidden, flat), content, 0o600); err != nil {
			return err
		}
		return os.Symlink(filepath.Join("..2026_01_01", flat), filepath.Join(folder, flat))
	})
	if err != nil {
		t.Fatal(err)
	}
	load(t, Dir(folder))
}

func TestLoadFindsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.rego")
	if err := os.WriteFile(file, []byte(allowAll), 0o600); err != nil {
		t.Fatal(err)
	}
	above := t.TempDir()
	if err := os.CopyFS(filepath.Join(above, "rules"), policies.Files); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(above, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		source Source
		want   string
	}{
		{"no source", Source{}, "no policies were named"},
		{"a folder that is not there", Dir(filepath.Join(above, "gone")), "there is no folder " + filepath.Join(above, "gone")},
		{"a folder above", Dir(above), "did you mean " + filepath.Join(above, "rules") + "?"},
		{"a folder below", Dir(filepath.Join(above, "rules", "access")), "there is no data.membership.decision; name the folder that holds access/, membership/ and roles/"},
		{"a file", Dir(file), "file.rego"},
		{"an empty folder", Dir(t.TempDir()), "no data.membership.decision; name the folder"},
		{"far too much", book{"data.json": strings.Repeat(" ", sourceLimit+1)}.source(), "bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Load(context.Background(), row.source, Options{Clock: time.Now})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestLoadWantsAClock(t *testing.T) {
	if _, err := Load(context.Background(), Embedded(), Options{}); err == nil {
		t.Error("a set without a clock has no time limit")
	}
}

// TestLoadOfAnUntestedSet: what was embedded without its tests having passed
// does not start.
func TestLoadOfAnUntestedSet(t *testing.T) {
	source := shipped(t, book{"roles/data.yaml": "leave: {}\nfind: []\nchanges: {}\naccess: {owner: []}\n"})
	source.embedded = true
	_, err := Load(context.Background(), source, Options{Clock: time.Now})
	if err == nil || !strings.Contains(err.Error(), "-update") {
		t.Errorf("got %v, want a refusal that names the command", err)
	}
}

func TestDigest(t *testing.T) {
	one := digest([]file{{"a.rego", []byte("x")}, {"b.rego", []byte("y")}})
	for _, other := range [][]file{
		{{"a.rego", []byte("x")}},
		{{"a.rego", []byte("x")}, {"b.rego", []byte("z")}},
		{{"a.rego", []byte("x")}, {"c.rego", []byte("y")}},
		{{"a.rego", []byte("xb.regoy")}},
		{{"a.regox", nil}, {"b.rego", []byte("y")}},
	} {
		if digest(other) == one {
			t.Errorf("%v has the digest of another set", other)
		}
	}
}
