package gate

import (
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

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
//
// Every check passes through it, and every garbage collection walks over it.
// So what it keeps is written down in slabs without a pointer, and a full ring
// writes over what it drops and allocates nothing.
type ring struct {
	mu       sync.Mutex
	slots    map[tenancy.DecisionID]slot
	contexts map[tenancy.DecisionID]brought
	allows   slabs
	denials  slabs
	size     int    // bytes, as they were weighed
	packing  packer // of the decision at hand
}

// slot is where a decision is written down.
type slot struct {
	at    spot
	allow bool
}

// brought is the context of an input, which is whatever JSON the caller sent.
type brought struct {
	context map[string]any
	size    int
}

func newRing() *ring {
	return &ring{slots: map[tenancy.DecisionID]slot{}, contexts: map[tenancy.DecisionID]brought{}}
}

// remember keeps a decision, unless the audit has it.
func (r *ring) remember(kind tenancy.DecisionKind, m *matter, allow bool) {
	if m.outcome.DecisionID.IsZero() || (kind == tenancy.DecisionChange && allow) {
		return
	}
	sent := brought{m.in.Context, weighContext(m.in.Context)} // which may be large: nobody waits for it
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := r.packed(kind, m, &m.in)
	if weigh(facts)+sent.size > ringBytes/100 { // one question must not push a hundred others out
		facts, sent = r.withoutSent(kind, m), brought{}
	}
	size := weigh(facts) + sent.size
	for (r.size+size > ringBytes || len(r.slots) >= ringLimit) && !r.empty() {
		r.drop()
	}
	queue := r.queue(allow)
	id := m.outcome.DecisionID
	r.slots[id] = slot{at: queue.push(facts), allow: allow}
	if sent.context != nil {
		r.contexts[id] = sent
	}
	r.size += size
}

func (r *ring) queue(allow bool) *slabs {
	if allow {
		return &r.allows
	}
	return &r.denials
}

// withoutSent packs a decision but for most of what the caller sent along.
func (r *ring) withoutSent(kind tenancy.DecisionKind, m *matter) packed {
	in := m.in
	in.HTTP, in.Sent = tenancy.HTTPRequest{}, ""
	in.Subject.Properties, in.Subject.Stored, in.Resource.Properties, in.Resource.Stored = "", "", "", ""
	facts := r.packed(kind, m, &in)
	r.packing.block = nil // it may have grown large
	return facts
}

// packed is good until the next one is made.
func (r *ring) packed(kind tenancy.DecisionKind, m *matter, in *Input) packed {
	r.packing.block = r.packing.block[:0]
	r.packing.decision(&m.outcome, &kind, &m.actor, &m.target, in)
	return r.packing.block
}

func (r *ring) empty() bool { return r.allows.empty() && r.denials.empty() }

// drop forgets the oldest allow, or the oldest denial where there is none.
// The ring is not empty.
func (r *ring) drop() {
	facts := r.queue(!r.allows.empty()).pop()
	id := decisionOf(facts)
	r.size -= weigh(facts) + r.contexts[id].size
	delete(r.contexts, id)
	delete(r.slots, id)
}

// find gives a decision that is kept.
func (r *ring) find(id tenancy.DecisionID) (kept, bool) {
	facts, k, known := r.copyOf(id)
	if known {
		unpacking := packer{block: facts, reading: true}
		unpacking.decision(&k.outcome, &k.kind, &k.actor, &k.target, &k.in)
	}
	return k, known
}

// copyOf gives what is written of a decision, before others are written over
// it.
func (r *ring) copyOf(id tenancy.DecisionID) (packed, kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	written, known := r.slots[id]
	if !known {
		return nil, kept{}, false
	}
	k := kept{allow: written.allow}
	k.in.Context = r.contexts[id].context
	return slices.Clone(r.queue(written.allow).at(written.at)), k, true
}

// kept is one decision, not yet written to the audit.
type kept struct {
	kind    tenancy.DecisionKind
	allow   bool
	outcome tenancy.Outcome // without a result
	actor   tenancy.Actor   // who it was, and not by which credential
	target  string
	in      Input
}

// decision gives it as callers know it.
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

// plainWeight is what a decision takes besides what is written of it, in
// bytes.
const plainWeight = 64

// weigh says what is kept of a decision, in bytes, but for its context.
func weigh(facts packed) int { return plainWeight + len(facts) }

// weighContext estimates what a context takes, in bytes.
func weighContext(context map[string]any) int {
	size := 0
	for name, value := range context {
		size += 64 + len(name) + weighJSON(value)
	}
	return size
}

// weighJSON estimates what a value of JSON takes, in bytes.
func weighJSON(value any) int {
	switch v := value.(type) {
	case string:
		return 16 + len(v)
	case jsontext.Value: // a number
		return 24 + len(v)
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
