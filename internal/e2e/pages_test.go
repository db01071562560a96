package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What the program has and a page promises to list in full: every match of
// the expression in the source stands in the page, between backquotes.
var lists = []struct{ what, source, words, page string }{
	{"setting", "internal/config/settings.go", `"(MEMBERWARD_[A-Z_]+[A-Z])"`, "docs/configuration.md"},
	{"metric", "internal/telemetry/metrics.go", `Name: +"(memberward_[a-z_]+)"`, "docs/operations.md"},
	{"metric of the store", "internal/app/observe.go", `"(memberward_[a-z_]+)"`, "docs/operations.md"},
	{"key of the bootstrap file", "internal/config/bootstrap.go", "yaml:\"([a-z_]+)\"", "docs/bootstrap.md"},
	{"action", "internal/tenancy/action.go", `Action = "([a-z._]+)"`, "docs/policies.md"},
	{"code", "internal/tenancy/finding.go", `Code = "([a-z_]+)"`, "docs/policies.md"},
	{"operation", "internal/api/cognee/cognee.go", `Path: "(/api/v1/[a-z/_:-]+)"`, "docs/dialects/cognee.md"},
	{"operation", "internal/api/llamacloud/llamacloud.go", `Path: "(/api/v1/[a-z/_:-]+)"`, "docs/dialects/llamacloud.md"},
	{"operation", "internal/api/cogniac/cogniac.go", `Path: "(/[0-9]+/[a-z/_:-]+)"`, "docs/dialects/cogniac.md"},
	{"operation", "internal/api/processmind/processmind.go", `Path: "(/tenant[A-Za-z/:]+)"`, "docs/dialects/processmind.md"},
	{"operation", "internal/api/authzen/authzen.go", `= "(/[a-z./0-9-]+)"`, "docs/dialects/authzen.md"},
	{"header for the application", "internal/proxy/headers.go", `= "(X-[A-Za-z-]+)"`, "docs/proxies/nginx.md"},
	{"header for the application", "internal/proxy/headers.go", `= "(X-[A-Za-z-]+)"`, "docs/proxies/caddy.md"},
	{"header that is read", "internal/proxy/forward.go", `= "(X-[A-Za-z-]+)"`, "docs/proxies/caddy.md"},
	{"header that is read", "internal/proxy/forward.go", `= "(X-[A-Za-z-]+)"`, "docs/proxies/haproxy.md"},
	{"fault that the doctor finds", "internal/doctor/mend.go", `\{"([a-z_]+)", "[A-Z]`, "docs/proxies/doctor.md"},
}

func TestThePagesListWhatThereIs(t *testing.T) {
	for _, list := range lists {
		source, err := os.ReadFile(filepath.Join("../..", list.source))
		if err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(filepath.Join("../..", list.page))
		if err != nil {
			t.Fatal(err)
		}
		words := regexp.MustCompile(list.words).FindAllStringSubmatch(string(source), -1)
		if len(words) < 3 {
			t.Errorf("%s: only %d of the kind %q found", list.source, len(words), list.what)
		}
		for _, word := range words {
			if !names(string(page), word[1]) {
				t.Errorf("%s does not name the %s %s", list.page, list.what, word[1])
			}
		}
	}
}

// parameter is how a route writes one; pages write it in braces.
var parameter = regexp.MustCompile(`:([A-Za-z_]+)`)

// names reports whether a page has the word between backquotes, alone or
// beside others.
func names(page, word string) bool {
	word = parameter.ReplaceAllString(word, "{$1}")
	return regexp.MustCompile("`([^`\n]*[^`\n\\w/.])?" + regexp.QuoteMeta(word) + "([^`\n\\w/.][^`\n]*)?`").MatchString(page)
}

// The guards above, each with a page that it has to find.
func TestAPageThatPromisesTooMuchIsFound(t *testing.T) {
	found, err := blocks("```sh\necho hello\n```\n```text\ngoodbye\n```\n")
	if err != nil || len(found) != 1 || found[0].want != "goodbye\n" {
		t.Errorf("blocks = %+v, %v", found, err)
	}
	for _, page := range []string{"```sh srver\nx\n```\n", "  ```sh\n  x\n  ```\n", "```text\nx\n```\n"} {
		if found, err := blocks(page); err == nil {
			t.Errorf("blocks(%q) = %+v, want an error", page, found)
		}
	}
	said := []string{"hello", `{"allow":true}`, `{"allow":false}`}
	for _, row := range []struct {
		want string
		kept bool
	}{
		{"hello\n…true…\n…false…\n", true},
		{"goodbye\n", false},
		{"hell\n", false},                    // a part of a line
		{"…false…\n…true…\n", false},         // another order
		{"…allow…\n…allow…\n…allow…", false}, // one line stands for one
	} {
		if line, kept := keeps(said, row.want); kept != row.kept {
			t.Errorf("keeps(%q) = %q, %v", row.want, line, kept)
		}
	}
	if page := "| `user.read_all`, `x user.find y` |"; names(page, "user.read") || !names(page, "user.find") {
		t.Error("a longer word stands for a shorter one")
	}
}

func TestABlockThatFailsIsFound(t *testing.T) {
	r := newReader(t, "a planted page", filepath.Join(t.TempDir(), "memberward"))
	if _, code := r.paste("true\nfalse\n"); code != "1" {
		t.Errorf("the code of a failed block is %q", code)
	}
	if _, code := r.paste("false\ntrue\n"); code != "0" {
		t.Errorf("the code of a block that ends well is %q", code)
	}
}
