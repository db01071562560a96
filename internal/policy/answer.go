package policy

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// The most that one answer may hold. Answers are recorded and sent.
const (
	violationLimit = 64
	codeLimit      = 64   // bytes
	messageLimit   = 1024 // bytes
)

// decisionOf reads the answer to a change: exactly allow, granted and
// violations, in a combination that makes sense. Anything else is an error
// that says what is wrong.
func decisionOf(answer ast.Value) (gate.Ruling, error) {
	object, isObject := answer.(ast.Object)
	if !isObject || object.Len() != 3 {
		return gate.Ruling{}, errors.New("the decision is no object of allow, granted and violations")
	}
	allow, err := truthAt(object, "allow")
	if err != nil {
		return gate.Ruling{}, err
	}
	granted, err := truthAt(object, "granted")
	if err != nil {
		return gate.Ruling{}, err
	}
	violations, err := violationsOf(object.Get(ast.InternedTerm("violations")))
	switch {
	case err != nil:
		return gate.Ruling{}, err
	case allow && !granted:
		return gate.Ruling{}, errors.New("the decision allows what nothing grants")
	case allow && len(violations) > 0:
		return gate.Ruling{}, errors.New("the decision allows what an objection stands against")
	}
	return gate.Ruling{Allow: allow, Granted: granted, Violations: violations}, nil
}

// accessOf reads the answer about an access: a boolean.
func accessOf(answer ast.Value) (gate.Ruling, error) {
	allow, isBoolean := answer.(ast.Boolean)
	if !isBoolean {
		return gate.Ruling{}, errors.New("access.allow is no boolean")
	}
	return gate.Ruling{Allow: bool(allow), Granted: bool(allow)}, nil
}

func truthAt(object ast.Object, key string) (bool, error) {
	if term := object.Get(ast.InternedTerm(key)); term != nil {
		if value, isBoolean := term.Value.(ast.Boolean); isBoolean {
			return bool(value), nil
		}
	}
	return false, fmt.Errorf("the decision's %s is no boolean", key)
}

// violationsOf reads a set or a list of violations.
func violationsOf(term *ast.Term) ([]tenancy.Finding, error) {
	if term == nil {
		return nil, errors.New("the decision has no violations")
	}
	collection, isCollection := term.Value.(interface {
		Len() int
		Iter(func(*ast.Term) error) error
	})
	if !isCollection {
		return nil, errors.New("the decision's violations are neither a set nor a list")
	}
	if collection.Len() == 0 {
		return nil, nil
	}
	if collection.Len() > violationLimit {
		return nil, fmt.Errorf("the decision has more than %d violations", violationLimit)
	}
	findings := make([]tenancy.Finding, 0, collection.Len())
	err := collection.Iter(func(element *ast.Term) error {
		finding, err := violationOf(element.Value)
		findings = append(findings, finding)
		return err
	})
	return findings, err
}

// violationOf reads one violation: exactly code and message.
func violationOf(value ast.Value) (tenancy.Finding, error) {
	object, isObject := value.(ast.Object)
	if !isObject || object.Len() != 2 {
		return tenancy.Finding{}, errors.New("a violation is no object of code and message")
	}
	code, message := textAt(object, "code"), textAt(object, "message")
	switch {
	case !wellFormed(code):
		return tenancy.Finding{}, fmt.Errorf("a violation's code is not of a-z, 0-9 and _, begun by a letter, %d at most", codeLimit)
	case message == "" || len(message) > messageLimit || !utf8.ValidString(message):
		return tenancy.Finding{}, fmt.Errorf("the message of %s is no text of 1 to %d bytes", code, messageLimit)
	}
	return tenancy.Finding{Code: tenancy.Code(code), Message: message}, nil
}

// textAt gives the string at a key, "" where there is none.
func textAt(object ast.Object, key string) string {
	if term := object.Get(ast.InternedTerm(key)); term != nil {
		if text, isString := term.Value.(ast.String); isString {
			return string(text)
		}
	}
	return ""
}

func wellFormed(code string) bool {
	if code == "" || len(code) > codeLimit || code[0] < 'a' || code[0] > 'z' {
		return false
	}
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
