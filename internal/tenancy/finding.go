package tenancy

import (
	"cmp"
	"slices"
)

// Code names what was found against a request (contracts/levels.md). Rules of
// an operator's own may add codes.
type Code string

// What the gate and the policies find.
const (
	CodeTenantUnknown       Code = "tenant_unknown"
	CodeNotAMember          Code = "not_a_member"
	CodeNotPermitted        Code = "not_permitted"
	CodeUserUnknown         Code = "user_unknown"
	CodeKeyUnknown          Code = "key_unknown"
	CodeOrganizationUnknown Code = "organization_unknown"
	CodeInvitationUnknown   Code = "invitation_unknown" // also one that is closed
	CodeRoleUnknown         Code = "role_unknown"
	CodeProjectUnknown      Code = "project_unknown"
	CodePrincipalUnknown    Code = "principal_unknown"
	CodeTargetNotMember     Code = "target_not_member"
	CodeAlreadyMember       Code = "already_member"
	CodeOwnerPermanent      Code = "owner_permanent"
	CodeLastAdministrator   Code = "last_administrator"
	CodeMemberLimit         Code = "member_limit"
	CodeRankExceeded        Code = "rank_exceeded"
	CodeActionsExceeded     Code = "actions_exceeded"
	CodeOwnerByTransferOnly Code = "owner_by_transfer_only"
	CodeEmailTaken          Code = "email_taken"
	CodeSlugTaken           Code = "slug_taken"
	CodeNameTaken           Code = "name_taken"
	CodeIDTaken             Code = "id_taken"
	CodeStale               Code = "stale"            // If-Match names another version
	CodeConflict            Code = "conflict"         // the state does not allow it now
	CodeDecisionExpired     Code = "decision_expired" // not kept, or not the caller's
)

// What goes wrong with the policies themselves: always a refusal, always
// worth an alert.
const (
	CodeFactsIncomplete Code = "facts_incomplete"
	CodePolicyError     Code = "policy_error"
	CodePolicyUndefined Code = "policy_undefined"
	CodePolicyTimeout   Code = "policy_timeout"
)

// What the API and the store say.
const (
	CodeUnauthenticated   Code = "unauthenticated"
	CodeInvalid           Code = "invalid"
	CodeForbidden         Code = "forbidden" // refused before any decision: a forged cross-site request
	CodeNotFound          Code = "not_found" // no such route
	CodeMethod            Code = "method_not_allowed"
	CodeTooLarge          Code = "too_large"
	CodeTimeout           Code = "timeout"
	CodeIdempotencyReused Code = "idempotency_reused"
	CodeRateLimited       Code = "rate_limited"
	CodeStoreFull         Code = "store_full"
	CodeOutcomeUnknown    Code = "outcome_unknown"
	CodeUnavailable       Code = "unavailable" // the store is closed or damaged
	CodeInternal          Code = "internal"
)

// order is the native order of findings: the first is the one an answer names.
var order = []Code{
	CodeTenantUnknown, CodeNotAMember, CodeKeyUnknown, CodeOrganizationUnknown, CodeDecisionExpired, CodeNotPermitted, CodeStale,
	CodeUserUnknown, CodeTargetNotMember, CodeRoleUnknown, CodeProjectUnknown, CodePrincipalUnknown, CodeInvitationUnknown, CodeAlreadyMember,
	CodeEmailTaken, CodeSlugTaken, CodeNameTaken, CodeIDTaken, CodeConflict,
	CodeOwnerPermanent, CodeLastAdministrator, CodeMemberLimit, CodeRankExceeded, CodeActionsExceeded,
	CodeOwnerByTransferOnly,
	CodeFactsIncomplete, CodePolicyError, CodePolicyUndefined, CodePolicyTimeout,
}

// Finding is one thing found against a request.
type Finding struct {
	Code    Code
	Message string // for people; says what and not who
}

// Find makes a finding with the words of the domain.
func Find(code Code) Finding { return Finding{Code: code, Message: messages[code]} }

