package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// point is a decision point of AuthZEN that runs with one of the fixtures.
type point struct {
	t   *testing.T
	url string
}

const pointKey = "the platform's key in the tests of AuthZEN"

func newPoint(t *testing.T, fixture string) point {
	t.Helper()
	folder := filepath.Join("../../testdata/authzen", fixture)
	cfg := settings(t.TempDir())
	cfg.Bootstrap, cfg.Policies, cfg.BootstrapKey = filepath.Join(folder, "bootstrap.yaml"), filepath.Join(folder, "policies"), pointKey
	r := launch(t, cfg)
	t.Cleanup(func() { r.stop(t) })
	return point{t, "http://" + r.at.API + "/access/v1/"}
}

// pointAnswer is what any of the endpoints may say.
type pointAnswer struct {
	Decision    *bool
	Evaluations []struct{ Decision *bool }
	Results     []map[string]string
	Page        *struct {
		Next *string `json:"next_token"`
	}
}

func (p point) ask(path, body string) pointAnswer {
	p.t.Helper()
	status, text := call(p.t, http.MethodPost, p.url+path, body, "Authorization", "Bearer "+pointKey)
	var got pointAnswer
	if err := json.Unmarshal([]byte(text), &got); status != http.StatusOK || err != nil {
		p.t.Fatalf("%s %s = %d %s", path, body, status, text)
	}
	return got
}

func (p point) decides(body string, want bool) {
	p.t.Helper()
	if got := p.ask("evaluation", body); got.Decision == nil || *got.Decision != want {
		p.t.Errorf("%s is decided otherwise than %v", body, want)
	}
}

// finds follows a search to its end, in pages of two, and gives the ids or
// names of all results.
func (p point) finds(part, body string) []string {
	p.t.Helper()
	found, token := []string{}, ""
	for range 100 {
		got := p.ask("search/"+part, strings.TrimSuffix(body, "}")+fmt.Sprintf(`,"page":{"limit":2,"token":%q}}`, token))
		for _, result := range got.Results {
			found = append(found, result["id"]+result["name"])
		}
		if got.Page == nil || got.Page.Next == nil || len(got.Results) > 2 {
			p.t.Fatalf("no page of two: %+v", got)
		}
		if token = *got.Page.Next; token == "" {
			return found
		}
	}
	p.t.Fatal("the search does not end")
	return nil
}

func question(subject, action, resource string) string {
	return fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":%q},"resource":{"type":"record","id":%q}}`, subject, action, resource)
}

// The rules and results of the certification scenario (Authorization API 1.0 -
// Certification Scenario, "Required Policy Behaviour"), through --bootstrap and
// --policies.
func TestTheCertificationFixture(t *testing.T) {
	p := newPoint(t, "")
	p.decides(question("alice", "read", "record-1"), true)
	p.decides(question("alice", "write", "record-1"), true)
	p.decides(question("bob", "read", "record-1"), true)
	p.decides(question("bob", "write", "record-1"), false)
	archived := `"resource":{"type":"record","id":"record-2","properties":{"status":"archived"}}`
	admin := `{"subject":{"type":"user","id":"bob","properties":{"role":"admin"}},`
	p.decides(`{"subject":{"type":"user","id":"alice"},"action":{"name":"write"},`+archived+`}`, false)
	p.decides(strings.Replace(question("alice", "write", "record-1"), `"record-1"`, `"record-1","properties":{"status":"archived"}`, 1), false)
	p.decides(admin+`"action":{"name":"write"},`+archived+`}`, true)
	p.decides(strings.Replace(question("alice", "delete", "record-1"), `"delete"`, `"delete","properties":{"soft":true}`, 1), true)
	p.decides(strings.Replace(question("alice", "delete", "record-1"), `"delete"`, `"delete","properties":{"soft":false}`, 1), false)
	p.decides(question("nobody", "read", "record-1"), false)
	for what, row := range map[string]struct {
		part, body string
		want       []string
	}{
		"who reads":                   {"subject", `{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`, []string{"alice", "bob"}},
		"who writes what is archived": {"subject", `{"subject":{"type":"user"},"action":{"name":"write"},` + archived + `}`, []string{"bob"}},
		"what alice reads":            {"resource", `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record"}}`, []string{"record-1", "record-2"}},
		"what an admin writes":        {"resource", admin + `"action":{"name":"write"},"resource":{"type":"record"}}`, []string{"record-2"}},
		"what alice does":             {"action", `{"subject":{"type":"user","id":"alice"},"resource":{"type":"record","id":"record-1"}}`, []string{"read", "write"}},
		"what an admin does":          {"action", admin + archived + `}`, []string{"read", "write"}},
		"who is of no known type":     {"subject", `{"subject":{"type":"spaceship"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`, []string{}},
	} {
		if got := p.finds(row.part, row.body); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", what, got, row.want)
		}
	}
}

