package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// Why an allowed request is denied after all.
const (
	ReasonIncomplete Reason = "the verdict lacks what an allow must carry"
	ReasonForeign    Reason = "the verdict is about another tenant"
	ReasonValue      Reason = "an identity header would hold something other than printable ASCII"
	ReasonHead       Reason = "the answer would be too long for the proxy"
)

// authenticate is the header that every 401 carries.
const authenticate = "Www-Authenticate"

// none stands for what is empty, so that no header is missing or empty.
const none = "none"

// headLimit bounds the head of an answer, in bytes: nginx reads it into a
// buffer of 4 KiB.
const headLimit = 3584

// headRest is what the server adds to a head at most: the status line, Date,
// Connection and the empty line.
const headRest = len("HTTP/1.1 401 Unauthorized\r\n") + len("Date: Sat, 21 Nov 2026 21:53:30 GMT\r\n") +
	len("Connection: close\r\n") + len("\r\n")

// field is one header of an answer.
type field struct{ name, value string }

// answer is what the proxy gets. The zero value denies.
type answer struct {
	status int
	fields []field
	wish   *wish // of a rule of the operator's; nil: none
}

// write sends the answer; it never has a body, because proxies hand it on or
// lose the connection over it. Only a rule for Envoy may give a denial one.
func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	values := make([]string, 0, len(a.fields)+2) // one block for all
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	for _, f := range a.fields {
		set(f.name, f.value)
	}
	set("Content-Length", "0")
	set("Cache-Control", "no-store")
	if a.wish != nil {
		a.wish.append(h)
	}
	w.WriteHeader(a.code())
	if a.wish != nil && a.wish.body != "" {
		_, _ = io.WriteString(w, a.wish.body) // the head is sent: nobody could be told
	}
}

// code is the status of the answer.
func (a answer) code() int {
	if a.status == 0 {
		return http.StatusForbidden
	}
	return a.status
}

// denial carries nothing that says who or why. The id is the decision's.
func denial(status int, vary string, id tenancy.DecisionID) answer {
	a := answer{status: status, fields: []field{{"Vary", vary}}}
	if !id.IsZero() {
		a.fields = append(a.fields, field{decisionID, id.String()})
	}
	if status == http.StatusUnauthorized {
		a.fields = append(a.fields, field{authenticate, `Bearer realm="memberward"`})
	}
	return a
}

// check holds an answer's head against what every proxy can read.
func (a answer) check() error {
	size := headRest + len("Content-Length: 0\r\n") + len("Cache-Control: no-store\r\n")
	for _, f := range a.fields {
		size += len(f.name) + len(": ") + len(f.value) + len("\r\n")
		if f.value == "" {
			return ReasonIncomplete
		}
		if strings.TrimSpace(f.value) != f.value || strings.ContainsFunc(f.value, notPrintable) {
			return ReasonValue
		}
	}
	if a.wish != nil {
		more, err := a.wish.check()
		if err != nil {
			return err
		}
		size += more
	}
	if size >= headLimit {
		return ReasonHead
	}
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// statusOf turns what authentication says into a status: only a credential
// that is missing or not valid is worth another attempt.
func statusOf(err error) int {
	var e *tenancy.Error
	if errors.As(err, &e) && e.Code == tenancy.CodeUnauthenticated {
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}
