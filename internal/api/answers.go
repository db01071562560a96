package api

import "github.com/memberward/memberward/internal/tenancy"

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
