package app

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// BenchmarkOverNative asks for the same through the native API and through
// Cogniac's, side by side over one gate: adding and removing a user, and
// listing a hundred. A dialect is to take at most a tenth more.
func BenchmarkOverNative(b *testing.B) {
	set, err := policy.Load(b.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	seed := tenancy.Seed{
		Users:   peopleOf(102),
		Tenants: []tenancy.Tenant{{ID: acmeOf, Slug: "acme", Name: "Acme", Owner: ownerOf, MemberLimit: tenancy.Unlimited}},
	}
	for _, user := range seed.Users[1:100] {
		seed.Memberships = append(seed.Memberships, tenancy.Membership{Tenant: acmeOf, User: user.ID, Level: tenancy.LevelMember, Enabled: true})
	}
	d := openDialects(b, set, seed)
	guest := userNamed(101)
	one := fmt.Sprintf(`{"user_id":%q}`, guest)
	asks := []struct {
		name string
		do   []struct{ method, path, body string }
	}{
		{"change/native", []struct{ method, path, body string }{
			{"POST", "/v1/tenants/" + acmeOf.String() + "/members", one}, {"DELETE", "/v1/tenants/" + acmeOf.String() + "/members/" + guest.String(), ""},
		}},
		{"change/cogniac", []struct{ method, path, body string }{
			{"POST", "/1/tenants/" + acmeOf.String() + "/users", one}, {"DELETE", "/1/tenants/" + acmeOf.String() + "/users", one},
		}},
		{"list/native", []struct{ method, path, body string }{{"GET", "/v1/tenants/" + acmeOf.String() + "/members?limit=1000", ""}}},
		{"list/cogniac", []struct{ method, path, body string }{{"GET", "/1/tenants/" + acmeOf.String() + "/users", ""}}},
	}
	for _, ask := range asks {
		b.Run(ask.name, func(b *testing.B) {
			for b.Loop() {
				for _, r := range ask.do {
					if status, body := d.ask(keyOfUser(ownerOf), r.method, r.path, r.body); status >= http.StatusMultipleChoices {
						b.Fatalf("%s %s = %d %s", r.method, r.path, status, body)
					}
				}
			}
		})
	}
}
