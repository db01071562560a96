// Package audit is the record of a decision: its canonical bytes and the hash
// chain that binds each record to all before it. A record holds ids and codes
// only: no e-mail address, no secret, no token.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/tenancy"
)

// Verdict says how a decision came out.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allow"
	Refused Verdict = "deny"
)

// Hash is the SHA-256 of a record's canonical bytes.
type Hash [sha256.Size]byte

// String gives the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText gives the hash in lower-case hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*sha256.Size {
		return fmt.Errorf("a hash has %d hexadecimal digits, not %d", 2*sha256.Size, len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Record is one decision. The order of the fields is the order of the
// canonical bytes: append, never move. Seq, Revision and Prev are set by the
// store as the record takes its place in the chain.
type Record struct {
	Seq            uint64           `json:"seq"` // from 1
	ID             string           `json:"id"`
	Time           time.Time        `json:"time"` // UTC, of the transaction
	Revision       tenancy.Revision `json:"revision"`
	Actor          string           `json:"actor"` // a user id, "platform", "operator", "registration"
	Via            string           `json:"via,omitzero"`
	Key            string           `json:"key,omitzero"` // id of the key presented
	Dialect        string           `json:"dialect,omitzero"`
	Action         string           `json:"action"`
	Tenant         string           `json:"tenant,omitzero"`
	Target         string           `json:"target,omitzero"` // the user, key or tenant changed
	DecisionID     string           `json:"decision_id"`
	PolicyRevision string           `json:"policy_revision,omitzero"`
	Verdict        Verdict          `json:"verdict"`
	Reasons        []Reason         `json:"reasons,omitzero"`
	Unrecorded     int              `json:"unrecorded,omitzero"` // the actor's refusals before this one that were too many to record
	Prev           Hash             `json:"prev"`                // of the record before; zero for the first
	ActingAs       string           `json:"acting_as,omitzero"`  // the user that a platform key acted for
	InputHash      Hash             `json:"input_hash,omitzero"` // of Input; zero: there was none

	// Input is the policy input of the decision, JSON. It is kept beside the
	// record, which holds its hash.
	Input []byte `json:"-"`
}

// Reason is one finding of a refusal.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Reasons turns findings into the record's reasons.
func Reasons(findings []tenancy.Finding) []Reason {
	reasons := make([]Reason, len(findings))
	for i, f := range findings {
		reasons[i] = Reason{Code: string(f.Code), Message: f.Message}
	}
	return reasons
}

// Encode gives the canonical bytes of a record, and their hash: JSON in the
// order of the fields, without white space.
func Encode(r Record) ([]byte, Hash, error) {
	data, err := r.canonical()
	if err != nil {
		return nil, Hash{}, fmt.Errorf("encode audit record %d: %w", r.Seq, err)
	}
	return data, sha256.Sum256(data), nil
}

// usualSize is what most records fit into.
const usualSize = 768

// canonical writes the fields in their order, as their tags say.
func (r *Record) canonical() ([]byte, error) {
	o := NewObject(usualSize)
	o.Uint("seq", r.Seq)
	o.Text("id", r.ID)
	o.Time("time", r.Time)
	o.Uint("revision", uint64(r.Revision))
	o.Text("actor", r.Actor)
	o.Optional("via", r.Via)
	o.Optional("key", r.Key)
	o.Optional("dialect", r.Dialect)
	o.Text("action", r.Action)
	o.Optional("tenant", r.Tenant)
	o.Optional("target", r.Target)
	o.Text("decision_id", r.DecisionID)
	o.Optional("policy_revision", r.PolicyRevision)
	o.Text("verdict", string(r.Verdict))
	if len(r.Reasons) > 0 {
		o.Value("reasons", r.Reasons)
	} else if r.Reasons != nil {
		o.Raw("reasons", "[]")
	}
	if r.Unrecorded != 0 {
		o.Int("unrecorded", int64(r.Unrecorded))
	}
	o.Text("prev", r.Prev.String())
	o.Optional("acting_as", r.ActingAs)
	if r.InputHash != (Hash{}) {
		o.Text("input_hash", r.InputHash.String())
	}
	return o.Done()
}

// Decode reads canonical bytes back and gives their hash.
func Decode(data []byte) (Record, Hash, error) {
	var r Record
	if err := json.Unmarshal(data, &r, json.RejectUnknownMembers(true)); err != nil {
		return Record{}, Hash{}, fmt.Errorf("decode audit record: %w", err)
	}
	return r, sha256.Sum256(data), nil
}

// Chain is the end of the chain so far. The zero value is an empty chain.
type Chain struct {
	Seq  uint64
	Head Hash
}

// Append sets the record's place and gives its canonical bytes and the chain
// that now ends with it.
func (c Chain) Append(r Record) ([]byte, Chain, error) {
	r.Seq, r.Prev = c.Seq+1, c.Head
	if len(r.Input) > 0 {
		r.InputHash = sha256.Sum256(r.Input)
	}
	data, hash, err := Encode(r)
	return data, Chain{Seq: r.Seq, Head: hash}, err
}

// Follow checks that canonical bytes are the chain's next record and gives
// the chain that ends with it.
func (c Chain) Follow(data []byte) (Chain, error) {
	r, hash, err := Decode(data)
	switch {
	case err != nil:
		return c, err
	case r.Seq != c.Seq+1:
		return c, fmt.Errorf("audit record %d stands where %d belongs", r.Seq, c.Seq+1)
	case r.Prev != c.Head:
		return c, fmt.Errorf("audit record %d does not follow the record before it", r.Seq)
	}
	return Chain{Seq: r.Seq, Head: hash}, nil
}
