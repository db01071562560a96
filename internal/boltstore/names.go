package boltstore

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// keyParts says what a key consists of.
type keyPart uint8

const (
	partID     keyPart = iota // 16 bytes
	partNumber                // 8 bytes, big-endian
	partIndex                 // 4 bytes, big-endian
	partTime                  // 8 bytes, as receiptTimeKey writes it
	partDigest                // 32 bytes
	partText                  // what is left; the last part
)

// layoutOf gives the parts of a bucket's keys.
func layoutOf(b bucket) []keyPart {
	switch b {
	case bucketUsers, bucketTenants, bucketCounters, bucketKeys, bucketLastLogins, bucketLastUses, bucketSigningKeys, bucketDecisions,
		bucketRoles, bucketProjects, bucketDatasets, bucketInvitations, bucketOrganizations, bucketUsage,
		bucketEntities:
		return []keyPart{partID}
	case bucketMemberships, bucketUserTenants, bucketUserKeys, bucketTenantRoles, bucketRoleHolders, bucketTenantProjects, bucketProjectWorkers,
		bucketTenantDatasets, bucketGrants, bucketTenantInvitations, bucketOrganizationTenants, bucketOrganizationMembers, bucketUserOrganizations:
		return []keyPart{partID, partID}
	case bucketPrincipalGrants:
		return []keyPart{partID, partID, partID}
	case bucketRoleNames, bucketPendingInvitations:
		return []keyPart{partID, partText}
	case bucketAudit:
		return []keyPart{partNumber}
	case bucketTenantAudit, bucketTenantChanges:
		return []keyPart{partID, partNumber}
	case bucketChanges:
		return []keyPart{partNumber, partIndex}
	case bucketKeyDigests, bucketReceipts, bucketInvitationCodes:
		return []keyPart{partDigest}
	case bucketReceiptTimes:
		return []keyPart{partTime, partDigest}
	default:
		return []keyPart{partText}
	}
}

// keyName writes a key so that people can find what it names; one that has
// another length than its bucket's keys in hexadecimal.
func keyName(b bucket, key []byte) string {
	var names []string
	left := key
	for _, p := range layoutOf(b) {
		size := p.size()
		if p == partText {
			size = len(left)
		}
		if len(left) < size {
			return hex.EncodeToString(key)
		}
		names = append(names, p.name(left[:size]))
		left = left[size:]
	}
	if len(left) > 0 {
		return hex.EncodeToString(key)
	}
	return strings.Join(names, "/")
}

func (p keyPart) size() int {
	switch p {
	case partID:
		return 16
	case partIndex:
		return 4
	case partDigest:
		return 32
	default:
		return 8
	}
}

func (p keyPart) name(v []byte) string {
	switch p {
	case partID:
		return uuid.UUID(v).String()
	case partIndex:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(v)), 10)
	case partNumber:
		return strconv.FormatUint(binary.BigEndian.Uint64(v), 10)
	case partText:
		quoted := strconv.QuoteToASCII(string(v))
		return quoted[1 : len(quoted)-1]
	case partTime:
		return receiptTime(v).Format(time.RFC3339Nano)
	default:
		return hex.EncodeToString(v)
	}
}