// messages are the domain's words for its own findings.
var messages = map[Code]string{
	CodeTenantUnknown:       "there is no such tenant, or you are not a member of it",
	CodeNotAMember:          "you are not a member of this tenant",
	CodeNotPermitted:        "you are not permitted to do this",
	CodeUserUnknown:         "there is no such user",
	CodeKeyUnknown:          "there is no such key",
	CodeOrganizationUnknown: "there is no such organization, or you do not belong to it",
	CodeInvitationUnknown:   "there is no such invitation, or it is closed",
	CodeRoleUnknown:         "there is no such role in this tenant",
	CodeProjectUnknown:      "there is no such project in this tenant",
	CodePrincipalUnknown:    "there is no such user, role or tenant",
	CodeTargetNotMember:     "the user is not a member of this tenant",
	CodeAlreadyMember:       "the user is already a member of this tenant",
	CodeOwnerPermanent:      "the tenant's owner cannot be removed, demoted, disabled or given an expiry",
	CodeLastAdministrator:   "the tenant would be left without a lasting administrator",
	CodeMemberLimit:         "the tenant has as many members as its limit allows",
	CodeRankExceeded:        "nobody hands out or takes away more than they hold",
	CodeActionsExceeded:     "nobody hands out actions that they could not hold, and a credential reaches no further than its scopes and its tenant",
	CodeOwnerByTransferOnly: "only a transfer of ownership makes an owner",
	CodeEmailTaken:          "an account with this e-mail address exists",
	CodeSlugTaken:           "a tenant with this slug exists",
	CodeNameTaken:           "this name is in use",
	CodeIDTaken:             "this id is in use",
	CodeStale:               "it has changed since, or is gone: read it again",
	CodeConflict:            "the state does not allow this now",
	CodeDecisionExpired:     "there is no such decision, it is kept no longer, or it is not yours",
	CodeFactsIncomplete:     "the decision lacked a fact that it needs",
	CodePolicyError:         "the policy could not be evaluated",
	CodePolicyUndefined:     "the policy gave no answer",
	CodePolicyTimeout:       "the policy did not answer in time",
}

// SortFindings puts findings into the native order, operators' codes last by
// name, and drops repeated codes; the first message of a code stays.
func SortFindings(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(place(a.Code), place(b.Code)), cmp.Compare(a.Code, b.Code))
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool { return a.Code == b.Code })
}

func place(code Code) int {
	if i := slices.Index(order, code); i >= 0 {
		return i
	}
	return len(order)
}

// Has reports whether a code is among the findings.
func Has(findings []Finding, code Code) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == code })
}

// Shown gives what a caller may learn of a refusal: a non-member reads
// tenant_unknown alone, whether or not the tenant exists, other people's keys
// read as unknown, and whoever lacks the right itself reads not_permitted alone (contracts/README.md, rule 4;
// contracts/native.md, "Answers"). cognee has an order of its own.
func Shown(findings []Finding) []Finding {
	stranger := Has(findings, CodeNotAMember)
	switch {
	case Has(findings, CodeStale) && !stranger && isGone(findings):
		return []Finding{Find(CodeStale)} // RFC 9110, 13.1.1: what is not there matches nothing
	case stranger || Has(findings, CodeTenantUnknown):
		return []Finding{Find(CodeTenantUnknown)}
	case Has(findings, CodeKeyUnknown):
		return []Finding{Find(CodeKeyUnknown)}
	case Has(findings, CodeOrganizationUnknown):
		return []Finding{Find(CodeOrganizationUnknown)}
	case Has(findings, CodeNotPermitted):
		return only(findings, func(f Finding) bool { return f.Code == CodeNotPermitted })
	case slices.ContainsFunc(findings, isFault): // nobody can say whether the caller has the right
		return only(findings, isFault)
	default:
		return findings
	}
}

// isGone reports whether what is acted upon is not there, and the caller may
// know it: to a stranger an organization is unknown whether it is there or not.
func isGone(findings []Finding) bool {
	return Has(findings, CodeTenantUnknown) || Has(findings, CodeKeyUnknown) ||
		Has(findings, CodeOrganizationUnknown) && !Has(findings, CodeNotPermitted)
}

// only gives the findings that are meant, in their order.
func only(findings []Finding, meant func(Finding) bool) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return !meant(f) })
}

// isFault reports whether the finding is about the policies, and not about
// what they judged.
func isFault(f Finding) bool {
	switch f.Code {
	case CodeFactsIncomplete, CodePolicyError, CodePolicyUndefined, CodePolicyTimeout:
		return true
	default:
		return false
	}
}
