package processmind_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestTranscripts(t *testing.T) {
	apitest.Play(t, "../../../testdata/dialects/processmind", func(t *testing.T, comment string) *apitest.Stage {
		s := set(t)
		if strings.Contains(comment, "The application has reported") {
			report(t, s)
		}
		return s
	})
}

// report says what the application counts of acme, and registers two datasets.
func report(t *testing.T, s *apitest.Stage) {
	t.Helper()
	processes, datasets, bytes := int64(15), int64(99), int64(1<<30)
	do(t, s, apitest.Platform(), tenancy.ReportUsage{Tenant: tenant("acme"), Processes: &processes, Datasets: &datasets, StorageBytes: &bytes})
	for _, name := range []string{"orders", "invoices"} {
		do(t, s, apitest.As("mary"), tenancy.CreateDataset{Tenant: tenant("acme"), Name: name})
	}
}

// do makes a change beside the dialect.
func do(t *testing.T, s *apitest.Stage, actor tenancy.Actor, change tenancy.Change) tenancy.Outcome {
	t.Helper()
	outcome, err := s.Gate.Apply(t.Context(), actor, change, tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// Times have the form of the seed: UTC, to the second.
func TestTimesAreToTheSecond(t *testing.T) {
	s := set(t)
	if _, err := s.Authn.Login(t.Context(), "mary@example.com", apitest.Password, tenancy.TenantRef{}); err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`"lastLoginAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)
	deadline := time.After(time.Minute)
	for {
		got := s.Ask(t, "olga", "GET", fill("/tenant/{acme}/users"), "", nil)
		for _, value := range regexp.MustCompile(`"createdAt":"[^"]*"`).FindAllString(got.Body, -1) {
			if !regexp.MustCompile(`:"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$`).MatchString(value) {
				t.Fatalf("%s is no time of the seed's form", value)
			}
		}
		if form.MatchString(got.Body) { // it is flushed behind, within a second or so
			return
		}
		select {
		case <-deadline:
			t.Fatalf("mary signed in, and the list shows nothing of it: %s", got.Body)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// A pending member is listed and allowed nothing, until they sign up under the
// same id.
func TestPendingUntilSignUp(t *testing.T) {
	s := set(t)
	got := s.Ask(t, "olga", "POST", fill("/tenant/{acme}/users"), `{"email":"Nina@example.com","isAdminInTenant":true}`, nil)
	found := regexp.MustCompile(`^{"id":"([^"]+)","message":"User added to tenant."}$`).FindStringSubmatch(got.Body)
	if found == nil {
		t.Fatalf("= %d %s", got.Status, got.Body)
	}
	nina, err := tenancy.ParseUserID(found[1])
	if err != nil {
		t.Fatal(err)
	}
	mayRead := func() bool {
		actor := tenancy.Actor{User: nina, Via: tenancy.ViaToken}
		_, err := s.Gate.Read(t.Context(), actor, tenancy.GetStatistics{Tenant: tenant("acme")}, tenancy.ApplyOptions{Dialect: tenancy.DialectProcessMind})
		return err == nil
	}
	if mayRead() {
		t.Error("a pending administrator reads")
	}
	outcome := do(t, s, apitest.Platform(), tenancy.CreateUser{Email: "nina@example.com", Kind: tenancy.KindHuman})
	if made, ok := outcome.Result.(tenancy.UserView); !ok || made.ID != nina {
		t.Fatalf("signed up as %v, want %s", outcome.Result, nina)
	}
	if !mayRead() {
		t.Error("nina signed up and may not read")
	}
}
