package authzen_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/authzen"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

const (
	folder   = "../../../testdata/dialects/authzen"
	fixture  = "../../../testdata/authzen/policies"
	pointURL = "https://pdp.example.com"
)

// shipped and records load a rule book once for all stages: the shipped one,
// and the fixture's, whose rules judge records.
var (
	shipped = sync.OnceValues(apitest.LoadRules)
	records = sync.OnceValues(func() (*policy.Set, error) {
		return policy.Load(context.Background(), policy.Dir(fixture), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
	})
)

// raise adds the entities of the certification scenario, and keys that may
// ask: pep's, and one that is bound to acme. mary owns record-3.
func raise(s *tenancy.Seed) {
	s.Entities = append(
		s.Entities,
		entity("user", "alice", "", `{"name":"Alice"}`), entity("user", "bob", "", `{"name":"Bob","role":"admin"}`),
		entity("record", "record-1", "alice", `{"status":"active"}`), entity("record", "record-2", "alice", `{"status":"archived"}`),
		entity("record", "record-3", apitest.User("mary").String(), `{"status":"active"}`),
	)
	s.Keys = append(
		s.Keys, asking("pep", tenancy.Key{User: apitest.User("sam")}), asking("acme's pep", tenancy.Key{User: apitest.User("sam"), Tenant: apitest.Tenant("acme")}),
		asking("dora's pep", tenancy.Key{User: apitest.User("dora"), ExpiresAt: time.Now().Add(-time.Hour)}),
	)
}

func entity(kind, id, owner string, properties tenancy.Properties) tenancy.Entity {
	return tenancy.Entity{EntityRef: tenancy.EntityRef{Type: kind, ID: id}, Owner: owner, Properties: properties}
}

func asking(name string, k tenancy.Key) tenancy.Key {
	k.ID, k.Digest, k.Scopes = tenancy.KeyID(uuid.Must(uuid.NewV7())), authn.DigestOf(apitest.Key(name)), []tenancy.Action{tenancy.ActionEvaluate}
	return k
}

// set sets a stage with rules; gate stands in front of the real gate, where
// there is one.
func set(t *testing.T, rules func() (*policy.Set, error), gate func(authzen.Gate) authzen.Gate, url string) *apitest.Stage {
	t.Helper()
	return apitest.Set(t, apitest.Directions{
		Rules: rules, More: raise,
		Dialects: func(s *apitest.Stage, _ api.Gate) []api.Dialect {
			front := authzen.Gate(s.Gate)
			if gate != nil {
				front = gate(front)
			}
			return []api.Dialect{authzen.New(authzen.Options{Gate: front, Authenticator: s.Authn.Door(authn.Source{ActAs: true}), Random: rand.Reader, PublicURL: url})}
		},
	})
}
