package app

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

var sequences = flag.Int("sequences", 0, "how many random sequences run through all dialects; 0: 100, and 10,000 with MEMBERWARD_FULL=1")

const (
	sequencePeople = 7
	sequenceLength = 30
	perStore       = 100 // sequences, each with two tenants of its own
)

// Whatever is asked through whichever API, the answer and the members are those
// of the model.
func TestSequencesThroughAllDialects(t *testing.T) {
	wanted := *sequences
	if wanted == 0 {
		wanted = 100
		if os.Getenv("MEMBERWARD_FULL") != "" {
			wanted = 10_000
		}
	}
	set, err := policy.Load(t.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string][2]int{} // refused and done
	reached := map[string]bool{}
	for from := 0; from < wanted && !t.Failed(); from += perStore {
		d := openDialects(t, set, sequenceSeed())
		for n := range min(perStore, wanted-from) {
			s := newSequence(d, operationsOfAll(), uint64(from+n), n)
			s.run(asked)
			if t.Failed() {
				t.Fatalf("sequence %d:\n%s", from+n, strings.Join(s.told, "\n"))
			}
		}
		maps.Copy(reached, d.reached)
		if from+perStore >= wanted && wanted >= perStore {
			everyRoute(t, d.routes, reached)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		count := asked[name]
		t.Logf("%-50s %6d done %6d refused", name, count[1], count[0])
		if wanted >= 10*perStore && (count[0] == 0 || count[1] == 0) {
			t.Errorf("%s was never done, or never refused", name)
		}
	}
}

// noMatter are the routes that say nothing of who belongs where: who calls, the
// program itself, what was decided, questions, and what they are about, which
// have tests of their own.
var noMatter = []string{
	"/v1/tokens", "/v1/users/:user/password", "/v1/users/:user/tokens/revoke", "/v1/users/:user/api-keys", "/v1/api-keys/:key",
	"/api/v1/auth/", "/1/token", "/21/", "/openapi.json", "/v1/admin/", "/v1/policies", "/v1/decisions/", "/v1/audit", "/v1/check",
	"/v1/entities/", "/v1/data", "/v0/data", "/opa/v1/policies", "/health", "/access/v1/", "/.well-known/",
}

// everyRoute holds what was asked against what is served.
func everyRoute(t *testing.T, routes gin.RoutesInfo, reached map[string]bool) {
	t.Helper()
	for _, route := range routes {
		name := route.Method + " " + route.Path
		if !reached[name] && !slices.ContainsFunc(noMatter, func(prefix string) bool { return strings.HasPrefix(route.Path, prefix) }) {
			t.Errorf("no operation asks %s", name)
		}
	}
}

// A model that is wrong in one sentence is found.
func TestAWrongModelIsFound(t *testing.T) {
	set, err := policy.Load(t.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]func(c *chamber, in drawn) bool{
		"cogniac: remove":     func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, administratorsLeave) },
		"processmind: remove": func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, anybodyLeaves) },
		"llamacloud: assign":  func(c *chamber, in drawn) bool { return c.change(in.actor, in.user, unchanged) },
		"cognee: take a role": func(c *chamber, in drawn) bool { return c.giveRole(in.actor, in.user, in.role) },
		"processmind: update": func(c *chamber, in drawn) bool { return c.change(in.actor, in.user, administrator(in.flag)) },
		"native: transfer":    func(*chamber, drawn) bool { return false },
		"llamacloud: put":     func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
		"native: batch":       func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
		"cognee: delete a role": func(c *chamber, in drawn) bool {
			c.roles[in.role] = customRole{} // and everybody holds it still
			return c.manages(in.actor) || c.managesUsers(in.actor)
		},
		"cognee: give a role": func(c *chamber, in drawn) bool {
			return c.roles[in.role].there && !c.members[in.user].roles.has(in.role) && c.change(in.actor, in.user, func(s *standing) { s.roles |= 1 << in.role })
		},
		"cognee: grant a capability": func(c *chamber, in drawn) bool { return c.endow(in, c.capable) },
		"cognee: revoke":             func(c *chamber, in drawn) bool { return c.share(in, false) },
		"cogniac: invite":            func(c *chamber, in drawn) bool { return c.invite(in, in.level, false) },
		"native: invite":             func(c *chamber, in drawn) bool { return c.invite(in, in.level, true) },
		"native: suspend":            func(c *chamber, in drawn) bool { return c.suspend(in.user, !in.flag) || in.user == c.owner },
		"native: leave everything":   func(c *chamber, in drawn) bool { return in.actor == in.user && c.acts(in.actor) },
		"llamacloud: quit a project": func(c *chamber, in drawn) bool {
			return c.projects.has(in.project) && c.change(in.actor, in.user, unchanged)
		},
		"processmind: detach a tenant": func(c *chamber, in drawn) bool {
			return c.administers(in.actor) && !c.world.above[c.above].own
		},
		"cogniac: list invitations": members,
		"cogniac: add":              func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
	} {
		planted := operationsOfAll()
		for i := range planted {
			if planted[i].name == name {
				planted[i].model = wrong
				planted = append(planted, slices.Repeat(planted[i:i+1], 20)...)
				break
			}
		}
		d := openDialects(t, set, sequenceSeed())
		d.TB = &listener{TB: t}
		for n := 0; n < perStore && !d.TB.Failed(); n++ {
			newSequence(d, planted, uint64(n), n).run(map[string][2]int{})
		}
		if !d.TB.Failed() {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

// listener hears of failures that are expected.
type listener struct {
	testing.TB
	failed bool
}

// Errorf notes the failure.
func (l *listener) Errorf(string, ...any) { l.failed = true }

// Failed reports whether there was one.
func (l *listener) Failed() bool { return l.failed }

// drawn is what one step is about.
type drawn struct {
	which        int
	tenant       tenancy.TenantID
	above        string // the organization's id
	actor, user  tenancy.UserID
	other        tenancy.UserID // another than user
	level        tenancy.Level  // viewer, member or admin
	flag, second bool
	role         int // of roleNames
	project      int
	permission   int    // of permissionNames
	principal    string // a user's id, a role's name or everybody
	fresh        string // a name that nothing has yet

	roleID, projectID, datasetID, offerID, code string // unknown: of nothing

	made     *made // in the tenant
	selected *made // in the actor's active tenant; nil: it is none of the model's
	founded  map[tenancy.UserID][]string
	spare    *[]string // organizations without tenants
}

// made is what the answers say of what was made in a tenant.
type made struct {
	roles              [len(roleNames)]string // ids, the last ones
	projects, datasets []string
	offers, codes      map[tenancy.UserID]string
	above              string // the organization
}

// unknown is the id of nothing.
const unknown = "0190f000-0000-7000-8000-000000000000"

// or gives the last of some ids, or that of nothing.
func or(ids []string) string {
	if len(ids) == 0 {
		return unknown
	}
	return ids[len(ids)-1]
}

// principalID gives the id of the principal.
func (in drawn) principalID() string {
	switch in.principal {
	case everybody:
		return in.tenant.String()
	case roleNames[in.role]:
		return in.roleID
	default:
		return in.principal
	}
}

// foundedID gives the tenant that the user founded last.
func (in drawn) foundedID() string { return or(in.founded[in.user]) }

// sequence is one run of random operations, beside its model.
type sequence struct {
	*dialects
	rng     *rand.Rand
	model   *world
	people  []tenancy.UserID
	tenants [2]tenancy.TenantID
	made    [2]made
	founded map[tenancy.UserID][]string
	spare   []string
	ops     []operationOfAll
	told    []string
}

// run goes through the whole sequence, as long as all is as the model has it.
func (s *sequence) run(asked map[string][2]int) {
	for n := range sequenceLength {
		if s.step(asked, n); s.Failed() {
			return
		}
	}
	s.compare(0)
	s.compare(1)
	s.compareLists()
	s.compareReach()
}

// draw chooses what a step is about.
func (s *sequence) draw(n int) drawn {
	which := s.rng.IntN(2)
	person := func() tenancy.UserID { return s.people[s.rng.IntN(len(s.people))] }
	m := &s.made[which]
	in := drawn{
		which: which, tenant: s.tenants[which], above: m.above, actor: person(), user: person(), other: person(),
		level: []tenancy.Level{tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin}[s.rng.IntN(3)],
		flag:  s.rng.IntN(2) == 0, second: s.rng.IntN(3) > 0,
		role: s.rng.IntN(len(roleNames)), permission: s.rng.IntN(len(permissionNames)),
		fresh: fmt.Sprintf("x%d-%d-%s", n, s.rng.Uint32(), s.tenants[0].String()[24:]),
		made:  m, founded: s.founded, spare: &s.spare, projectID: unknown, datasetID: or(m.datasets),
	}
	if s.rng.IntN(3) > 0 { // somebody who may, more often than not
		in.actor = s.capable(which)
	}
	s.focus(&in)
	for in.other == in.user {
		in.other = person()
	}
	if len(m.projects) > 0 {
		in.project = s.rng.IntN(len(m.projects))
		in.projectID = m.projects[in.project]
	}
	in.principal = []string{in.user.String(), roleNames[in.role], everybody}[s.rng.IntN(3)]
	in.roleID = cmp.Or(m.roles[in.role], unknown)
	in.offerID, in.code = cmp.Or(m.offers[in.user], unknown), cmp.Or(m.codes[in.user], "none")
	if selected := s.model.people[in.actor].selected; selected > 0 && selected < elsewhere {
		in.selected = &s.made[selected-1]
	}
	return in
}

// focus has a step be about what there is, more often than chance would.
func (s *sequence) focus(in *drawn) {
	c := &s.model.chambers[in.which]
	some := func(is func(tenancy.UserID) bool) (tenancy.UserID, bool) {
		for _, i := range s.rng.Perm(len(s.people)) {
			if is(s.people[i]) {
				return s.people[i], true
			}
		}
		return tenancy.UserID{}, false
	}
	switch s.rng.IntN(7) {
	case 0:
		in.user = in.actor
	case 1:
		if invited, is := some(func(u tenancy.UserID) bool { _, open := c.offers[u]; return open }); is {
			in.user = invited
		}
	case 2:
		if sharer, is := some(func(u tenancy.UserID) bool {
			return len(c.datasets) > 0 && c.reach(u, c.datasets[len(c.datasets)-1]).has(3)
		}); is {
			in.actor = sharer
		}
	case 3:
		if above, is := some(c.administers); is {
			in.actor = above
		}
	case 4:
		if stranger, is := some(func(u tenancy.UserID) bool { _, there := c.members[u]; return !there }); is {
			in.user = stranger
		}
	case 5:
		if manager, is := some(func(u tenancy.UserID) bool { return c.managesUsers(u) && !c.manages(u) }); is {
			in.actor = manager
		}
	}
	for i, role := range c.roles {
		if role.there && s.rng.IntN(2) == 0 {
			in.role = i
		}
	}
}

// capable gives one of those who administer a tenant, or the first.
func (s *sequence) capable(which int) tenancy.UserID {
	for _, i := range s.rng.Perm(len(s.people)) {
		if s.model.chambers[which].manages(s.people[i]) {
			return s.people[i]
		}
	}
	return s.people[0]
}

// step asks for one thing, and holds answer and store against the model.
func (s *sequence) step(asked map[string][2]int, n int) {
	op, in := s.ops[s.rng.IntN(len(s.ops))], s.draw(n)
	next := s.model.clone()
	c := &next.chambers[in.which]
	if op.skip != nil && op.skip(c, in) || op.by == nil && s.model.people[in.actor].keyless {
		return
	}
	want := op.model(c, in)
	if want {
		s.model = next
	}
	key := keyOfUser(in.actor)
	if op.by != nil {
		key = op.by(in)
	}
	method, path, body := op.request(in)
	status, answer := s.ask(key, method, path, body)
	s.told = append(s.told, fmt.Sprintf("%s, by %s: %s %s %s = %d %.200s; the model: %v", op.name, in.actor, method, path, body, status, answer, want))
	if got := status < http.StatusMultipleChoices; got != want {
		s.Errorf("%s = %d %s; the model: %v", op.name, status, answer, want)
		return
	}
	if want && op.learn != nil {
		var said object
		if answer != "" && json.Unmarshal([]byte(answer), &said) != nil {
			s.Fatalf("%s: %s", op.name, answer)
		}
		op.learn(in, said)
	}
	count := asked[op.name]
	count[map[bool]int{true: 1}[want]]++
	asked[op.name] = count
	s.people = slices.DeleteFunc(s.people, func(user tenancy.UserID) bool { return s.model.people[user].gone })
	for which := range s.tenants {
		if which == in.which || &s.made[which] == in.selected {
			s.compare(which)
		}
	}
}
