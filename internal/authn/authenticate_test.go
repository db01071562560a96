package authn

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestWhoIsCalling(t *testing.T) {
	s := newScene(t)
	chosen, root := strings.Repeat("operator chosen ", 3)+"!", "a platform key of the operator's own!"
	s.addChosen(chosen, tenancy.Key{User: s.mary})
	s.addChosen(root, tenancy.Key{Platform: true})
	bound := s.addKey(t, tenancy.Key{User: s.mary, Tenant: s.acme, Scopes: []tenancy.Action{"member.list"}, ExpiresAt: s.clock.now.Add(1)})
	platform := s.addKey(t, tenancy.Key{Platform: true})
	free, inAcme := s.token(t, tenancy.TenantRef{}), s.token(t, tenancy.TenantRef{Slug: "acme"})
	idOf := func(text string) tenancy.KeyID {
		key, _, _ := s.dir.KeyByDigest(t.Context(), DigestOf(text))
		return key.ID
	}
	mary := tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Key: s.maryKey.ID}
	for _, tc := range []struct {
		name    string
		request Request
		want    tenancy.Actor
	}{
		{"a key in X-Api-Key", with("X-Api-Key", s.maryKey.Text), mary},
		{"a key as bearer", with("Authorization", "Bearer "+s.maryKey.Text), mary},
		{"the scheme in another case", with("Authorization", "bEARER  "+s.maryKey.Text), mary},
		{"a key of the operator's choice", with("X-Api-Key", chosen), tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Key: idOf(chosen)}},
		{"a chosen key with spaces as bearer", with("Authorization", "Bearer "+chosen), tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Key: idOf(chosen)}},
		{"a bound key with scopes, in its last moment", with("X-Api-Key", bound.Text), tenancy.Actor{
			User: s.mary, Via: tenancy.ViaAPIKey, Key: bound.ID, Tenant: s.acme, Scopes: []tenancy.Action{"member.list"},
		}},
		{"a platform key", with("X-Api-Key", platform.Text), tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey, Key: platform.ID}},
		{"a chosen platform key", with("Authorization", "Bearer "+root), tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey, Key: idOf(root)}},
		{"a token", with("Authorization", "Bearer "+free), tenancy.Actor{User: s.mary, Via: tenancy.ViaToken, IssuedAt: s.clock.now}},
		{"a token bound to a tenant", with("Authorization", "Bearer "+inAcme), tenancy.Actor{
			User: s.mary, Via: tenancy.ViaToken, Tenant: s.acme, TenantSince: s.since, IssuedAt: s.clock.now,
		}},
		{"a token in the cookie", with("Cookie", "theme=dark; auth_token="+free), tenancy.Actor{User: s.mary, Via: tenancy.ViaCookie, IssuedAt: s.clock.now}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, order := range []Order{FirstDecides, FallThrough} {
				got, err := s.Authenticate(t.Context(), Source{Order: order, Cookie: "auth_token"}, tc.request)
				if err != nil {
					t.Fatalf("order %v: %v", order, err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("order %v: (-want +got)\n%s", order, diff)
				}
			}
		})
	}
}

