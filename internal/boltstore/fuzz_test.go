package boltstore

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// kind is one kind of record: where it stands, and how it is read and written
// again.
type kind struct {
	of    bucket
	key   []byte
	again func(key, frame []byte) ([]byte, error)
}

// kindOf makes a kind of a decode function and its counterpart.
func kindOf[T any](of bucket, key []byte, fields func(*decoder) T, encode func(key []byte, v T) []byte) kind {
	return kind{of: of, key: key, again: func(key, frame []byte) ([]byte, error) {
		v, err := decode(of, key, frame, fields)
		if err != nil {
			return nil, err
		}
		return encode(key, v), nil
	}}
}

// kinds are all kinds of record.
func kinds() []kind {
	id, two := number(1), pair(number(1), number(2))
	long := tenancy.Digest{1}
	return append(resourceKinds(), []kind{
		kindOf(bucketMeta, metaStore, decodeIdentity, func(_ []byte, v identity) []byte { return encodeIdentity(v) }),
		kindOf(bucketMeta, metaState, decodeState, func(_ []byte, v state) []byte { return encodeState(v) }),
		kindOf(bucketMeta, metaTallies, decodeTallies, func(_ []byte, v tallies) []byte { return encodeTallies(&v) }),
		kindOf(bucketMeta, metaLog, decodeLogBegin, func(_ []byte, v tenancy.Revision) []byte { return encodeLogBegin(v) }),
		kindOf(bucketUsers, id[:], decodeUser, func(key []byte, v tenancy.User) []byte {
			v.ID = tenancy.UserID(key)
			return encodeUser(v)
		}),
		kindOf(bucketTenants, id[:], decodeTenant, func(key []byte, v tenancy.Tenant) []byte {
			v.ID = tenancy.TenantID(key)
			return encodeTenant(v)
		}),
		kindOf(bucketMemberships, two[:], decodeMembership, func(key []byte, v tenancy.Membership) []byte { return encodeMembership(v, key) }),
		kindOf(bucketCounters, id[:], decodeCounters, func(key []byte, v tenancy.Counters) []byte { return encodeCounters(v, tenancy.TenantID(key)) }),
		kindOf(bucketKeys, id[:], decodeKey, func(key []byte, v tenancy.Key) []byte {
			v.ID = tenancy.KeyID(key)
			return encodeKey(v)
		}),
		kindOf(bucketSigningKeys, id[:], decodeSigningKey, func(key []byte, v tenancy.SigningKey) []byte {
			v.ID = tenancy.KeyID(key)
			return encodeSigningKey(v)
		}),
		kindOf(bucketUserEmails, []byte("a@b"), decodeID, func(key []byte, v [16]byte) []byte { return encodeID(bucketUserEmails, key, v) }),
		kindOf(bucketUserTenants, two[:], decodeNothing, func(key []byte, _ struct{}) []byte { return encodeNothing(bucketUserTenants, key) }),
		kindOf(bucketLastLogins, id[:], decodeTime, func(key []byte, v time.Time) []byte { return encodeTime(bucketLastLogins, key, v) }),
		kindOf(bucketAudit, auditKey(7), decodeAudit, encodeAudit),
		kindOf(bucketDecisions, id[:], decodeDecision, func(key []byte, v decision) []byte { return encodeDecision(v, tenancy.DecisionID(key)) }),
		kindOf(bucketChanges, changeKey(7, 0), decodePart, func(key []byte, v part) []byte { return encodePart(v, key) }),
		kindOf(bucketReceipts, long[:], decodeReceipt, func(key []byte, v tenancy.Receipt) []byte {
			rest, _ := encodeReceiptRest(v) // what was decoded has a kind that is known
			return receipt{id: tenancy.Digest(key), rest: rest}.frame(v.Outcome.Revision)
		}),
	}...)
}

