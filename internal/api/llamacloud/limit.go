package llamacloud

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// limitedOrganizations is how many organizations' requests are counted at
// once: of those beyond, the ones least recently asked for begin anew.
const limitedOrganizations = 10_000

// additions limits how often users are added to each organization
// (contracts/llamacloud.md; the number is policy data).
type additions struct {
	terms func() tenancy.Terms
	now   func() time.Time
	mu    sync.Mutex
	of    *lru.Cache[tenancy.TenantID, *lastMinute]
}

func newAdditions(terms func() tenancy.Terms, now func() time.Time) *additions {
	of, err := lru.New[tenancy.TenantID, *lastMinute](limitedOrganizations)
	if err != nil {
		panic("llamacloud: " + err.Error()) // only of a size that is not positive
	}
	return &additions{terms: terms, now: now, of: of}
}

// wait gives how long to wait until the organization may have another request;
// 0: not at all.
func (a *additions) wait(org tenancy.TenantID) time.Duration {
	now, most := a.now(), a.terms().AddsPerMinute
	a.mu.Lock()
	defer a.mu.Unlock()
	minute, known := a.of.Get(org)
	if !known || most <= 0 {
		return 0
	}
	return minute.wait(now, most)
}

// count counts a request. Of requests at once, more may have passed than the
// organization had left: it waits the longer for the next one.
func (a *additions) count(org tenancy.TenantID) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	minute, known := a.of.Get(org)
	if !known {
		minute = &lastMinute{}
		a.of.Add(org, minute)
	}
	minute.advance(now)
	minute.counts[minute.second%seconds]++
}

// seconds are those of a minute.
const seconds = 60

// lastMinute counts the requests of the last minute, by seconds. A bucket of
// tokens would let twice as many pass in the first.
type lastMinute struct {
	counts [seconds]int32
	second int64 // the last one that is counted, in Unix time
}

// advance forgets what is a minute old.
func (m *lastMinute) advance(now time.Time) {
	for forgotten := 0; m.second < now.Unix() && forgotten < seconds; forgotten++ {
		m.second++
		m.counts[m.second%seconds] = 0
	}
	m.second = max(m.second, now.Unix())
}

// wait gives how long it takes until fewer than most have been counted within
// a minute.
func (m *lastMinute) wait(now time.Time, most int) time.Duration {
	m.advance(now)
	left := 0
	for _, count := range m.counts {
		left += int(count)
	}
	frees := m.second - seconds // the second that is forgotten last
	for left >= most {
		frees++
		left -= int(m.counts[frees%seconds])
	}
	return max(0, time.Unix(frees+seconds, 0).Sub(now))
}

// addWithinLimit adds users, unless the organization has had too many such
// requests. Those of strangers and of who may not add are not counted, so that
// nobody else uses up an organization's; and a stranger does not learn from
// the limit that there is such an organization.
func (d *dialect) addWithinLimit(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID, batch tenancy.Batch) ([]tenancy.Outcome, error) {
	wait := d.additions.wait(org)
	if wait > 0 || len(batch.Changes) == 0 {
		if err := d.mayAdd(c, actor, org); err != nil {
			return nil, err
		}
	}
	if wait > 0 {
		c.Header("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
		return nil, &tenancy.Error{Code: tenancy.CodeRateLimited}
	}
	var outcomes []tenancy.Outcome
	var err error
	if len(batch.Changes) > 0 {
		outcomes, err = apply[[]tenancy.Outcome](d, c, actor, batch)
	}
	if !isAboutCaller(err) {
		d.additions.count(org)
	}
	return outcomes, err
}

// mayAdd refuses who may add nobody to an organization. It asks about an
// account that is not there, so that the right alone is judged.
func (d *dialect) mayAdd(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID) error {
	verdict, err := d.gate.Check(c.Request.Context(), actor, tenancy.Question{
		Action: tenancy.ActionMemberAdd, Tenant: tenancy.RefTo(org), Dialect: options.Dialect,
		Resource: tenancy.Resource{Type: "user", ID: uuid.NewString()},
	})
	if err != nil {
		return err
	}
	if refusal := (&tenancy.Refusal{Outcome: verdict.Outcome}); isAboutCaller(refusal) {
		return refusal
	}
	api.Decided(c, verdict.DecisionID)
	return nil
}

// isAboutCaller reports whether an error is a refusal of who asks, whatever
// they ask for.
func isAboutCaller(err error) bool {
	return isAbout(err, tenancy.CodeTenantUnknown) || isAbout(err, tenancy.CodeNotPermitted)
}

// isAbout reports whether an error is a refusal whose shown reasons name the
// code.
func isAbout(err error, code tenancy.Code) bool {
	var refusal *tenancy.Refusal
	return errors.As(err, &refusal) && tenancy.Has(tenancy.Shown(refusal.Reasons), code)
}
