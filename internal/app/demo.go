package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// cast are the people of the demo. Their ids and keys are the same in every
// demo, so that a page can be written about it: the README is one. They open
// nothing else, since a demo has a store of its own and stays on loopback.
var cast = []struct {
	name, tenant string
	level        tenancy.Level
}{
	{"olga", "acme", tenancy.LevelOwner},
	{"adam", "acme", tenancy.LevelAdmin},
	{"mary", "acme", tenancy.LevelMember},
	{"vic", "acme", tenancy.LevelViewer},
	{"gina", "globex", tenancy.LevelOwner},
}

// demoUser and demoTenant are the ids of the nth of the cast.
func demoUser(n int) tenancy.UserID {
	return tenancy.UserID{0: 0xa0, 6: 0x40, 8: 0x80, 15: byte(n)}
}

func demoTenant(n int) tenancy.TenantID {
	return tenancy.TenantID{0: 0xb0, 6: 0x40, 8: 0x80, 15: byte(n)}
}

// person is somebody of the cast with a key.
type person struct {
	id  tenancy.UserID
	key string
}

// startDemo fills an empty store with the cast and prints who they are and
// what to try.
func startDemo(ctx context.Context, p *program, at addresses) error {
	people, seed := p.demoSeed()
	if _, err := p.gate.Install(ctx, seed); err != nil {
		return fmt.Errorf("fill the demo's store: %w", err)
	}
	_, err := fmt.Fprint(p.stdout, playbill(people, at))
	return err
}

// demoSeed makes the cast, their tenants and their keys.
func (p *program) demoSeed() (map[string]person, tenancy.Seed) {
	people, tenants := map[string]person{}, map[string]tenancy.TenantID{}
	var seed tenancy.Seed
	for i, c := range cast {
		key := "demo-key-of-" + c.name + "-not-for-production"
		user := tenancy.User{
			ID: demoUser(i + 1), Email: c.name + "@example.com", GivenName: strings.ToUpper(c.name[:1]) + c.name[1:],
			Kind: tenancy.KindHuman, Enabled: true, SignedUp: true,
		}
		people[c.name] = person{id: user.ID, key: key}
		seed.Users = append(seed.Users, user)
		seed.Keys = append(seed.Keys, tenancy.Key{
			ID: tenancy.KeyID(p.newID()), Label: "demo", User: user.ID, Digest: authn.DigestOf(key),
		})
		if c.level == tenancy.LevelOwner {
			tenants[c.tenant] = demoTenant(len(tenants) + 1)
			seed.Tenants = append(seed.Tenants, tenancy.Tenant{
				ID: tenants[c.tenant], Slug: c.tenant, Name: strings.ToUpper(c.tenant[:1]) + c.tenant[1:],
				Owner: user.ID, Plan: "demo", MemberLimit: tenancy.Unlimited,
			})
			continue
		}
		seed.Memberships = append(seed.Memberships, tenancy.Membership{
			Tenant: tenants[c.tenant], User: user.ID, Level: c.level, Enabled: true,
		})
	}
	return people, seed
}

// playbill is what the demo prints. Each curl command is one line that works
// when it is pasted.
func playbill(people map[string]person, at addresses) string {
	var b strings.Builder
	b.WriteString("A demo of memberward. Its store is temporary: everything is gone when it stops (Ctrl-C).\n\n")
	for _, c := range cast {
		fmt.Fprintf(&b, "  %-5s %-7s of %-7s %s  key %s\n", c.name, c.level, c.tenant, people[c.name].id, people[c.name].key)
	}
	fmt.Fprintf(&b, "\n  APIs          http://%s  (described at /openapi.json; anybody may register)\n", at.API)
	fmt.Fprintf(&b, "  proxy checks  %s\n", shown(at.Proxy))
	fmt.Fprintf(&b, "  gRPC          %s  (Envoy's ext_authz, grpc.health.v1)\n", at.GRPC)
	fmt.Fprintf(&b, "  operations    http://%s  (/livez, /readyz?verbose, /metrics)\n", at.Ops)
	members := fmt.Sprintf("http://%s/v1/tenants/acme/members/", at.API)
	fmt.Fprintf(&b, "\nMary may write in acme:\n\ncurl -sS http://%s/v1/check -H 'X-Api-Key: %s' -H 'Content-Type: application/json' -d '{\"action\":\"resource.write\",\"tenant\":\"acme\"}'\n",
		at.API, people["mary"].key)
	fmt.Fprintf(&b, "\nAdam, an administrator, removes her (run the first line again afterwards):\n\ncurl -sS -i -X DELETE %s%s -H 'X-Api-Key: %s'\n",
		members, people["mary"].id, people["adam"].key)
	fmt.Fprintf(&b, "\nBut nobody removes the owner:\n\ncurl -sS -i -X DELETE %s%s -H 'X-Api-Key: %s'\n\n",
		members, people["olga"].id, people["adam"].key)
	return b.String()
}

// shown gives an address in the form to type: a URL, or a socket's path.
func shown(address string) string {
	if strings.HasPrefix(address, "unix:") {
		return address
	}
	return "http://" + address
}
