package policy

import (
	"cmp"
	"encoding/binary"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// fact reads one fact of the input, as Go has it. Exactly one reader is set:
// it says of which type the fact always is.
type fact struct {
	truth  func(*gate.Input) bool
	number func(*gate.Input) int64
	id     func(*gate.Input) [16]byte // zero stands for ""
	text   func(*gate.Input) string
	texts  func(*gate.Input) []string
	roles  func(*gate.Input) []gate.RoleFact
}

// facts gives the facts that a projection can hold, by their path below input.
// A set that reads anything else is evaluated every time.
func facts() map[string]fact {
	type in = *gate.Input
	return map[string]fact{
		"action.name": {text: func(in in) string { return string(in.Action) }},
		"dialect":     {text: func(in in) string { return string(in.Dialect) }},

		"actor.user":               {id: func(in in) [16]byte { return in.Actor.User }},
		"actor.member":             {truth: func(in in) bool { return in.Actor.Member }},
		"actor.level":              {text: func(in in) string { return in.Actor.Level.String() }},
		"actor.roles":              {roles: func(in in) []gate.RoleFact { return in.Actor.Roles }},
		"actor.actions":            {texts: func(in in) []string { return asText(in.Actor.Actions) }},
		"actor.capabilities":       {texts: func(in in) []string { return asText(in.Actor.Capabilities) }},
		"actor.organization_admin": {truth: func(in in) bool { return in.Actor.OrganizationAdmin }},
		"actor.active":             {truth: func(in in) bool { return in.Actor.Active }},
		"actor.platform":           {truth: func(in in) bool { return in.Actor.Platform }},
		"actor.scopes":             {texts: func(in in) []string { return scopes(in.Actor.Scopes) }},

		"tenant.id":             {id: func(in in) [16]byte { return in.Tenant.ID }},
		"tenant.owner":          {id: func(in in) [16]byte { return in.Tenant.Owner }},
		"tenant.members":        {number: func(in in) int64 { return in.Tenant.Members }},
		"tenant.limit":          {number: func(in in) int64 { return in.Tenant.Limit }},
		"tenant.lasting_admins": {number: func(in in) int64 { return in.Tenant.LastingAdmins }},

		"target.user":      {id: func(in in) [16]byte { return in.Target.User }},
		"target.exists":    {truth: func(in in) bool { return in.Target.Exists }},
		"target.member":    {truth: func(in in) bool { return in.Target.Member }},
		"target.level":     {text: func(in in) string { return in.Target.Level.String() }},
		"target.rank":      {number: func(in in) int64 { return int64(in.Target.Level.Rank()) }},
		"target.roles":     {roles: func(in in) []gate.RoleFact { return in.Target.Roles }},
		"target.enabled":   {truth: func(in in) bool { return in.Target.Enabled }},
		"target.pending":   {truth: func(in in) bool { return in.Target.Pending }},
		"target.developer": {truth: func(in in) bool { return in.Target.Developer }},
		"target.active":    {truth: func(in in) bool { return in.Target.Active }},
		"target.lasting":   {truth: func(in in) bool { return in.Target.Lasting }},
		"target.self":      {truth: func(in in) bool { return in.Target.Self }},

		"requested.level":     {text: func(in in) string { return in.Requested.Level.String() }},
		"requested.rank":      {number: func(in in) int64 { return int64(in.Requested.Level.Rank()) }},
		"requested.roles":     {roles: func(in in) []gate.RoleFact { return in.Requested.Roles }},
		"requested.actions":   {texts: func(in in) []string { return asText(in.Requested.Actions) }},
		"requested.enabled":   {truth: func(in in) bool { return in.Requested.Enabled }},
		"requested.developer": {truth: func(in in) bool { return in.Requested.Developer }},
		"requested.expires":   {truth: func(in in) bool { return in.Requested.Expires }},

		"resource.type":        {text: func(in in) string { return in.Resource.Type }},
		"resource.id":          {text: func(in in) string { return in.Resource.ID }},
		"resource.mine":        {truth: func(in in) bool { return in.Resource.Mine }},
		"resource.permissions": {texts: func(in in) []string { return (in.Resource.Permissions & tenancy.AllPermissions).Names() }},
	}
}

// asText gives words of any kind as text.
func asText[Word ~string](words []Word) []string {
	if len(words) == 0 {
		return nil
	}
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return texts
}

// scopes says "*" for a credential without scopes.
func scopes(given []tenancy.Action) []string {
	if len(given) == 0 {
		return []string{"*"}
	}
	return asText(given)
}

// part adds what one reading of the input yields to a key, so that it cannot
// be taken for what another yields, nor run into what follows.
type part func(key []byte, in *gate.Input) []byte

// whole adds the value of the fact.
func (f fact) whole() part {
	switch {
	case f.truth != nil:
		return func(key []byte, in *gate.Input) []byte { return appendTruth(key, f.truth(in)) }
	case f.number != nil:
		return func(key []byte, in *gate.Input) []byte { return binary.AppendVarint(key, f.number(in)) }
	case f.id != nil:
		return func(key []byte, in *gate.Input) []byte { id := f.id(in); return append(key, id[:]...) }
	case f.text != nil:
		return func(key []byte, in *gate.Input) []byte { return appendText(key, f.text(in)) }
	case f.texts != nil:
		return func(key []byte, in *gate.Input) []byte { return appendTexts(key, f.texts(in)) }
	default:
		return func(key []byte, in *gate.Input) []byte { return appendRoles(key, f.roles(in)) }
	}
}

// against adds how two numbers compare, or whether two ids are the same: all
// that a comparison of them can depend on. It is nil for other types.
func (f fact) against(other fact) part {
	switch {
	case f.number != nil && other.number != nil:
		return func(key []byte, in *gate.Input) []byte {
			return append(key, byte(1+cmp.Compare(f.number(in), other.number(in))))
		}
	case f.id != nil && other.id != nil:
		return func(key []byte, in *gate.Input) []byte { return appendTruth(key, f.id(in) == other.id(in)) }
	default:
		return nil
	}
}

func appendTruth(key []byte, b bool) []byte {
	if b {
		return append(key, 1)
	}
	return append(key, 0)
}

func appendText(key []byte, s string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(s))), s...)
}

func appendTexts(key []byte, texts []string) []byte {
	key = binary.AppendUvarint(key, uint64(len(texts)))
	for _, text := range texts {
		key = appendText(key, text)
	}
	return key
}

func appendRoles(key []byte, roles []gate.RoleFact) []byte {
	key = binary.AppendUvarint(key, uint64(len(roles)))
	for _, role := range roles {
		key = appendText(append(key, role.ID[:]...), role.Name)
	}
	return key
}
