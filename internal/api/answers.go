package api

import (
	"net/http"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// Answer is one row of a dialect's table: what it answers to a finding.
type Answer struct {
	Code   tenancy.Code
	Status int
	Body   string // in the dialect's own terms: a message, a template
}

// Answers is a dialect's ordered table for one operation. It reads like the
// list of errors in the API's document: the first row that matches any of the
// findings answers, whatever the order of the findings.
type Answers []Answer

// For gives the first row that matches one of the findings, and false when
// none does.
func (t Answers) For(findings []tenancy.Finding) (Answer, bool) {
	for _, row := range t {
		if tenancy.Has(findings, row.Code) {
			return row, true
		}
	}
	return Answer{}, false
}

// Refused gives the row that answers a refusal, and whether the table names
// it: what no row names, operators' own rules among it, is a denial in its own
// words. Where the policies gave no ruling, nobody is known to hold the right:
// it reads as not_permitted.
func (t Answers) Refused(refusal *tenancy.Refusal) (row Answer, named bool) {
	findings := refusal.Reasons
	if IsPolicyFault(refusal) {
		findings = slices.Concat([]tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}, findings)
	}
	if row, named := t.For(findings); named {
		return row, true
	}
	denied := Answer{Status: http.StatusForbidden, Body: http.StatusText(http.StatusForbidden)}
	if len(findings) > 0 {
		denied.Code, denied.Body = findings[0].Code, findings[0].Message
	}
	return denied, false
}
