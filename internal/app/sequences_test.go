package app

import (
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

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

var sequences = flag.Int("sequences", 0, "how many random sequences run through all dialects; 0: 100, and 10,000 with MEMBERWARD_FULL=1")

const (
	sequencePeople = 6
	sequenceLength = 15
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
	for from := 0; from < wanted && !t.Failed(); from += perStore {
		d := openDialects(t, set, sequenceSeed())
		for n := range min(perStore, wanted-from) {
			s := newSequence(d, operationsOfAll, uint64(from+n), n)
			s.run(asked)
			if t.Failed() {
				t.Fatalf("sequence %d:\n%s", from+n, strings.Join(s.told, "\n"))
			}
		}
	}
	for _, op := range operationsOfAll {
		t.Logf("%-36s %6d done %6d refused", op.name, asked[op.name][1], asked[op.name][0])
		if wanted >= 100 && (asked[op.name][0] == 0 || asked[op.name][1] == 0) {
			t.Errorf("%s was never done, or never refused", op.name)
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
		"cognee: take a role": func(c *chamber, in drawn) bool { return c.change(in.actor, in.user, unchanged) },
		"processmind: update": func(c *chamber, in drawn) bool { return c.change(in.actor, in.user, administrator(in.flag)) },
		"native: transfer":    func(*chamber, drawn) bool { return false },
		"llamacloud: put":     func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
		"native: batch":       func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
		"cogniac: add":        func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
	} {
		planted := slices.Clone(operationsOfAll)
		planted[slices.IndexFunc(planted, func(op operationOfAll) bool { return op.name == name })].model = wrong
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

func tenantOfSequence(n, which int) tenancy.TenantID {
	return tenancy.TenantID(uuid.MustParse(fmt.Sprintf("0190b000-0000-7000-800%d-%012d", which, n)))
}

func editorOfSequence(n, which int) tenancy.RoleID {
	return tenancy.RoleID(uuid.MustParse(fmt.Sprintf("0190c000-0000-7000-800%d-%012d", which, n)))
}

// sequenceSeed has two tenants for each sequence: one that belongs to the first
// of the people, and one without owner and with two administrators. The third
// is a member of both, the fourth a viewer; the others are accounts alone.
func sequenceSeed() tenancy.Seed {
	seed := tenancy.Seed{Users: peopleOf(sequencePeople)}
	for n := range perStore {
		for which := range 2 {
			id := tenantOfSequence(n, which)
			tenant := tenancy.Tenant{ID: id, Slug: fmt.Sprintf("t%d-%d", which, n), Name: "T", MemberLimit: tenancy.Unlimited}
			seed.Memberships = append(seed.Memberships, tenancy.Membership{Tenant: id, User: userNamed(2), Level: tenancy.LevelAdmin, Enabled: true})
			if which == 0 {
				tenant.Owner = userNamed(1)
			} else {
				seed.Memberships = append(seed.Memberships, tenancy.Membership{Tenant: id, User: userNamed(1), Level: tenancy.LevelAdmin, Enabled: true})
			}
			seed.Memberships = append(seed.Memberships,
				tenancy.Membership{Tenant: id, User: userNamed(3), Level: tenancy.LevelMember, Enabled: true},
				tenancy.Membership{Tenant: id, User: userNamed(4), Level: tenancy.LevelViewer, Enabled: true, Developer: true})
			seed.Tenants = append(seed.Tenants, tenant)
			seed.Roles = append(seed.Roles, tenancy.Role{ID: editorOfSequence(n, which), Tenant: id, Name: "editor"})
		}
	}
	return seed
}

// sequence is one run of random operations, beside its model.
type sequence struct {
	*dialects
	rng     *rand.Rand
	model   [2]chamber
	tenants [2]tenancy.TenantID
	editors [2]tenancy.RoleID
	ops     []operationOfAll
	told    []string
}

func newSequence(d *dialects, ops []operationOfAll, seed uint64, n int) *sequence {
	s := &sequence{dialects: d, ops: ops, rng: rand.New(rand.NewPCG(seed, 7))}
	for which := range 2 {
		s.tenants[which], s.editors[which] = tenantOfSequence(n, which), editorOfSequence(n, which)
		s.model[which].members = map[tenancy.UserID]standing{
			userNamed(3): {level: tenancy.LevelMember}, userNamed(4): {level: tenancy.LevelViewer, developer: true},
		}
	}
	s.model[0].owner = userNamed(1)
	s.model[0].members[userNamed(1)], s.model[0].members[userNamed(2)] = standing{level: tenancy.LevelOwner}, standing{level: tenancy.LevelAdmin}
	s.model[1].members[userNamed(1)], s.model[1].members[userNamed(2)] = standing{level: tenancy.LevelAdmin}, standing{level: tenancy.LevelAdmin}
	return s
}

// drawn is what one step is about.
type drawn struct {
	which        int
	tenant       tenancy.TenantID
	editor       tenancy.RoleID
	actor, user  tenancy.UserID
	other        tenancy.UserID // another than user
	level        tenancy.Level  // viewer, member or admin
	flag, second bool
}

// run goes through the whole sequence, as long as all is as the model has it.
func (s *sequence) run(asked map[string][2]int) {
	for range sequenceLength {
		if s.step(asked); s.Failed() {
			return
		}
	}
	s.compareLists()
}

// step asks for one thing, and holds answer and members against the model.
func (s *sequence) step(asked map[string][2]int) {
	op := s.ops[s.rng.IntN(len(s.ops))]
	which := s.rng.IntN(2)
	person := func() tenancy.UserID { return userNamed(1 + s.rng.IntN(sequencePeople)) }
	in := drawn{
		which: which, tenant: s.tenants[which], editor: s.editors[which], actor: person(), user: person(), other: person(),
		level: []tenancy.Level{tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin}[s.rng.IntN(3)], flag: s.rng.IntN(2) == 0, second: s.rng.IntN(2) == 0,
	}
	if s.rng.IntN(3) > 0 { // somebody who may, more often than not
		in.actor = userNamed(1 + s.rng.IntN(2))
	}
	if in.other == in.user {
		in.other = userNamed(1 + (int(in.user[15])+1)%sequencePeople)
	}
	if in.other == in.user {
		return
	}
	next := s.model[which].clone()
	want := op.model(&next, in)
	if want {
		s.model[which] = next
	}
	method, path, body := op.request(in)
	status, answer := s.ask(keyOfUser(in.actor), method, path, body)
	s.told = append(s.told, fmt.Sprintf("%s, by %s: %s %s %s = %d %.200s; the model: %v", op.name, in.actor, method, path, body, status, answer, want))
	if got := status < http.StatusMultipleChoices; got != want {
		s.Errorf("%s = %d %s; the model: %v", op.name, status, answer, want)
	}
	count := asked[op.name]
	count[map[bool]int{true: 1}[want]]++
	asked[op.name] = count
	s.compare(which)
}

// compare holds a tenant's members against the model.
func (s *sequence) compare(which int) {
	s.Helper()
	var got struct {
		Items []struct {
			UserID             string `json:"user_id"`
			Level              string
			RoleIDs            []string `json:"role_ids"`
			Developer, Enabled bool
		}
	}
	s.read(fmt.Sprintf("/v1/tenants/%s/members?limit=100", s.tenants[which]), &got)
	shown, want := map[string]string{}, map[string]string{}
	for _, m := range got.Items {
		shown[m.UserID] = fmt.Sprintf("%s enabled=%v developer=%v editor=%v", m.Level, m.Enabled, m.Developer, len(m.RoleIDs) == 1)
	}
	for user, m := range s.model[which].members {
		want[user.String()] = fmt.Sprintf("%s enabled=%v developer=%v editor=%v", m.level, !m.disabled, m.developer, m.editor)
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		s.Errorf("members (-model +store):\n%s", diff)
	}
}

// compareLists holds every API's own list against the model.
func (s *sequence) compareLists() {
	s.Helper()
	cogniacRoles := map[tenancy.Level]string{
		tenancy.LevelOwner: "tenant_admin", tenancy.LevelAdmin: "tenant_admin", tenancy.LevelMember: "tenant_user", tenancy.LevelViewer: "tenant_viewer",
	}
	for which, c := range s.model {
		for name, members := range s.lists(s.tenants[which]) {
			ids := map[string]bool{}
			for _, m := range members {
				ids[m.id] = true
				id, err := tenancy.ParseUserID(m.id)
				in, there := c.members[id]
				if err != nil || !there ||
					name == "cogniac" && m.level != cogniacRoles[in.level] ||
					name == "processmind" && (m.level == "admin") != in.level.Administers() ||
					name == "cognee" && (m.roles == 1) != in.editor {
					s.Errorf("%s shows %+v; the model %+v, %v", name, m, in, there)
				}
			}
			if len(ids) != len(c.members) || len(members) != len(ids) {
				s.Errorf("%s shows %d members, the model %d: %v", name, len(members), len(c.members), slices.Collect(maps.Keys(ids)))
			}
		}
	}
}