func TestWhoIsTurnedAway(t *testing.T) {
	s := newScene(t)
	token, bound := s.token(t, tenancy.TenantRef{}), s.addKey(t, tenancy.Key{User: s.mary, ExpiresAt: s.clock.now})
	orphan := s.addKey(t, tenancy.Key{User: tenancy.UserID(uuid.New())})
	nobodys := s.addKey(t, tenancy.Key{})
	both := s.addKey(t, tenancy.Key{Platform: true, User: s.mary})
	id, secret := s.maryKey.Text[:35], s.maryKey.Text[35:]
	for _, tc := range []struct {
		name    string
		request Request
	}{
		{"an unknown key", with("X-Api-Key", strings.Repeat("x", 40))},
		{"a known id with another secret", with("X-Api-Key", id+"_"+strings.Repeat("A", 43))},
		{"a known secret with another id", with("X-Api-Key", "mw_"+strings.Repeat("a", 32)+secret)},
		{"a key in another case", with("X-Api-Key", strings.ToUpper(s.maryKey.Text))},
		{"a key cut short", with("X-Api-Key", s.maryKey.Text[:60])},
		{"an expired key", with("X-Api-Key", bound.Text)},
		{"a key whose account is gone", with("X-Api-Key", orphan.Text)},
		{"a key that belongs to nobody", with("X-Api-Key", nobodys.Text)},
		{"a key that is a person's and the platform's", with("X-Api-Key", both.Text)},
		{"a key whose digest is empty", with("X-Api-Key", "")},
		{"an empty bearer", with("Authorization", "Bearer ")},
		{"another scheme", with("Authorization", "Basic "+s.maryKey.Text)},
		{"no scheme", with("Authorization", s.maryKey.Text)},
		{"a token in X-Api-Key", with("X-Api-Key", token)},
		{"a key in the cookie", with("Cookie", "auth_token="+s.maryKey.Text)},
		{"an over-long key", with("X-Api-Key", strings.Repeat("x", textLimit+1))},
		{"an over-long bearer", with("Authorization", "Bearer "+strings.Repeat("x", textLimit))},
		{"the same key twice", with("X-Api-Key", s.maryKey.Text, "X-Api-Key", s.maryKey.Text)},
		{"two keys", with("X-Api-Key", s.maryKey.Text, "X-Api-Key", "other")},
		{"two bearers", with("Authorization", "Bearer "+token, "Authorization", "Bearer "+s.maryKey.Text)},
		{"two cookies of the name", with("Cookie", "auth_token="+token+"; auth_token=x")},
		{"cookies of the name in two headers", with("Cookie", "auth_token="+token, "Cookie", "auth_token=x")},
		{"NUL", with("X-Api-Key", s.maryKey.Text+"\x00")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, order := range []Order{FirstDecides, FallThrough} {
				actor, err := s.Authenticate(t.Context(), Source{Order: order, Cookie: "auth_token"}, tc.request)
				wantRefused(t, actor, err)
			}
		})
	}
}

func TestAccountsThatMayNotAct(t *testing.T) {
	for name, change := range map[string]func(*tenancy.User){
		"disabled":      func(u *tenancy.User) { u.Enabled = false },
		"not signed up": func(u *tenancy.User) { u.SignedUp = false },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			token := s.token(t, tenancy.TenantRef{})
			s.update(change)
			for _, r := range []Request{with("X-Api-Key", s.maryKey.Text), with("Authorization", "Bearer "+token), with("Cookie", "auth_token="+token)} {
				actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r)
				wantRefused(t, actor, err)
			}
			_, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{})
			if got := codeOf(t, err); got != tenancy.CodeUnauthenticated {
				t.Errorf("login: code = %q, want unauthenticated", got)
			}
		})
	}
}