// resourceKinds are those of the records since format 3.
func resourceKinds() []kind {
	id, two := number(1), pair(number(1), number(2))
	return []kind{
		kindOf(bucketRoles, id[:], decodeRole, func(key []byte, v tenancy.Role) []byte {
			v.ID = tenancy.RoleID(key)
			return encodeRole(v)
		}),
		kindOf(bucketProjects, id[:], decodeProject, func(key []byte, v tenancy.Project) []byte {
			v.ID = tenancy.ProjectID(key)
			return encodeProject(v)
		}),
		kindOf(bucketDatasets, id[:], decodeDataset, func(key []byte, v tenancy.Dataset) []byte {
			v.ID = tenancy.DatasetID(key)
			return encodeDataset(v)
		}),
		kindOf(bucketGrants, two[:], decodeGrant, func(key []byte, v tenancy.Grant) []byte { return encodeGrant(v, key) }),
		kindOf(bucketInvitations, id[:], decodeInvitation, func(key []byte, v tenancy.Invitation) []byte {
			v.ID = tenancy.InvitationID(key)
			return encodeInvitation(v)
		}),
		kindOf(bucketOrganizations, id[:], decodeOrganization, func(key []byte, v tenancy.Organization) []byte {
			v.ID = tenancy.OrganizationID(key)
			return encodeOrganization(v)
		}),
		kindOf(bucketOrganizationMembers, two[:], decodeOrganizationMember, func(key []byte, v tenancy.OrganizationMember) []byte {
			return encodeOrganizationMember(v, key)
		}),
		kindOf(bucketEntities, id[:], decodeEntity, func(key []byte, v tenancy.Entity) []byte { return encodeEntity(v, key) }),
		kindOf(bucketUsage, id[:], decodeUsage, func(key []byte, v tenancy.Usage) []byte { return encodeUsage(v, tenancy.TenantID(key)) }),
	}
}

// samples are sound payloads, the seeds of the fuzz target beside its corpus.
func samples(t testing.TB) [][]byte {
	t.Helper()
	at := time.Unix(1e9, 0)
	m := tenancy.Membership{
		Tenant: number(1), User: number(2), Level: tenancy.LevelAdmin, LevelBefore: tenancy.LevelViewer, LevelName: "Viewer", Enabled: true, CreatedAt: at, Epoch: 3,
		Roles: []tenancy.RoleID{number(1)}, Capabilities: []tenancy.Capability{"c"}, Projects: tenancy.NewProjectAccess([]tenancy.ProjectID{number(1)}),
	}
	invitation := tenancy.Invitation{Email: "a@b", Level: tenancy.LevelMember, Roles: m.Roles, Status: tenancy.InvitationDeclined, ExpiresAt: at}
	key := pair(number(1), number(2))
	var log noted
	if err := log.note(bucketMemberships, key[:], nil, encodeMembership(m, key[:])); err != nil {
		t.Fatal(err)
	}
	frames := [][]byte{
		encodeUser(tenancy.User{ID: number(1), Email: "a@example.org", TokenEpoch: 3, CreatedAt: at}),
		encodeKey(tenancy.Key{Scopes: []tenancy.Action{"a", "b"}}), encodeTenant(tenancy.Tenant{Slug: "a"}), encodeMembership(m, key[:]),
		encodeDecision(decision{seq: 9, input: []byte("{}")}, tenancy.DecisionID(number(1))),
		encodeRole(tenancy.Role{Name: "r", Actions: []tenancy.Action{"a"}, Capabilities: m.Capabilities}), encodeProject(tenancy.Project{Name: "p", Default: true}),
		encodeDataset(tenancy.Dataset{Name: "d"}), encodeGrant(tenancy.Grant{Principal: tenancy.UserPrincipal(number(2)), Permissions: 3}, key[:]),
		encodeInvitation(invitation), encodeOrganization(tenancy.Organization{Name: "o", ShortName: "o"}),
		encodeOrganizationMember(tenancy.OrganizationMember{Admin: true, CreatedAt: at}, key[:]), encodeUsage(tenancy.Usage{Processes: 1, ReportedAt: at}, number(1)),
		log.entries(tenancy.Commit{Revision: 7, At: at, Action: tenancy.ActionMemberAdd})[0].frame,
	}
	for _, result := range []any{
		nil,
		tenancy.UserView{},
		tenancy.KeyView{},
		tenancy.Tenant{},
		tenancy.Member{Membership: m, Held: []tenancy.Role{{Name: "r"}}},
		tenancy.Left(2),
		tenancy.Role{Actions: []tenancy.Action{"a"}},
		tenancy.Project{Name: "p"},
		tenancy.Dataset{Name: "d"},
		tenancy.InvitationView{Invitation: invitation},
		tenancy.Organization{Name: "o"},
		tenancy.OrganizationMemberView{Email: "a@b"},
		tenancy.Usage{Processes: 1},
		tenancy.AddedMember{Member: tenancy.Member{Membership: m}},
		[]tenancy.Outcome{{Result: tenancy.Left(1)}, {Result: tenancy.Member{Membership: m}}},
	} {
		rest, err := encodeReceiptRest(tenancy.Receipt{At: at, Outcome: tenancy.Outcome{Result: result, Reasons: []tenancy.Finding{{Code: "a"}}}})
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, receipt{rest: rest}.frame(7))
	}
	for i := range frames {
		frames[i] = frames[i][frameHeader:]
	}
	return frames
}

