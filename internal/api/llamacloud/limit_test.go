package llamacloud

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// No minute has more requests of an organization than it may; requests at once
// are paid for afterwards, and a new number holds at once.
func TestAdditions(t *testing.T) {
	now, most := time.Unix(1e9, 0), 60
	a := newAdditions(func() tenancy.Terms { return tenancy.Terms{AddsPerMinute: most} }, func() time.Time { return now })
	acme, globex := tenancy.TenantID(uuid.New()), tenancy.TenantID(uuid.New())
	want := func(what string, org tenancy.TenantID, want time.Duration) {
		t.Helper()
		if got := a.wait(org); got.Round(time.Millisecond) != want {
			t.Errorf("%s: wait %v, want %v", what, got, want)
		}
	}
	want("at first", acme, 0)
	for range 62 { // two passed at once with the last one
		a.count(acme)
	}
	want("used up", acme, time.Minute)
	want("another organization", globex, 0)
	now = now.Add(time.Minute - time.Millisecond)
	want("nearly a minute later", acme, time.Millisecond)
	most = 600
	want("more", acme, 0)
	most = 0
	want("any number", acme, 0)
	most = 60
	now = now.Add(time.Millisecond)
	want("a minute later", acme, 0)
	for range 60 {
		a.count(acme)
		now = now.Add(500 * time.Millisecond)
	}
	want("used up in half a minute", acme, 30*time.Second)
	now = now.Add(30 * time.Second)
	want("the first two are forgotten", acme, 0)
	a.count(acme)
	a.count(acme)
	want("used up again", acme, time.Second)
	now = now.Add(-time.Hour)
	want("the clock was set back", acme, time.Hour+time.Second)
	now = now.Add(1000 * time.Hour)
	want("days later", acme, 0)
	for range limitedOrganizations + 5 {
		a.count(tenancy.TenantID(uuid.New()))
	}
	if a.of.Len() > limitedOrganizations {
		t.Errorf("%d organizations are counted", a.of.Len())
	}
}