func TestWhichCredentialDecides(t *testing.T) {
	s := newScene(t)
	good, token := s.maryKey.Text, s.token(t, tenancy.TenantRef{})
	const bad = "an invalid key of a plausible length"
	for _, tc := range []struct {
		name           string
		request        Request
		first, falling bool // whether the request is accepted
	}{
		{"none", with(), false, false},
		{"a good key, a bad bearer", with("X-Api-Key", good, "Authorization", "Bearer "+bad), true, true},
		{"a bad key, a good bearer", with("X-Api-Key", bad, "Authorization", "Bearer "+good), false, true},
		{"an empty key, a good bearer", with("X-Api-Key", "", "Authorization", "Bearer "+good), false, true},
		{"a bad bearer, a good cookie", with("Authorization", "Bearer "+bad, "Cookie", "auth_token="+token), false, true},
		{"another scheme, a good cookie", with("Authorization", "Basic eDp5", "Cookie", "auth_token="+token), false, true},
		{"two bad, a good cookie", with("X-Api-Key", bad, "Authorization", "Bearer "+bad, "Cookie", "auth_token="+token), false, true},
		{"a good bearer, a bad cookie", with("Authorization", "Bearer "+good, "Cookie", "auth_token="+bad), true, true},
		{"a doubled key, a good cookie", with("X-Api-Key", good, "X-Api-Key", good, "Cookie", "auth_token="+token), false, false},
		{"a cookie of another name", with("Cookie", "session="+token), false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for order, want := range map[Order]bool{FirstDecides: tc.first, FallThrough: tc.falling} {
				actor, err := s.Authenticate(t.Context(), Source{Order: order, Cookie: "auth_token"}, tc.request)
				if (err == nil) != want || (actor.User == s.mary) != want {
					t.Errorf("order %v: %v, %v; want accepted %v", order, actor, err, want)
				}
				if code := codeOf(t, err); !want && code != tenancy.CodeUnauthenticated {
					t.Errorf("order %v: code %q, want unauthenticated", order, code)
				}
			}
		})
	}
	t.Run("the native API reads no cookie", func(t *testing.T) {
		_, err := s.Authenticate(t.Context(), Source{}, with("Cookie", "auth_token="+token))
		if got := codeOf(t, err); got != tenancy.CodeUnauthenticated {
			t.Errorf("code = %q, want unauthenticated", got)
		}
	})
}

func TestForeignPagesCannotUseTheCookie(t *testing.T) {
	s := newScene(t)
	token := s.token(t, tenancy.TenantRef{})
	for _, tc := range []struct {
		name         string
		method, host string
		headers      []string
		want         tenancy.Code
	}{
		{"a safe method from anywhere", "GET", "app.example.com", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, ""},
		{"HEAD from anywhere", "HEAD", "app.example.com", []string{"Sec-Fetch-Site", "cross-site"}, ""},
		{"no header of a browser", "POST", "app.example.com", nil, ""},
		{"same origin", "POST", "app.example.com", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://app.example.com"}, ""},
		{"typed by the user", "POST", "app.example.com", []string{"Sec-Fetch-Site", "none"}, ""},
		{"origin with its port", "POST", "app.example.com:8443", []string{"Origin", "https://app.example.com:8443"}, ""},
		{"the default port left out on one side", "POST", "app.example.com:443", []string{"Origin", "https://app.example.com"}, ""},
		{"the default port of http left out on one side", "POST", "app.example.com:80", []string{"Origin", "http://app.example.com"}, ""},
		{"the default port left out on both", "POST", "app.example.com", []string{"Origin", "https://app.example.com"}, ""},
		{"the default port named by both", "POST", "app.example.com:443", []string{"Origin", "https://app.example.com:443"}, ""},
		{"the default port named by the origin", "POST", "app.example.com", []string{"Origin", "http://app.example.com:80"}, ""},
		{"another case", "POST", "APP.example.com.", []string{"Origin", "https://app.EXAMPLE.com"}, ""},
		{"an IPv6 host", "POST", "[::1]:8080", []string{"Origin", "http://[::1]:8080"}, ""},
		{"another site", "POST", "app.example.com", []string{"Sec-Fetch-Site", "cross-site"}, "forbidden"},
		{"a sibling site", "DELETE", "app.example.com", []string{"Sec-Fetch-Site", "same-site"}, "forbidden"},
		{"an unknown value", "POST", "app.example.com", []string{"Sec-Fetch-Site", "same-origin, none"}, "forbidden"},
		{"two values", "POST", "app.example.com", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "same-origin"}, "forbidden"},
		{"a foreign origin", "POST", "app.example.com", []string{"Origin", "https://evil.example"}, "forbidden"},
		{"a foreign origin that claims to be ours", "POST", "app.example.com", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://evil.example"}, "forbidden"},
		{"the null origin", "PUT", "app.example.com", []string{"Origin", "null"}, "forbidden"},
		{"an empty origin", "POST", "app.example.com", []string{"Origin", ""}, "forbidden"},
		{"two origins", "POST", "app.example.com", []string{"Origin", "https://app.example.com", "Origin", "https://app.example.com"}, "forbidden"},
		{"another port", "POST", "app.example.com", []string{"Origin", "https://app.example.com:8443"}, "forbidden"},
		{"another port than the one left out", "POST", "app.example.com:8000", []string{"Origin", "http://app.example.com"}, "forbidden"},
		{"the default port of the other scheme", "POST", "app.example.com:443", []string{"Origin", "http://app.example.com"}, "forbidden"},
		{"another scheme", "POST", "app.example.com", []string{"Origin", "ftp://app.example.com"}, "forbidden"},
		{"our name as user", "POST", "app.example.com", []string{"Origin", "https://app.example.com@evil.example"}, "forbidden"},
		{"our name as prefix", "POST", "app.example.com", []string{"Origin", "https://app.example.com.evil.example"}, "forbidden"},
		{"an origin with a path", "POST", "app.example.com", []string{"Origin", "https://app.example.com/x"}, "forbidden"},
		{"an unknown host", "POST", "", []string{"Origin", "https://app.example.com"}, "forbidden"},
		{"a method in lower case", "get", "app.example.com", []string{"Sec-Fetch-Site", "cross-site"}, "forbidden"},
		{"an unknown method", "BREW", "app.example.com", []string{"Sec-Fetch-Site", "cross-site"}, "forbidden"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := with(append([]string{"Cookie", "auth_token=" + token}, tc.headers...)...)
			r.Method, r.Host = tc.method, tc.host
			actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r)
			if got := codeOf(t, err); got != tc.want || actor.IsZero() == (tc.want == "") {
				t.Errorf("code = %q, actor = %v; want %q", got, actor, tc.want)
			}
		})
	}
	t.Run("a header needs no such rule", func(t *testing.T) {
		r := with("Authorization", "Bearer "+token, "Sec-Fetch-Site", "cross-site", "Cookie", "auth_token="+token)
		r.Method = http.MethodPost
		if _, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r); err != nil {
			t.Error(err)
		}
	})
}

