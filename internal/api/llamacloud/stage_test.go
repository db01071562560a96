package llamacloud_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/llamacloud"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// rules are shared by all stages.
var rules = sync.OnceValues(apitest.LoadRules)

// props are what the transcripts name beside the cast: acme has the projects
// alpha and beta and the custom role reader; globex has gamma and the role
// spy. The ids of the system roles never change.
var props = map[string]string{
	"alpha": "0190dddd-0000-7000-8000-000000000001", "beta": "0190dddd-0000-7000-8000-000000000002", "gamma": "0190dddd-0000-7000-8000-000000000003",
	"reader": "0190ffff-0000-7000-8000-000000000001", "spy": "0190ffff-0000-7000-8000-000000000002",
}

// directions change how a stage is set; the zero value is the usual one.
type directions struct {
	addsPerMinute int // 0: as the policies say
	gate          func(api.Gate) api.Gate
	now           func() time.Time
}

func set(t testing.TB, with directions) *apitest.Stage {
	t.Helper()
	s := apitest.Set(t, apitest.Directions{Rules: rules, Gate: with.gate, Dialects: func(s *apitest.Stage, gate api.Gate) []api.Dialect {
		return []api.Dialect{dialect(s, gate, with)}
	}})
	furnish(t, s)
	return s
}

func dialect(s *apitest.Stage, gate api.Gate, with directions) api.Dialect {
	terms := func() tenancy.Terms {
		terms := s.Rules.Terms(tenancy.DialectLlamaCloud)
		if with.addsPerMinute > 0 {
			terms.AddsPerMinute = with.addsPerMinute
		}
		return terms
	}
	now := with.now
	if now == nil {
		now = time.Now
	}
	return llamacloud.New(llamacloud.Options{
		Gate: gate, Authenticator: s.Authn.Door(authn.Source{Cookie: "session"}),
		Terms: terms, LevelActions: s.Rules.LevelActions, Now: now,
	})
}

// dialectOf describes what a stage serves.
func dialectOf(s *apitest.Stage) api.Dialect { return dialect(s, s.Gate, directions{}) }

// furnish brings in the props, and names them.
func furnish(t testing.TB, s *apitest.Stage) {
	t.Helper()
	acme, globex := tenancy.RefTo(apitest.Tenant("acme")), tenancy.RefTo(apitest.Tenant("globex"))
	for _, change := range []tenancy.Change{
		tenancy.CreateProject{ID: propID[tenancy.ProjectID]("alpha"), Tenant: acme, Name: "Alpha"},
		tenancy.CreateProject{ID: propID[tenancy.ProjectID]("beta"), Tenant: acme, Name: "Beta"},
		tenancy.CreateProject{ID: propID[tenancy.ProjectID]("gamma"), Tenant: globex, Name: "Gamma"},
		tenancy.CreateRole{ID: propID[tenancy.RoleID]("reader"), Tenant: acme, Name: "Reader", Actions: []tenancy.Action{"resource.read"}},
		tenancy.CreateRole{ID: propID[tenancy.RoleID]("spy"), Tenant: globex, Name: "Spy", Actions: []tenancy.Action{"resource.read"}},
	} {
		if _, err := s.Gate.Apply(t.Context(), apitest.Platform(), change, tenancy.ApplyOptions{}); err != nil {
			t.Fatalf("%T: %v", change, err)
		}
	}
	for name, id := range props {
		s.Names[name] = id
	}
	for name, id := range apitest.Cast() {
		s.Names["acme/"+name] = tenancy.MembershipID(apitest.Tenant("acme"), tenancy.UserID(uuid.MustParse(id))).String()
	}
	for name, id := range systemRoles {
		s.Names["role "+name] = id
	}
	for name, tenant := range map[string]string{"olga's token": "", "olga's acme token": "acme"} {
		var bound tenancy.TenantRef
		if tenant != "" {
			bound = tenancy.RefTo(apitest.Tenant(tenant))
		}
		token, err := s.Authn.Login(t.Context(), "olga@example.com", apitest.Password, bound)
		if err != nil {
			t.Fatal(err)
		}
		s.Names[name] = token.Text
	}
	for _, who := range []string{"olga", "adam", "mary", "greg", "platform"} {
		s.Names[who+"'s key"] = apitest.Key(who)
	}
}

func propID[ID ~[16]byte](name string) ID { return ID(uuid.MustParse(props[name])) }

// systemRoles are the ids of acme's.
var systemRoles = map[string]string{
	"Admin": "d0b24f3f-fdd1-5dc6-b286-2a2e112a057f", "Member": "3c1b1fcb-eb72-5f39-ab1e-b7093244dc7c",
	"ViewerV2": "905c21f8-1996-570f-bc05-1e12e4776cda", "Viewer": "fd4fe51d-799a-5a53-b9d4-90eb121dfc90",
}

const folder = "../../../testdata/dialects/llamacloud"

func TestTranscripts(t *testing.T) {
	apitest.Play(t, folder, func(t *testing.T, comment string) *apitest.Stage {
		var with directions
		if strings.Contains(comment, "Two requests a minute") {
			with.addsPerMinute = 2
			begin := time.Now()
			with.now = func() time.Time { return begin } // no time passes
		}
		return set(t, with)
	})
}