// interopRecords are what each user may do with which records (AuthZEN interop,
// "Search").
var interopRecords = map[string]map[string]string{
	"alice": {"view": "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120", "edit": "101 107 110 113 119", "delete": "101 107 113 119"},
	"bob":   {"view": "101 102 103 105 108 112 114 116 117 119 120", "edit": "102 108 114 120", "delete": "102 108 114 120"},
	"carol": {"view": "101 102 103 105 108 109 112 115 116 117 119", "edit": "103 109 115", "delete": "103 109 115"},
	"dan":   {"view": "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120", "edit": "104 110 115 116", "delete": "104 110 116"},
	"erin":  {"view": "105 111 115 117", "edit": "105 111 117", "delete": "105 111 117"},
	"felix": {"view": "104 106 109 111 112 114 118 120", "edit": "106 112 118", "delete": "106 112 118"},
}

// The search scenario: the three searches and the evaluation agree with the
// table in each of its 360 cells.
func TestTheSearchScenario(t *testing.T) {
	p := newPoint(t, "interop")
	may := func(user, action, record string) bool { return strings.Contains(interopRecords[user][action], record) }
	users := []string{"alice", "bob", "carol", "dan", "erin", "felix"}
	for _, user := range users {
		for action, records := range interopRecords[user] {
			body := fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":%q},"resource":{"type":"record"}}`, user, action)
			if got := p.finds("resource", body); strings.Join(got, " ") != records {
				t.Errorf("%s may %s %v, want %s", user, action, got, records)
			}
		}
	}
	for n := 101; n <= 120; n++ {
		record := fmt.Sprint(n)
		for _, action := range []string{"view", "edit", "delete"} {
			want := slices.DeleteFunc(slices.Clone(users), func(user string) bool { return !may(user, action, record) })
			body := fmt.Sprintf(`{"subject":{"type":"user"},"action":{"name":%q},"resource":{"type":"record","id":%q}}`, action, record)
			if got := p.finds("subject", body); !slices.Equal(got, want) {
				t.Errorf("%s %s: %v, want %v", action, record, got, want)
			}
		}
		for _, user := range users {
			want := slices.DeleteFunc([]string{"delete", "edit", "view"}, func(action string) bool { return !may(user, action, record) })
			body := fmt.Sprintf(`{"subject":{"type":"user","id":%q},"resource":{"type":"record","id":%q}}`, user, record)
			if got := p.finds("action", body); !slices.Equal(got, want) {
				t.Errorf("%s and %s: %v, want %v", user, record, got, want)
			}
			p.decides(question(user, "edit", record), may(user, "edit", record))
		}
	}
	for part, body := range map[string]string{"subject": question("alice", "view", "121"), "resource": question("zoe", "view", "101"), "action": question("alice", "view", "121")} {
		if got := p.finds(part, body); len(got) != 0 {
			t.Errorf("%s %s: %v, want nothing", part, body, got)
		}
	}
}

// todoUsers are those of the todo scenario, whose ids are what their identity
// provider calls them.
var todoUsers = []struct{ id, mail, creates, updates, deletes string }{
	{"CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "rick@the-citadel.com", "yes", "all", "all"},
	{"CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "morty@the-citadel.com", "yes", "own", "own"},
	{"CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "summer@the-smiths.com", "yes", "own", "own"},
	{"CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "beth@the-smiths.com", "no", "no", "no"},
	{"CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "jerry@the-smiths.com", "no", "no", "no"},
}

// The todo scenario: every user asks about everybody's todo, one by one and
// together.
func TestTheTodoScenario(t *testing.T) {
	p := newPoint(t, "interop")
	for _, user := range todoUsers {
		ask := func(action, resource string, want bool) {
			t.Helper()
			p.decides(fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":%q},"resource":%s,"context":{}}`, user.id, action, resource), want)
		}
		todos, updates := []string{}, []bool{}
		for _, owner := range todoUsers {
			todo := fmt.Sprintf(`{"type":"todo","id":"7240d0db-8ff0-41ec-98b2-34a096273b9f","properties":{"ownerID":%q}}`, owner.mail)
			own := func(whose string) bool { return whose == "all" || whose == "own" && owner == user }
			ask("can_read_user", fmt.Sprintf(`{"type":"user","id":%q}`, owner.mail), true)
			ask("can_update_todo", todo, own(user.updates))
			ask("can_delete_todo", todo, own(user.deletes))
			todos, updates = append(todos, `{"resource":`+todo+`}`), append(updates, own(user.updates))
		}
		ask("can_read_todos", `{"type":"todo","id":"todo-1"}`, true)
		ask("can_create_todo", `{"type":"todo","id":"todo-1"}`, user.creates == "yes")
		together := fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":"can_update_todo"},"resource":{},"context":{},"evaluations":[%s]}`, user.id, strings.Join(todos, ","))
		var got []bool
		for _, evaluation := range p.ask("evaluations", together).Evaluations {
			got = append(got, evaluation.Decision != nil && *evaluation.Decision)
		}
		if !slices.Equal(got, updates) {
			t.Errorf("%s updates %v, want %v", user.mail, got, updates)
		}
	}
}