func TestUseOfAKeyIsNotedOnceAMinute(t *testing.T) {
	s := newScene(t)
	s.dir.touches = nil
	use := func() {
		t.Helper()
		if _, err := s.Authenticate(t.Context(), Source{}, with("X-Api-Key", s.maryKey.Text)); err != nil {
			t.Fatal(err)
		}
	}
	start := s.clock.now
	use()
	use()
	s.clock.now = start.Add(time.Minute - 1)
	use()
	s.clock.now = start.Add(time.Minute)
	use()
	s.clock.now = start.Add(-time.Hour) // the clock was set back
	use()
	want := []tenancy.Touch{
		{Key: s.maryKey.ID, At: start}, {Key: s.maryKey.ID, At: start.Add(time.Minute)}, {Key: s.maryKey.ID, At: start.Add(-time.Hour)},
	}
	if diff := cmp.Diff(want, s.dir.touches); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestADoorReadsItsOwnRequests(t *testing.T) {
	s := newScene(t)
	token := s.token(t, tenancy.TenantRef{})
	door := s.Door(Source{Cookie: "auth_token"})
	for origin, want := range map[string]tenancy.Code{"http://app.example.com": "", "http://evil.example": tenancy.CodeForbidden} {
		r := httptest.NewRequest(http.MethodPost, "http://app.example.com/x", http.NoBody)
		r.Header.Set("Cookie", "auth_token="+token)
		r.Header.Set("Origin", origin)
		_, err := door.Authenticate(t.Context(), r)
		if got := codeOf(t, err); got != want {
			t.Errorf("origin %s: code = %q, want %q", origin, got, want)
		}
	}
}
