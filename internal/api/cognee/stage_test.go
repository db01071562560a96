package cognee_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/cognee"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// directions change how a stage is set. The zero value is the usual one, with
// self-registration.
type directions struct {
	closed bool                    // no self-registration
	secure bool                    // SecureCookie
	status int                     // ValidationStatus
	gate   func(api.Gate) api.Gate // stands in front of the real one
	busy   bool                    // no password gets its turn in time
	more   func(*tenancy.Seed)
}

// set sets a stage that serves this dialect.
func set(t testing.TB, with directions) *apitest.Stage {
	t.Helper()
	return apitest.Set(t, apitest.Directions{
		Dialects: func(s *apitest.Stage, gate api.Gate) []api.Dialect { return []api.Dialect{served(s, gate, with)} },
		Rules:    rules, Gate: with.gate, More: with.more,
	})
}

func served(s *apitest.Stage, gate api.Gate, with directions) api.Dialect {
	return cognee.New(cognee.Options{
		Gate:             gate,
		Authenticator:    s.Authn.Door(authn.Source{Order: authn.FallThrough, Cookie: "auth_token"}),
		Accounts:         accounts{s.Authn, with.busy},
		SelfRegistration: !with.closed,
		SecureCookie:     with.secure,
		ValidationStatus: with.status,
	})
}

// rules is the rule book of all stages.
var rules = sync.OnceValues(apitest.LoadRules)

// accounts fits authentication to the dialect, as the program does.
type accounts struct {
	*authn.Service
	busy bool
}

func (a accounts) Login(ctx context.Context, email, password string) (string, time.Duration, error) {
	if a.busy {
		ctx = ended(ctx)
	}
	token, err := a.Service.Login(ctx, email, password, tenancy.TenantRef{})
	return token.Text, token.Lifetime, err
}

func (a accounts) HashPassword(ctx context.Context, password string) (string, error) {
	if a.busy {
		ctx = ended(ctx)
	}
	return a.Service.HashPassword(ctx, password)
}

// ended is a context whose time is over.
func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithDeadline(ctx, time.Time{})
	cancel()
	return ctx
}

func (a accounts) NewKey() (cognee.NewKey, error) {
	key, err := a.Service.NewKey()
	return cognee.NewKey(key), err
}

// furnished sets a stage where acme has the role readers, which mary holds, and
// the dataset notes, which is olga's; both have selected acme.
func furnished(t *testing.T, with directions) *apitest.Stage {
	t.Helper()
	s := set(t, with)
	acme := tenancy.RefTo(tenant("acme"))
	readers := tenancy.RoleID(uuid.MustParse(cast["readers"]))
	for _, step := range []struct {
		who    string
		change tenancy.Change
	}{
		{"olga", tenancy.SelectTenant{Tenant: acme}},
		{"mary", tenancy.SelectTenant{Tenant: acme}},
		{"olga", tenancy.CreateRole{ID: readers, Tenant: acme, Name: "readers"}},
		{"olga", tenancy.UpdateMember{Tenant: acme, User: user("mary"), Adjustment: tenancy.Adjustment{AddRoles: []tenancy.RoleID{readers}}}},
		{"olga", tenancy.CreateDataset{ID: tenancy.DatasetID(uuid.MustParse(cast["notes"])), Tenant: acme, Name: "notes"}},
	} {
		if _, err := s.Gate.Apply(t.Context(), apitest.As(step.who), step.change, tenancy.ApplyOptions{}); err != nil {
			t.Fatalf("%T: %v", step.change, err)
		}
	}
	return s
}

// The cast by its names, with what furnished adds; ids put in the place of names, and both typed.
var cast = withFurniture(apitest.Cast())

func withFurniture(names map[string]string) map[string]string {
	names["readers"] = "0190ffff-0000-7000-8000-000000000001"
	names["notes"] = "0190ffff-0000-7000-8000-000000000002"
	return names
}

func fill(text string) string { return apitest.Fill(text, cast) }

func user(name string) tenancy.UserID { return apitest.User(name) }

func tenant(name string) tenancy.TenantID { return apitest.Tenant(name) }
