package gate

import (
	"encoding/binary"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// packed is what a ring keeps of a decision: one block of bytes without a
// pointer. Ten thousand inputs as they are took the garbage collector most of
// its time, which every check paid.
//
// The block never leaves the process, so its form is free to change.
type packed []byte

// packer writes facts to a block, or reads them from one. One walk over them
// serves both ways.
type packer struct {
	block   packed
	reading bool
}

// decision walks over what came out, who asked and what for, but for the
// context, which is whatever JSON the caller sent. The id comes first.
func (p *packer) decision(o *tenancy.Outcome, kind *tenancy.DecisionKind, a *tenancy.Actor, target *string, in *Input) {
	walkID(p, &o.DecisionID)
	p.revision(&o.Revision)
	walkText(p, &o.PolicyRevision)
	walkList(p, &o.Reasons, walkFinding)
	walkText(p, kind)
	walkID(p, &a.User)
	p.truths(&o.Replayed, &a.Platform, &a.Registering, &a.Operator, &a.Delegated)
	walkText(p, target)
	p.input(in)
}

// decisionOf reads the id of a decision that is packed.
func decisionOf(facts packed) tenancy.DecisionID { return tenancy.DecisionID(facts[:16]) }

func (p *packer) revision(r *tenancy.Revision) { *r = tenancy.Revision(p.count(uint64(*r))) }

func walkFinding(p *packer, f *tenancy.Finding) {
	walkText(p, &f.Code)
	walkText(p, &f.Message)
}

func (p *packer) input(in *Input) {
	walkText(p, &in.Action)
	walkText(p, &in.Sent)
	walkText(p, &in.Dialect)
	p.time(&in.Now)
	walkTexts(p, &in.Subject.Type, &in.Subject.ID)
	walkTexts(p, &in.Subject.Properties, &in.Subject.Stored)
	p.actor(&in.Actor)
	walkID(p, &in.Tenant.ID)
	walkID(p, &in.Tenant.Owner)
	p.numbers(&in.Tenant.Members, &in.Tenant.Limit, &in.Tenant.LastingAdmins)
	p.target(&in.Target)
	p.requested(&in.Requested)
	p.resource(&in.Resource)
	walkText(p, &in.Route.Template)
	walkNamed(p, &in.Route.Params, walkText)
	p.http(&in.HTTP)
}

func (p *packer) actor(a *ActorFacts) {
	walkID(p, &a.User)
	p.truths(&a.Member, &a.Active, &a.OrganizationAdmin, &a.Platform)
	walkSmall(p, &a.Level)
	walkList(p, &a.Roles, walkRole)
	walkList(p, &a.Actions, walkText)
	walkList(p, &a.Capabilities, walkText)
	walkList(p, &a.Scopes, walkText)
}

func (p *packer) target(t *TargetFacts) {
	walkID(p, &t.User)
	p.truths(&t.Exists, &t.Member, &t.Enabled, &t.Pending, &t.Developer, &t.Active, &t.Lasting, &t.Self)
	walkSmall(p, &t.Level)
	walkList(p, &t.Roles, walkRole)
}

func (p *packer) requested(r *RequestedFacts) {
	p.truths(&r.Enabled, &r.Developer, &r.Expires)
	walkSmall(p, &r.Level)
	walkList(p, &r.Roles, walkRole)
	walkList(p, &r.Actions, walkText)
}

func (p *packer) resource(r *ResourceFacts) {
	walkTexts(p, &r.Type, &r.ID)
	p.truths(&r.Mine)
	walkSmall(p, &r.Permissions)
	walkTexts(p, &r.Properties, &r.Stored)
}

func (p *packer) http(h *tenancy.HTTPRequest) {
	walkTexts(p, &h.Method, &h.Scheme, &h.Host, &h.Path, &h.RawPath, &h.ClientIP)
	walkList(p, &h.Segments, walkText)
	walkNamed(p, &h.Query, walkWords)
	walkNamed(p, &h.Headers, walkWords)
}

func walkRole(p *packer, r *RoleFact) {
	walkID(p, &r.ID)
	walkText(p, &r.Name)
}

func walkWords(p *packer, v *[]string) { walkList(p, v, walkText) }

// count is a length, or any other number that is usually low.
func (p *packer) count(n uint64) uint64 {
	if !p.reading {
		p.block = binary.AppendUvarint(p.block, n)
		return n
	}
	n, length := binary.Uvarint(p.block)
	p.block = p.block[length:]
	return n
}

func (p *packer) numbers(values ...*int64) {
	for _, v := range values {
		*v = int64(p.count(uint64(*v)))
	}
}

// time keeps microseconds, which the gate's times are whole in.
func (p *packer) time(v *time.Time) {
	at := v.UnixMicro()
	if p.numbers(&at); p.reading {
		*v = time.UnixMicro(at).UTC()
	}
}

// truths keeps at most eight.
func (p *packer) truths(values ...*bool) {
	var bits uint8
	for i, v := range values {
		if *v {
			bits |= 1 << i
		}
	}
	walkSmall(p, &bits)
	for i, v := range values {
		*v = bits&(1<<i) != 0
	}
}

func walkSmall[T ~uint8](p *packer, v *T) {
	if !p.reading {
		p.block = append(p.block, byte(*v))
		return
	}
	*v = T(p.block[0])
	p.block = p.block[1:]
}

func walkID[T ~[16]byte](p *packer, v *T) {
	if !p.reading {
		p.block = append(p.block, (*v)[:]...)
		return
	}
	copy((*v)[:], p.block)
	p.block = p.block[len(*v):]
}

func walkText[T ~string](p *packer, v *T) {
	n := p.count(uint64(len(*v)))
	if !p.reading {
		p.block = append(p.block, *v...)
		return
	}
	*v = T(p.block[:n])
	p.block = p.block[n:]
}

func walkTexts[T ~string](p *packer, values ...*T) {
	for _, v := range values {
		walkText(p, v)
	}
}

// walkList keeps nil apart from what is empty.
func walkList[T any](p *packer, v *[]T, element func(*packer, *T)) {
	n := uint64(0)
	if *v != nil {
		n = uint64(len(*v)) + 1
	}
	if n = p.count(n); n == 0 {
		return
	}
	if p.reading {
		*v = make([]T, n-1)
	}
	for i := range *v {
		element(p, &(*v)[i])
	}
}

// walkNamed keeps what has names, in any order, and nil apart from what is empty.
func walkNamed[T any](p *packer, v *map[string]T, element func(*packer, *T)) {
	n := uint64(0)
	if *v != nil {
		n = uint64(len(*v)) + 1
	}
	if n = p.count(n); n == 0 {
		return
	}
	if !p.reading {
		for name, value := range *v {
			walkText(p, &name)
			element(p, &value)
		}
		return
	}
	*v = make(map[string]T, n-1)
	for range n - 1 {
		var name string
		var value T
		walkText(p, &name)
		element(p, &value)
		(*v)[name] = value
	}
}