// FuzzDecode puts any payload under a right checksum, as every kind of record:
// it is damage, or a value that reads the same when it is written again, and
// takes no more room than the payload did.
func FuzzDecode(f *testing.F) {
	all := kinds()
	for _, payload := range samples(f) {
		for i := range all {
			f.Add(uint8(i), uint8(1), payload)
			f.Add(uint8(i), uint8(2), payload)
		}
	}
	f.Fuzz(func(t *testing.T, which, version uint8, payload []byte) {
		k := all[int(which)%len(all)]
		e := newEncoder(version, len(payload))
		e.raw(payload)
		frame := e.seal(k.of, k.key)
		once, err := k.again(k.key, frame)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Fatalf("decode = %v, want a value or damage", err)
			}
			return
		}
		room := len(frame)
		if version < newest(k.of) {
			room = 2*room + 64 // it gains fields
		}
		if len(once) > room {
			t.Errorf("%d bytes were read as a value of %d", len(frame), len(once))
		}
		twice, err := k.again(k.key, once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("written again it reads otherwise: %v\n%x\n%x", err, once, twice)
		}
	})
}

// TestEveryBucketHasAKind: no record escapes the fuzz target.
func TestEveryBucketHasAKind(t *testing.T) {
	alike := map[bucket]bucket{ // encoded by the same function
		bucketTenantSlugs: bucketUserEmails, bucketKeyDigests: bucketUserEmails, bucketUserKeys: bucketUserTenants, bucketLastUses: bucketLastLogins,
		bucketTenantAudit: bucketUserTenants, bucketTenantChanges: bucketUserTenants, bucketReceiptTimes: bucketUserTenants,
		bucketTenantRoles: bucketUserTenants, bucketRoleHolders: bucketUserTenants, bucketTenantProjects: bucketUserTenants,
		bucketProjectWorkers: bucketUserTenants, bucketTenantDatasets: bucketUserTenants, bucketPrincipalGrants: bucketUserTenants,
		bucketTenantInvitations: bucketUserTenants, bucketOrganizationTenants: bucketUserTenants, bucketUserOrganizations: bucketUserTenants,
		bucketRoleNames: bucketUserEmails, bucketEntityNames: bucketUserEmails, bucketInvitationCodes: bucketUserEmails, bucketPendingInvitations: bucketUserEmails,
		bucketOrganizationNames: bucketUserEmails,
	}
	for b := range bucketCount {
		of, shared := alike[b]
		if !shared {
			of = b
		}
		if !slices.ContainsFunc(kinds(), func(k kind) bool { return k.of == of }) {
			t.Errorf("records of %s are not in the fuzz target", b)
		}
	}
}

func decodeTallies(d *decoder) tallies { return d.tallies(bucketCount) }
