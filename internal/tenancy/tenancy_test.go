package tenancy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

const someID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

func TestIDsHaveOneForm(t *testing.T) {
	for name, row := range map[string]struct {
		given string
		want  string // empty: refused
	}{
		"36 characters":      {someID, someID},
		"upper case":         {strings.ToUpper(someID), someID},
		"braces":             {"{" + someID + "}", ""},
		"urn":                {"urn:uuid:" + someID, ""},
		"32 digits":          {strings.ReplaceAll(someID, "-", ""), ""},
		"the nil UUID":       {"00000000-0000-0000-0000-000000000000", ""},
		"empty":              {"", ""},
		"36 other things":    {strings.Repeat("x", 36), ""},
		"a hyphen misplaced": {"6ba7b8109-dad-11d1-80b4-00c04fd430c8", ""},
	} {
		tenant, err1 := tenancy.ParseTenantID(row.given)
		user, err2 := tenancy.ParseUserID(row.given)
		key, err3 := tenancy.ParseKeyID(row.given)
		for _, got := range []string{tenant.String(), user.String(), key.String()} {
			if got != row.want {
				t.Errorf("%s: %q became %q, want %q", name, row.given, got, row.want)
			}
		}
		for _, err := range []error{err1, err2, err3} {
			if (err == nil) != (row.want != "") {
				t.Errorf("%s: error %v", name, err)
			}
		}
	}
}

