package gate

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/memberward/memberward/internal/audit"
)

// How much of one actor's refusals is recorded (design, "Decisions,
// revisions, audit"), and how many actors are remembered for it.
const (
	refusalsPerSecond = 20
	refusalActors     = 4096
)

// refusalLog keeps one actor's refusals from filling the audit: at most 20 a
// second are recorded, the rest are counted in the actor's next record.
type refusalLog struct {
	mu     sync.Mutex
	actors *lru.Cache[string, *refused]
}

type refused struct {
	limit      *rate.Limiter
	unrecorded int
}

func newRefusalLog() *refusalLog {
	actors, err := lru.New[string, *refused](refusalActors)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &refusalLog{actors: actors}
}

// admit reports whether the record is worth writing, and gives it with the
// number of those before it that were not.
func (l *refusalLog) admit(record audit.Record) (audit.Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of, known := l.actors.Get(record.Actor)
	if !known {
		of = &refused{limit: rate.NewLimiter(refusalsPerSecond, refusalsPerSecond)}
		l.actors.Add(record.Actor, of)
	}
	if !of.limit.AllowN(record.Time, 1) {
		of.unrecorded++
		return audit.Record{}, false
	}
	record.Unrecorded, of.unrecorded = of.unrecorded, 0
	return record, true
}
