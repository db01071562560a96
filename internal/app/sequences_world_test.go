package app

import (
	"encoding/json"
	"fmt"
	"maps"
	mathbits "math/bits"
	"math/rand/v2"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func tenantOfSequence(n, which int) tenancy.TenantID {
	return tenancy.TenantID(uuid.MustParse(fmt.Sprintf("0190b000-0000-7000-800%d-%012d", which, n)))
}

func organizationOfSequence(n int) tenancy.OrganizationID {
	return tenancy.OrganizationID(uuid.MustParse(fmt.Sprintf("0190d000-0000-7000-8000-%012d", n)))
}

func roleOfSequence(n, which int) tenancy.RoleID {
	return tenancy.RoleID(uuid.MustParse(fmt.Sprintf("0190c000-0000-7000-800%d-%012d", which, n)))
}

func projectOfSequence(n, which int) tenancy.ProjectID {
	return tenancy.ProjectID(uuid.MustParse(fmt.Sprintf("0190e000-0000-7000-800%d-%012d", which, n)))
}

func datasetOfSequence(n, which int) tenancy.DatasetID {
	return tenancy.DatasetID(uuid.MustParse(fmt.Sprintf("0190e100-0000-7000-800%d-%012d", which, n)))
}

// personOfSequence gives the people of a sequence, counted from one. The last
// has an account that is reserved, the one before administers the organization.
func personOfSequence(n, i int) tenancy.UserID { return userNamed(10*(n+1) + i) }

const (
	selecting = 3 // this many have selected the first tenant; the last of them has a dataset in both
	above     = sequencePeople - 1
	reserved  = sequencePeople
)

// sequenceSeed has two tenants of one organization for each sequence: one that
// belongs to the first of its people, and one without owner and with two
// administrators. The third is a member of both, who manages users of the
// second through cognee; the fourth is a viewer; the others are accounts alone.
func sequenceSeed() tenancy.Seed {
	var seed tenancy.Seed
	for n := range perStore {
		group := organizationOfSequence(n)
		seed.Organizations = append(seed.Organizations, tenancy.Organization{ID: group, Name: "G", ShortName: fmt.Sprintf("g-%d", n)})
		seed.OrganizationMembers = append(seed.OrganizationMembers,
			tenancy.OrganizationMember{Organization: group, User: personOfSequence(n, above), Admin: true, Enabled: true})
		for i := 1; i <= sequencePeople; i++ {
			id := personOfSequence(n, i)
			user := tenancy.User{ID: id, Email: emailOf(id), Kind: tenancy.KindHuman, SignedUp: i != reserved, Enabled: true}
			if i <= selecting {
				user.ActiveTenant = tenantOfSequence(n, 0)
			}
			seed.Users = append(seed.Users, user)
		}
		for which := range 2 {
			id := tenantOfSequence(n, which)
			tenant := tenancy.Tenant{ID: id, Slug: fmt.Sprintf("t%d-%d", which, n), Name: "T", MemberLimit: tenancy.Unlimited, Organization: group}
			levels := map[int]tenancy.Level{1: tenancy.LevelAdmin, 2: tenancy.LevelAdmin, 3: tenancy.LevelMember, 4: tenancy.LevelViewer}
			if which == 0 {
				tenant.Owner = personOfSequence(n, 1)
				delete(levels, 1)
			}
			for i, level := range levels {
				member := tenancy.Membership{Tenant: id, User: personOfSequence(n, i), Level: level, Enabled: true, Developer: level == tenancy.LevelViewer}
				if which == 1 && level == tenancy.LevelMember {
					member.Capabilities = []tenancy.Capability{tenancy.CapabilityManageUsers}
				}
				seed.Memberships = append(seed.Memberships, member)
			}
			seed.Tenants = append(seed.Tenants, tenant)
			seed.Roles = append(seed.Roles, tenancy.Role{ID: roleOfSequence(n, which), Tenant: id, Name: roleNames[0]})
			seed.Projects = append(seed.Projects, tenancy.Project{ID: projectOfSequence(n, which), Tenant: id, Name: "p", Default: true})
			seed.Datasets = append(seed.Datasets, tenancy.Dataset{ID: datasetOfSequence(n, which), Tenant: id, Owner: personOfSequence(n, selecting), Name: "d"})
		}
	}
	return seed
}

func newSequence(d *dialects, ops []operationOfAll, seed uint64, n int) *sequence {
	s := &sequence{dialects: d, ops: ops, rng: rand.New(rand.NewPCG(seed, 7)), founded: map[tenancy.UserID][]string{}}
	s.model = &world{people: map[tenancy.UserID]account{}}
	for i := 1; i <= sequencePeople; i++ {
		id := personOfSequence(n, i)
		s.people = append(s.people, id)
		s.model.people[id] = account{reserved: i == reserved, selected: map[bool]int{true: 1}[i <= selecting]}
	}
	s.model.above = []organization{{tenants: 2, places: map[tenancy.UserID]place{s.people[above-1]: {admin: true}}}}
	for which := range 2 {
		s.tenants[which] = tenantOfSequence(n, which)
		s.made[which] = made{
			codes: map[tenancy.UserID]string{}, offers: map[tenancy.UserID]string{}, above: organizationOfSequence(n).String(),
			roles: [3]string{roleOfSequence(n, which).String()}, projects: []string{projectOfSequence(n, which).String()},
			datasets: []string{datasetOfSequence(n, which).String()},
		}
		s.model.chambers[which] = chamber{
			world: s.model, index: which, offers: map[tenancy.UserID]tenancy.Level{}, roles: [3]customRole{{there: true}}, projects: 1,
			datasets: []dataset{{map[string]bits{s.people[selecting-1].String(): 0b1111}}},
			members: map[tenancy.UserID]standing{
				s.people[0]: {level: tenancy.LevelAdmin}, s.people[1]: {level: tenancy.LevelAdmin},
				s.people[2]: {level: tenancy.LevelMember, capable: which == 1}, s.people[3]: {level: tenancy.LevelViewer, developer: true},
			},
		}
	}
	s.model.chambers[0].owner, s.model.chambers[0].members[s.people[0]] = s.people[0], standing{level: tenancy.LevelOwner}
	return s
}

// compare holds what a tenant has against the model.
func (s *sequence) compare(which int) {
	s.Helper()
	c, m, t := &s.model.chambers[which], &s.made[which], s.tenants[which]
	want, shown := map[string]string{}, map[string]string{}
	var tenant struct {
		OrganizationID string `json:"organization_id"`
	}
	s.read(fmt.Sprintf("/v1/tenants/%s", t), &tenant)
	m.above = tenant.OrganizationID
	s.compareRoles(which, want, shown)
	s.compareOffers(which, want, shown)
	s.compareMembers(which, want, shown)
	for user, p := range c.world.above[c.above].places {
		want["above "+user.String()] = fmt.Sprintf("admin=%v enabled=%v", p.admin, !p.disabled)
	}
	var above struct {
		Items []struct {
			UserID         string `json:"user_id"`
			Admin, Enabled bool
		}
	}
	s.read(fmt.Sprintf("/v1/organizations/%s/members?limit=100", m.above), &above)
	for _, p := range above.Items {
		shown["above "+p.UserID] = fmt.Sprintf("admin=%v enabled=%v", p.Admin, p.Enabled)
	}
	var projects []struct{ ID string }
	s.read(fmt.Sprintf("/api/v1/projects?organization_id=%s", t), &projects)
	for _, p := range projects {
		shown[fmt.Sprintf("project %d", slices.Index(m.projects, p.ID))] = "there"
	}
	for i := range m.projects {
		if c.projects.has(i) {
			want[fmt.Sprintf("project %d", i)] = "there"
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		s.Errorf("tenant %d (-model +store):\n%s", which, diff)
	}
}

func (s *sequence) compareMembers(which int, want, shown map[string]string) {
	s.Helper()
	var got struct {
		Items []struct {
			UserID                      string `json:"user_id"`
			Level                       string
			RoleIDs                     []string `json:"role_ids"`
			Developer, Enabled, Pending bool
		}
	}
	s.read(fmt.Sprintf("/v1/tenants/%s/members?limit=100", s.tenants[which]), &got)
	for _, m := range got.Items {
		var roles bits
		for _, id := range m.RoleIDs {
			roles |= 1 << slices.Index(s.made[which].roles[:], id)
		}
		shown[m.UserID] = fmt.Sprintf("%s enabled=%v pending=%v developer=%v roles=%b", m.Level, m.Enabled, m.Pending, m.Developer, roles)
	}
	for user, m := range s.model.chambers[which].members {
		pending := m.waits
		want[user.String()] = fmt.Sprintf("%s enabled=%v pending=%v developer=%v roles=%b", m.level, !m.disabled, pending, m.developer, m.roles)
	}
}

// compareRoles also learns the ids.
func (s *sequence) compareRoles(which int, want, shown map[string]string) {
	s.Helper()
	var got struct {
		Items []struct {
			ID, Name string
			Actions  []string
		}
	}
	s.read(fmt.Sprintf("/v1/tenants/%s/roles", s.tenants[which]), &got)
	for _, role := range got.Items {
		shown["role "+role.Name] = fmt.Sprint(role.Actions)
		s.made[which].roles[slices.Index(roleNames[:], role.Name)] = role.ID
	}
	for i, role := range s.model.chambers[which].roles {
		if role.there {
			want["role "+roleNames[i]] = fmt.Sprint(powersOf(role.powers))
		}
	}
}

// compareOffers also learns the ids of the invitations that are open.
func (s *sequence) compareOffers(which int, want, shown map[string]string) {
	s.Helper()
	var got struct {
		Items []struct{ ID, Email, Level, Status string }
	}
	s.read(fmt.Sprintf("/v1/tenants/%s/invitations?limit=100", s.tenants[which]), &got)
	open := map[string]string{}
	for _, offer := range got.Items {
		if offer.Status == "pending" {
			shown["offer "+offer.Email], open[offer.Email] = offer.Level, offer.ID
		}
	}
	for user, level := range s.model.chambers[which].offers {
		want["offer "+emailOf(user)] = level.String()
		s.made[which].offers[user] = open[emailOf(user)]
	}
}

// compareLists holds every API's own list against the model.
func (s *sequence) compareLists() {
	s.Helper()
	cogniacRoles := map[tenancy.Level]string{
		tenancy.LevelOwner: "tenant_admin", tenancy.LevelAdmin: "tenant_admin", tenancy.LevelMember: "tenant_user", tenancy.LevelViewer: "tenant_viewer",
	}
	for which, c := range s.model.chambers {
		for name, members := range s.lists(s.tenants[which]) {
			ids := map[string]bool{}
			for _, m := range members {
				ids[m.id] = true
				id := s.whois(m.id)
				in, there := c.members[id]
				if !there ||
					name == "cogniac" && m.level != cogniacRoles[in.level] ||
					name == "processmind" && (m.level == "admin") != in.level.Administers() ||
					name == "cognee" && m.roles != mathbits.OnesCount32(uint32(in.roles)) {
					s.Errorf("%s shows %+v; the model %+v, %v", name, m, in, there)
				}
			}
			if len(ids) != len(c.members) || len(members) != len(ids) {
				s.Errorf("%s shows %d members, the model %d: %v", name, len(members), len(c.members), slices.Collect(maps.Keys(ids)))
			}
		}
	}
}

// whois finds who is shown by an id, or by an address that waits for somebody to
// sign up.
func (s *sequence) whois(shown string) tenancy.UserID {
	for user := range s.model.people {
		if shown == user.String() || shown == emailOf(user) {
			return user
		}
	}
	return tenancy.UserID{}
}

// compareReach holds against the model what somebody reaches whom no list
// shows: projects, datasets and capabilities.
func (s *sequence) compareReach() {
	s.Helper()
	for which := range s.model.chambers {
		c := &s.model.chambers[which]
		for user, m := range c.members {
			var projects []struct{ ID string }
			s.read(fmt.Sprintf("/api/v1/organizations/%s/users/%s/projects", s.tenants[which], user), &projects)
			var works bits
			for _, p := range projects {
				works |= 1 << slices.Index(s.made[which].projects, p.ID)
			}
			if m.only && works != m.works || !m.only && works != c.projects {
				s.Errorf("%s works in %b; the model: %+v of %b", user, works, m, c.projects)
			}
			if c.sees(user) {
				s.compareCapabilities(which, user)
			}
			if c.people[user].selected == which+1 && c.sees(user) {
				s.compareDatasets(which, user)
			}
		}
	}
}

func (s *sequence) compareCapabilities(which int, user tenancy.UserID) {
	s.Helper()
	c := &s.model.chambers[which]
	status, answer := s.ask(keyOfUser(user), "GET", fmt.Sprintf("/api/v1/permissions/tenants/%s/capabilities/me", s.tenants[which]), "")
	want := `{"capabilities":[]}`
	named := c.anyRole(user, func(r customRole, _ int) bool { return r.capable })
	if m := c.members[user]; c.manages(user) || m.capable || c.capable || named {
		want = `{"capabilities":["manage_users"]}`
	}
	if status != 200 || answer != want {
		s.Errorf("capabilities of %s = %d %s; the model: %s", user, status, answer, want)
	}
}

func (s *sequence) compareDatasets(which int, user tenancy.UserID) {
	s.Helper()
	c := &s.model.chambers[which]
	for i, permission := range permissionNames {
		status, answer := s.ask(keyOfUser(user), "GET", fmt.Sprintf("/api/v1/permissions/principals/%s/datasets?permission_name=%s", user, permission), "")
		want := map[string]bool{}
		for j, d := range c.datasets {
			if c.reach(user, d).has(i) {
				want[s.made[which].datasets[j]] = true
			}
		}
		if diff := cmp.Diff(want, idsIn(answer)); status != 200 || diff != "" {
			s.Errorf("what %s may %s = %d (-model +store):\n%s", user, permission, status, diff)
		}
	}
}

func idsIn(list string) map[string]bool {
	var rows []struct{ ID string }
	if json.Unmarshal([]byte(list), &rows) != nil {
		return nil
	}
	ids := map[string]bool{}
	for _, row := range rows {
		ids[row.ID] = true
	}
	return ids
}
