package authn

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestActingForAUser(t *testing.T) {
	s := newScene(t)
	platform := s.addKey(t, tenancy.Key{Platform: true})
	disabled, reserved := tenancy.UserID(uuid.New()), tenancy.UserID(uuid.New())
	s.dir.users[disabled] = tenancy.User{ID: disabled, SignedUp: true}
	s.dir.users[reserved] = tenancy.User{ID: reserved, Enabled: true}
	mary, token := s.mary.String(), s.token(t, tenancy.TenantRef{})
	for _, tc := range []struct {
		name    string
		request Request
		want    tenancy.Code
		user    tenancy.UserID // of the actor; zero: the platform itself
	}{
		{"the platform, for nobody", with("X-Api-Key", platform.Text), "", tenancy.UserID{}},
		{"the platform", with("X-Api-Key", platform.Text, "X-Act-As", mary), "", s.mary},
		{"the platform, an id in upper case", with("X-Api-Key", platform.Text, "X-Act-As", strings.ToUpper(mary)), "", s.mary},
		{"the platform as bearer", with("Authorization", "Bearer "+platform.Text, "X-Act-As", mary), "", s.mary},
		{"a disabled account passes the door", with("X-Api-Key", platform.Text, "X-Act-As", disabled.String()), "", disabled},
		{"a reserved account passes the door", with("X-Api-Key", platform.Text, "X-Act-As", reserved.String()), "", reserved},
		{"an unknown account", with("X-Api-Key", platform.Text, "X-Act-As", uuid.NewString()), "forbidden", tenancy.UserID{}},
		{"an id that is none", with("X-Api-Key", platform.Text, "X-Act-As", "mary"), "invalid", tenancy.UserID{}},
		{"an empty id", with("X-Api-Key", platform.Text, "X-Act-As", ""), "invalid", tenancy.UserID{}},
		{"the nil UUID", with("X-Api-Key", platform.Text, "X-Act-As", uuid.Nil.String()), "invalid", tenancy.UserID{}},
		{"two ids in one header", with("X-Api-Key", platform.Text, "X-Act-As", mary+", "+mary), "invalid", tenancy.UserID{}},
		{"the header twice", with("X-Api-Key", platform.Text, "X-Act-As", mary, "X-Act-As", mary), "invalid", tenancy.UserID{}},
		{"a user's key, for another", with("X-Api-Key", s.maryKey.Text, "X-Act-As", disabled.String()), "forbidden", tenancy.UserID{}},
		{"a user's key, for oneself", with("X-Api-Key", s.maryKey.Text, "X-Act-As", mary), "forbidden", tenancy.UserID{}},
		{"a user's key, an id that is none", with("X-Api-Key", s.maryKey.Text, "X-Act-As", "mary"), "forbidden", tenancy.UserID{}},
		{"a token", with("Authorization", "Bearer "+token, "X-Act-As", mary), "forbidden", tenancy.UserID{}},
		{"a cookie", with("Cookie", "auth_token="+token, "X-Act-As", mary), "forbidden", tenancy.UserID{}},
		{"no credential", with("X-Act-As", mary), "unauthenticated", tenancy.UserID{}},
		{"an invalid credential", with("X-Api-Key", strings.Repeat("x", 40), "X-Act-As", "mary"), "unauthenticated", tenancy.UserID{}},
		{"a user's key before the platform's", with("X-Api-Key", s.maryKey.Text, "Authorization", "Bearer "+platform.Text, "X-Act-As", mary), "forbidden", tenancy.UserID{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tenancy.Actor{}
			if tc.want == "" {
				want = tenancy.Actor{
					User: tc.user, Platform: tc.user.IsZero(), Delegated: !tc.user.IsZero(), Via: tenancy.ViaPlatformKey, Key: platform.ID,
				}
			}
			for _, order := range []Order{FirstDecides, FallThrough} {
				got, err := s.Authenticate(t.Context(), Source{Order: order, Cookie: "auth_token", ActAs: true}, tc.request)
				if code := codeOf(t, err); code != tc.want {
					t.Errorf("order %v: code = %q, want %q", order, code, tc.want)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("order %v: (-want +got)\n%s", order, diff)
				}
			}
		})
	}
}

// At proxy checks the header is a client's own and says nothing.
func TestActingForAUserIsIgnoredWhereItIsNotServed(t *testing.T) {
	s := newScene(t)
	platform := s.addKey(t, tenancy.Key{Platform: true})
	for _, tc := range []struct {
		name, key string
		want      tenancy.Actor
	}{
		{"a platform key", platform.Text, tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey, Key: platform.ID}},
		{"a user's key", s.maryKey.Text, tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Key: s.maryKey.ID}},
	} {
		for _, values := range [][]string{{s.mary.String()}, {"mary"}, {"a", "b"}} {
			r := with("X-Api-Key", tc.key)
			r.Header["X-Act-As"] = values
			got, err := s.Authenticate(t.Context(), Source{}, r)
			if err != nil {
				t.Errorf("%s, %q: %v", tc.name, values, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s, %q: (-want +got)\n%s", tc.name, values, diff)
			}
		}
	}
}

// What narrows a platform key narrows it as well when it acts for somebody.
func TestActingForAUserWidensNothing(t *testing.T) {
	s := newScene(t)
	narrow := s.addKey(t, tenancy.Key{Platform: true, Tenant: s.acme, Scopes: []tenancy.Action{"member.list"}})
	got, err := s.Authenticate(t.Context(), Source{ActAs: true}, with("X-Api-Key", narrow.Text, "X-Act-As", s.mary.String()))
	want := tenancy.Actor{
		User: s.mary, Delegated: true, Via: tenancy.ViaPlatformKey, Key: narrow.ID, Tenant: s.acme, Scopes: []tenancy.Action{"member.list"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// failing answers look-ups of accounts with an error, and knows all else.
type failing struct {
	*directory
	err error
}

// UserByID fails.
func (f failing) UserByID(_ context.Context, _ tenancy.UserID) (tenancy.User, bool, error) {
	return tenancy.User{}, false, f.err
}

func TestActingForAUserNeedsTheStore(t *testing.T) {
	s := newScene(t)
	platform := s.addKey(t, tenancy.Key{Platform: true})
	s.Service = newService(t, failing{s.dir, &tenancy.Error{Code: tenancy.CodeUnavailable}}, s.clock)
	actor, err := s.Authenticate(t.Context(), Source{ActAs: true}, with("X-Api-Key", platform.Text, "X-Act-As", s.mary.String()))
	if got := codeOf(t, err); got != tenancy.CodeUnavailable || !actor.IsZero() {
		t.Errorf("%v, code %q; want nobody, unavailable", actor, got)
	}
}
