package gate

import (
	"container/list"
	"sync"

	"github.com/memberward/memberward/internal/tenancy"
)

// How much of what was decided without a record is kept: so many decisions,
// of so many bytes.
const (
	ringLimit = 10_000
	ringBytes = 16 << 20
)

// ring keeps the latest decisions that nothing else records: checks, reads,
// dry runs, and refusals until they are flushed. Of those that have to go,
// allows go first, the oldest first (design, "Decisions, revisions, audit").
type ring struct {
	mu      sync.Mutex
	byID    map[tenancy.DecisionID]*list.Element
	allows  list.List
	denials list.List
	size    int
}

// kept is one decision, not yet written down.
type kept struct {
	kind    tenancy.DecisionKind
	actor   tenancy.Actor
	in      Input
	outcome tenancy.Outcome
	target  string
	allow   bool
	size    int
}

func newRing() *ring { return &ring{byID: map[tenancy.DecisionID]*list.Element{}} }

// remember keeps a decision, unless the audit has it.
func (r *ring) remember(kind tenancy.DecisionKind, m *matter, allow bool) {
	if m.outcome.DecisionID.IsZero() || (kind == tenancy.DecisionChange && allow) {
		return
	}
	k := &kept{kind: kind, actor: m.actor, in: m.in, outcome: m.outcome, target: m.target, allow: allow, size: weigh(&m.in)}
	k.outcome.Result = nil
	if k.size > ringBytes/100 { // one hostile question must not push a hundred others out
		k.in.Context, k.in.HTTP = nil, tenancy.HTTPRequest{}
		k.size = weigh(&k.in)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.size+k.size > ringBytes || len(r.byID) >= ringLimit {
		r.drop()
	}
	of := &r.denials
	if allow {
		of = &r.allows
	}
	r.byID[k.outcome.DecisionID] = of.PushBack(k)
	r.size += k.size
}

// drop forgets the oldest allow, or the oldest denial where there is none.
func (r *ring) drop() {
	of := &r.allows
	if of.Len() == 0 {
		of = &r.denials
	}
	oldest := of.Front()
	k := of.Remove(oldest).(*kept)
	delete(r.byID, k.outcome.DecisionID)
	r.size -= k.size
}

// find gives a decision that is kept.
func (r *ring) find(id tenancy.DecisionID) (*kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.byID[id]
	if !found {
		return nil, false
	}
	return element.Value.(*kept), true
}

// plainWeight is what a decision takes that carries nothing of its caller's
// own, in bytes.
const plainWeight = 1200

// weigh estimates what an input takes, in bytes.
func weigh(in *Input) int {
	size := plainWeight + len(in.Resource.ID) + len(in.Resource.Type) + 3*len(in.HTTP.RawPath)
	for _, lists := range []map[string][]string{in.HTTP.Headers, in.HTTP.Query} {
		for name, values := range lists {
			size += 64 + len(name)
			for _, value := range values {
				size += 16 + len(value)
			}
		}
	}
	for name, value := range in.Context {
		size += 64 + len(name) + weighJSON(value)
	}
	return size
}

// weighJSON estimates what a value of JSON takes, in bytes.
func weighJSON(value any) int {
	switch v := value.(type) {
	case string:
		return 16 + len(v)
	case []any:
		size := 24
		for _, element := range v {
			size += 16 + weighJSON(element)
		}
		return size
	case map[string]any:
		size := 48
		for name, element := range v {
			size += 64 + len(name) + weighJSON(element)
		}
		return size
	default:
		return 16
	}
}

// decision writes a kept decision down.
func (k *kept) decision() (tenancy.Decision, error) {
	input, err := Document(&k.in)
	d := tenancy.Decision{
		ID: k.outcome.DecisionID, At: k.in.Now, Kind: k.kind, Actor: k.actor.String(), Dialect: k.in.Dialect, Action: k.in.Action,
		Tenant: k.in.Tenant.ID, Target: k.target, Allow: k.allow, Reasons: k.outcome.Reasons,
		PolicyRevision: k.outcome.PolicyRevision, Revision: k.outcome.Revision, Input: input,
	}
	if k.actor.Delegated {
		d.Actor, d.ActingAs = platformName, k.actor.User.String()
	}
	return d, err
}
