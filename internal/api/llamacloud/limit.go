package llamacloud

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

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
	of    *lru.Cache[tenancy.TenantID, *rate.Limiter]
}

func newAdditions(terms func() tenancy.Terms, now func() time.Time) *additions {
	of, err := lru.New[tenancy.TenantID, *rate.Limiter](limitedOrganizations)
	if err != nil {
		panic("llamacloud: " + err.Error()) // only of a size that is not positive
	}
	return &additions{terms: terms, now: now, of: of}
}

// wait gives how long to wait until the organization may have another request;
// 0: not at all.
func (a *additions) wait(org tenancy.TenantID) time.Duration {
	now, most := a.now(), a.terms().AddsPerMinute
	if most <= 0 {
		return 0
	}
	missing := 1 - a.limiter(org, most, now).TokensAt(now)
	return max(0, time.Duration(missing*float64(time.Minute)/float64(most)))
}

// count counts a request. Of requests at once, more may have passed than the
// organization had left: it waits the longer for the next one.
func (a *additions) count(org tenancy.TenantID) {
	now, most := a.now(), a.terms().AddsPerMinute
	if most > 0 {
		a.limiter(org, most, now).ReserveN(now, 1)
	}
}

// limiter gives an organization's limiter, set to what the policies say now.
func (a *additions) limiter(org tenancy.TenantID, most int, now time.Time) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	perMinute := rate.Limit(float64(most) / time.Minute.Seconds())
	limiter, known := a.of.Get(org)
	if !known {
		limiter = rate.NewLimiter(perMinute, most)
		a.of.Add(org, limiter)
	}
	if limiter.Burst() != most {
		limiter.SetLimitAt(now, perMinute)
		limiter.SetBurstAt(now, most)
	}
	return limiter
}

// addWithinLimit adds users, unless the organization has had too many such
// requests. Those of strangers and of who may not add are not counted, so that
// nobody else uses up an organization's; and a stranger does not learn from
// the limit that there is such an organization.
func (d *dialect) addWithinLimit(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID, batch tenancy.Batch) ([]tenancy.Outcome, error) {
	wait := d.additions.wait(org)
	if wait > 0 || len(batch.Changes) == 0 {
		if _, err := read[tenancy.Tenant](d, c, actor, tenancy.GetTenant{Tenant: tenancy.RefTo(org)}); err != nil {
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
	if !isAbout(err, tenancy.CodeTenantUnknown) && !isAbout(err, tenancy.CodeNotPermitted) {
		d.additions.count(org)
	}
	return outcomes, err
}

// isAbout reports whether an error is a refusal whose shown reasons name the
// code.
func isAbout(err error, code tenancy.Code) bool {
	var refusal *tenancy.Refusal
	return errors.As(err, &refusal) && tenancy.Has(tenancy.Shown(refusal.Reasons), code)
}
