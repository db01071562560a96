package cogniac_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/cogniac"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// folder holds the transcripts of this dialect.
const folder = "../../../testdata/dialects/cogniac"

// set sets the stage of the cast, with names to sort by and keys in two parts.
func set(t testing.TB, with apitest.Directions) *apitest.Stage {
	t.Helper()
	more := with.More
	with.Rules, with.Dialects = rules, served
	with.More = func(s *tenancy.Seed) {
		named(s)
		if more != nil {
			more(s)
		}
	}
	return apitest.Set(t, with)
}

// rules loads the rule book once for all stages.
var rules = sync.OnceValues(apitest.LoadRules)

func served(s *apitest.Stage, gate api.Gate) []api.Dialect {
	return []api.Dialect{cogniac.New(cogniac.Options{
		Gate: gate, Authenticator: s.Authn.Door(authn.Source{ActAs: true}), SignIn: s.Authn.Door(authn.Source{SignIn: true, ActAs: true}),
		Accounts: accounts{s.Authn}, Now: time.Now,
	})}
}

// accounts fits authentication to the dialect, as the program does.
type accounts struct{ *authn.Service }

func (a accounts) Exchange(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantID) (string, time.Duration, error) {
	token, err := a.Service.Exchange(ctx, actor, tenant)
	return token.Text, token.Lifetime, err
}

func (a accounts) NewCode() (string, tenancy.Digest, error) {
	code, err := a.Service.NewCode()
	return code.Text, code.Digest, err
}

// named gives the people of acme first names, and some of the cast a key whose
// id and secret the transcripts know.
func named(s *tenancy.Seed) {
	names := map[string]string{"olga": "Zoe", "adam": "Bob", "mary": "ana", "vic": "Émile", "eve": "Emil"}
	for name, given := range names {
		for i := range s.Users {
			if s.Users[i].ID == apitest.User(name) {
				s.Users[i].GivenName = given
			}
		}
	}
	for _, name := range []string{"olga", "mary", "sam"} {
		id := strings.Replace(apitest.User(name).String(), "0190aaaa", "0190efef", 1)
		text := "mw_" + strings.ReplaceAll(id, "-", "") + "_" + (name + strings.Repeat("-", 43))[:43]
		s.Keys = append(s.Keys, tenancy.Key{ID: tenancy.KeyID(uuid.MustParse(id)), User: apitest.User(name), Digest: authn.DigestOf(text)})
	}
}

func TestTranscripts(t *testing.T) {
	apitest.Play(t, folder, func(t *testing.T, _ string) *apitest.Stage { return set(t, apitest.Directions{}) })
}
