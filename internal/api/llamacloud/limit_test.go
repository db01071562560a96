package llamacloud

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// An organization's requests come back with time, requests at once are paid
// for afterwards, and a new number holds at once.
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
	want("used up", acme, 3*time.Second)
	want("another organization", globex, 0)
	now = now.Add(3 * time.Second)
	want("later", acme, 0)
	a.count(acme)
	want("used up again", acme, time.Second)
	most = 0
	want("any number", acme, 0)
	most = 600
	now = now.Add(time.Second)
	want("more", acme, 0)
	for range limitedOrganizations + 5 {
		a.count(tenancy.TenantID(uuid.New()))
	}
	if a.of.Len() > limitedOrganizations {
		t.Errorf("%d organizations are counted", a.of.Len())
	}
}