func TestTenantRefs(t *testing.T) {
	for given, want := range map[string]tenancy.TenantRef{
		someID:                                 tenancy.RefTo(must(tenancy.ParseTenantID(someID))),
		"acme":                                 {Slug: "acme"},
		"a-1":                                  {Slug: "a-1"},
		"current":                              {},
		"Acme":                                 {},
		"a_b":                                  {},
		"":                                     {},
		strings.Repeat("a", 63):                {Slug: strings.Repeat("a", 63)},
		strings.Repeat("a", 64):                {},
		"6ba7b8109dad11d180b400c04fd430c8":     {},
		"00000000-0000-0000-0000-000000000000": {},
	} {
		got, err := tenancy.ParseTenantRef(given)
		if got != want || (err == nil) == want.IsZero() {
			t.Errorf("ParseTenantRef(%q) = %+v, %v; want %+v", given, got, err, want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSlugsFromNames(t *testing.T) {
	for name, want := range map[string]string{
		"Acme":                     "acme",
		"Acme Corp., Ltd.":         "acme-corp-ltd",
		"  spaces  ":               "spaces",
		"--":                       "",
		"":                         "",
		"Привет":                   "",
		"Łódź 7":                   "d-7",
		"current":                  "",
		someID:                     "",
		strings.Repeat("ab ", 100): strings.TrimRight(strings.Repeat("ab-", 21), "-"),
	} {
		if got := tenancy.SlugFrom(name); got != want {
			t.Errorf("SlugFrom(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestEmailAddresses(t *testing.T) {
	for given, want := range map[string]string{
		" Olga@Example.com ": "Olga@Example.com",
		"a@b":                "a@b",
		"a":                  "",
		"@b":                 "",
		"a@":                 "",
		"a@b@c":              "",
		"a b@c":              "",
		"a\x00@c":            "",
		"a@c\n":              "a@c",
		"a\xff@c":            "",
		"Ä@b":                "Ä@b",
		"a@b\u200b":          "", // a space of zero width
		"\u202ea@b":          "", // what turns the direction
		"a\u00a0b@c":         "",
		"\u212aate@b":        "", // the Kelvin sign
		"\u0130van@b":        "", // a dotted capital I
		strings.Repeat("a", 250) + "@example.com": "",
	} {
		got, err := tenancy.ParseEmail(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
	if tenancy.EmailKey(" Olga@Example.COM") != tenancy.EmailKey("olga@example.com ") {
		t.Error("two spellings of one address have two keys")
	}
}

func TestActions(t *testing.T) {
	for given, want := range map[string]bool{
		"member.add": true, "a": true, "resource.read_all-2": true,
		"": false, ".a": false, "a.": false, "a..b": false, "A": false, "a b": false, "a/b": false,
		strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
	} {
		if _, err := tenancy.ParseAction(given); (err == nil) != want {
			t.Errorf("ParseAction(%q): %v, want it to be taken: %v", given, err, want)
		}
	}
}

// TestCeilings holds the constants against the table of contracts/levels.md.
func TestCeilings(t *testing.T) {
	levels := []tenancy.Level{tenancy.LevelNone, tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelOwner}
	for lowest, actions := range map[tenancy.Level][]tenancy.Action{
		tenancy.LevelViewer: {"tenant.read", "member.read", "member.list", "resource.read", "member.leave", "tenant.select", "project.read", "project.list", "dataset.create"},
		tenancy.LevelMember: {"resource.write", "feedback.write", "resource.anything"},
		tenancy.LevelAdmin: {
			"app.manage", "member.add", "member.update", "member.remove", "tenant.update", "usage.read", "audit.read", "usage.report",
			"role.create", "invitation.create", "project.create", "capability.grant", "dataset.list_of", "whatever.operators.name",
		},
		tenancy.LevelOwner: {"tenant.delete", "tenant.transfer"},
		50: { // nobody by level
			"dataset.read", "dataset.grant", "organization.update", "store.backup", "user.delete", "policy.read", "signing_key.rotate",
			"tenant.create", "tenant.list", "tenant.list_all",
		},
	} {
		for _, action := range actions {
			for _, level := range levels {
				if got, want := level.MayHold(action), level >= lowest; got != want {
					t.Errorf("%s may hold %s: %v, want %v", level, action, got, want)
				}
			}
		}
	}
	if tenancy.Level(35).Rank() != 0 || tenancy.Level(35).Administers() || tenancy.Level(35).MayHold("resource.read") {
		t.Error("a number that is no level holds something")
	}
}

func TestMembershipsInTime(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	whole := tenancy.Membership{Level: tenancy.LevelAdmin, Enabled: true}
	with := func(change func(*tenancy.Membership)) tenancy.Membership {
		m := whole
		change(&m)
		return m
	}
	for name, row := range map[string]struct {
		m               tenancy.Membership
		active, lasting bool
	}{
		"as it should be":        {whole, true, true},
		"pending":                {with(func(m *tenancy.Membership) { m.Pending = true }), false, false},
		"disabled":               {with(func(m *tenancy.Membership) { m.Enabled = false }), false, false},
		"ends now":               {with(func(m *tenancy.Membership) { m.ExpiresAt = now }), false, false},
		"ends later":             {with(func(m *tenancy.Membership) { m.ExpiresAt = now.Add(1) }), true, false},
		"begins now":             {with(func(m *tenancy.Membership) { m.NotBefore = now }), true, false},
		"begins later":           {with(func(m *tenancy.Membership) { m.NotBefore = now.Add(1) }), false, false},
		"of a member":            {with(func(m *tenancy.Membership) { m.Level = tenancy.LevelMember }), true, false},
		"the zero value, nobody": {tenancy.Membership{}, false, false},
	} {
		if row.m.Active(now) != row.active || row.m.LastingAdmin() != row.lasting {
			t.Errorf("%s: active %v, lasting %v", name, row.m.Active(now), row.m.LastingAdmin())
		}
	}
}

// TestShown is what keeps a refusal from telling more than the caller may know.
func TestShown(t *testing.T) {
	type codes = []tenancy.Code
	for name, row := range map[string]struct{ found, shown codes }{
		"an unknown tenant":                   {codes{"tenant_unknown", "not_a_member", "not_permitted", "user_unknown"}, codes{"tenant_unknown"}},
		"a foreign tenant":                    {codes{"not_a_member", "not_permitted", "owner_permanent"}, codes{"tenant_unknown"}},
		"without the right":                   {codes{"owner_permanent", "not_permitted"}, codes{"not_permitted"}},
		"somebody else's key":                 {codes{"key_unknown", "not_permitted"}, codes{"key_unknown"}},
		"with the right":                      {codes{"rank_exceeded", "owner_permanent"}, codes{"owner_permanent", "rank_exceeded"}},
		"a policy that failed":                {codes{"owner_permanent", "facts_incomplete"}, codes{"facts_incomplete"}},
		"an operator's own objection":         {codes{"on_holiday", "member_limit"}, codes{"member_limit", "on_holiday"}},
		"what is gone, under a condition":     {codes{"organization_unknown", "stale"}, codes{"stale"}},
		"a stranger's, under a condition":     {codes{"organization_unknown", "not_permitted", "stale"}, codes{"organization_unknown"}},
		"a policy that failed, for strangers": {codes{"not_a_member", "policy_timeout"}, codes{"tenant_unknown"}},
	} {
		var found []tenancy.Finding
		for _, code := range row.found {
			found = append(found, tenancy.Finding{Code: code, Message: string(code)}, tenancy.Finding{Code: code, Message: "again"})
		}
		var got codes
		for _, f := range tenancy.Shown(tenancy.SortFindings(found)) {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, row.shown) {
			t.Errorf("%s: %v shown, want %v", name, got, row.shown)
		}
	}
}

func TestEveryCodeOfTheDomainHasWords(t *testing.T) {
	for _, code := range []tenancy.Code{
		tenancy.CodeTenantUnknown, tenancy.CodeNotAMember, tenancy.CodeNotPermitted, tenancy.CodeUserUnknown, tenancy.CodeKeyUnknown,
		tenancy.CodeTargetNotMember, tenancy.CodeAlreadyMember, tenancy.CodeOwnerPermanent, tenancy.CodeLastAdministrator,
		tenancy.CodeMemberLimit, tenancy.CodeRankExceeded, tenancy.CodeActionsExceeded, tenancy.CodeOwnerByTransferOnly,
		tenancy.CodeEmailTaken, tenancy.CodeSlugTaken, tenancy.CodeIDTaken,
		tenancy.CodeFactsIncomplete, tenancy.CodePolicyError, tenancy.CodePolicyUndefined, tenancy.CodePolicyTimeout,
	} {
		if tenancy.Find(code).Message == "" {
			t.Errorf("%s has no message", code)
		}
	}
}

func TestNobodyIsTheZeroActor(t *testing.T) {
	if !(tenancy.Actor{}).IsZero() || (tenancy.Actor{Platform: true}).IsZero() || (tenancy.Actor{}).String() != "nobody" {
		t.Error("the zero actor is somebody")
	}
	scoped := tenancy.Actor{Platform: true, Scopes: []tenancy.Action{"member.add"}}
	if !scoped.InScope("member.add") || scoped.InScope("member.remove") {
		t.Error("scopes are not kept")
	}
}
