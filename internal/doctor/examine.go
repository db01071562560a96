package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Options say what to examine. The zero value but for URL examines as somebody
// without a credential.
type Options struct {
	// URL is a page behind the proxy that the credential may read, and that
	// nobody may without: scheme, host and path. Required.
	URL *url.URL
	// Connect is host:port to connect to in place of the URL's.
	Connect string
	Roots   *x509.CertPool // whom to believe over https; nil: the system's
	// Credential is a header line, "Authorization: Bearer …". Empty: none.
	Credential string
	// Denied is a path that the credential may not read; empty: one that is
	// made up.
	Denied string
	// Paths are asked for without a credential, besides those that often go
	// around a check.
	Paths []string
	// Headers are names that the application believes besides Memberward's own.
	Headers []string
	// Decisions reads a decision by its id; nil: what was judged is not known.
	Decisions func(context.Context, string) (Judged, error)
	// Proxy is the only one whose lines are shown; empty: those of all.
	Proxy string
	// Stopped: Memberward is down, and nothing may reach the application.
	Stopped bool
}

// Judged is what a decision was about: a request, and who made it. Subject,
// Tenant and Level are what the application must be told; empty: not known.
type Judged struct{ Method, Host, Path, Subject, Tenant, Level string }

// Examine asks. Its error says that the examination could not begin; a fault
// that is found is none.
func Examine(ctx context.Context, o Options) (Report, error) {
	e := &examiner{options: o, wire: wire{url: o.URL, connect: o.Connect, roots: o.Roots, number: rand.Text}}
	e.target = cmp.Or(o.URL.EscapedPath(), "/")
	if o.Denied == "" {
		e.options.Denied = "/memberward-doctor-" + strings.ToLower(rand.Text()[:8])
	}
	begin := e.begin
	if o.Stopped {
		begin = e.beginStopped
	}
	if err := begin(ctx); err != nil {
		return Report{}, err
	}
	report := Report{URL: o.URL.Redacted(), Application: e.application, Decisions: o.Decisions != nil}
	for _, p := range e.points() {
		point, err := e.run(ctx, p)
		if err != nil {
			return Report{}, err
		}
		report.Points = append(report.Points, point)
	}
	return report, nil
}

// examiner is the course of one examination.
type examiner struct {
	options     Options
	wire        wire
	target      string      // path of the page
	application bool        // the doctor's own answers
	usual       answer      // to who may read the page
	identity    http.Header // that the application then got
	open        bool        // nobody is asked at all
	believed    []string    // headers without which nobody may read the page

	// Of the point that is being examined.
	sent     int
	findings []Finding
	skipped  string // why it cannot be judged whole
}

// point is one thing to examine. What a fault looks like is for examine to
// tell, through found; whatever it cannot tell it skips.
type point struct {
	code, sentence string
	needs          need
	examine        func(*examiner, context.Context) error
}

// need is what a point cannot be judged without.
type need uint8

const (
	credential need = 1 << iota
	application
)

// points are those to examine, in order.
func (e *examiner) points() []point {
	if e.options.Stopped {
		return []point{{"open_when_stopped", "without Memberward, nothing reaches the application", 0, (*examiner).stopped}}
	}
	return []point{
		{"unchecked", "nobody gets in without a credential", 0, (*examiner).nobody},
		{"way_around", "no path and no method goes around the check", application, (*examiner).waysAround},
		{"refusal_ignored", "what Memberward refuses does not reach the application", credential, (*examiner).refusals},
		{"identity_incomplete", "the application is told who asks, all of it", credential | application, (*examiner).complete},
		{"identity_spoofed", "identity headers cannot be spoofed", credential | application, (*examiner).spoofs},
		{"identity_alias", "no other spelling of an identity header comes through", credential | application, (*examiner).aliases},
		{"identity_stripped", "a Connection header takes no identity header away", credential | application, (*examiner).stripping},
		{"control_believed", "a client cannot say what is asked about", credential, (*examiner).controls},
		{"path_differs", "the application gets the path that was judged", credential | application, (*examiner).paths},
		{"method_differs", "the application gets the method that was judged", credential | application, (*examiner).methods},
		{"host_differs", "the application gets the host that was judged", credential | application, (*examiner).hosts},
		{"check_cached", "every request is judged anew", credential, (*examiner).caching},
		{"upgrade", "no protocol but WebSocket is upgraded to", credential | application, (*examiner).upgrades},
		{"body_lost", "a body reaches the application whole", credential | application, (*examiner).bodies},
	}
}

func (e *examiner) run(ctx context.Context, p point) (Point, error) {
	e.sent, e.findings, e.skipped = 0, nil, e.lacks(p)
	if e.skipped == "" {
		if err := p.examine(e, ctx); err != nil {
			return Point{}, err
		}
	}
	done := Point{Code: p.code, Sentence: p.sentence, Verdict: Holds, Requests: e.sent, Findings: e.findings}
	switch {
	case len(e.findings) > 0:
		done.Verdict = Found
	case e.skipped != "":
		done.Verdict, done.Reason = NotJudged, e.skipped
	}
	return done, nil
}

// lacks says what a point would need and is not there.
func (e *examiner) lacks(p point) string {
	switch n := p.needs; {
	case len(e.believed) > 0 && p.code != "control_believed":
		return "the page opens only to who says what is asked about: mend that first"
	case e.open:
		return "nobody is asked about anything: mend that first"
	case n&credential != 0 && e.options.Credential == "":
		return "no credential was given"
	case n&application != 0 && !e.application:
		return "the application does not tell what it got: put memberward doctor application in its place"
	default:
		return ""
	}
}

// ask sends a request without a credential.
func (e *examiner) ask(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if r.target == "" {
		r.target = e.target
	}
	e.sent++
	a, err := e.wire.send(ctx, r)
	if err != nil {
		return answer{}, errors.Join(fmt.Errorf("%w: %w", errUnreachable, err), context.Cause(ctx))
	}
	return a, nil
}

// as sends a request with the credential.
func (e *examiner) as(ctx context.Context, r request) (answer, error) {
	r.lines = append([]string{e.options.Credential}, r.lines...)
	return e.ask(ctx, r)
}

// found notes a fault.
func (e *examiner) found(code, what, sent, seen string) {
	e.findings = append(e.findings, Finding{Code: code, What: what, Sent: sent, Seen: clean(e.hide(seen)), Why: why(code), Mend: mends(code, what, e.options.Proxy)})
}

// signed is what a token or an assertion looks like.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// hide takes the credential out of what others say, wherever a proxy put it,
// and whatever else is signed.
func (e *examiner) hide(text string) string {
	_, value, _ := strings.Cut(e.options.Credential, ": ")
	const least = 8 // bytes: shorter ones are words, and no secrets
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" =;", r) }) {
		if len(part) >= least && part != "auth_token" {
			text = strings.ReplaceAll(text, part, hidden)
		}
	}
	return signed.ReplaceAllString(text, hidden)
}

// skip notes that the point cannot be judged, unless a fault is found.
func (e *examiner) skip(reason string) { e.skipped = e.hide(reason) }

// begin finds out how the page answers to who may read it.
func (e *examiner) begin(ctx context.Context) error {
	if e.options.Credential == "" {
		a, err := e.ask(ctx, request{})
		e.application = a.reached
		return err
	}
	a, err := e.as(ctx, request{})
	switch {
	case err != nil:
		return err
	case a.status == http.StatusUnauthorized:
		return errors.New("the credential is not taken: 401; does the proxy pass it on?")
	case a.status == http.StatusForbidden && e.asks(ctx):
		return ctx.Err()
	case a.status/100 == 5:
		return fmt.Errorf("the page answers %s to the credential: does Memberward run where the proxy looks for it? Without it, examine with --stopped", a.describe())
	case a.status/100 != 2:
		return fmt.Errorf("the page answers %s to the credential, decision %q: name one with --url that it may read", a.describe(), clean(e.hide(a.decision())))
	case slices.Equal(a.got(subjectHeader), []string{anonymous}):
		return errors.New("the page is public: name one with --url that takes a credential")
	}
	e.usual, e.application, e.identity = a, a.received != nil, http.Header{}
	for _, name := range identityHeaders {
		e.identity[name] = a.got(name)
	}
	return nil
}

// told reports whether the application was told who asks: the one with the
// credential, or anybody on a public route. Placeholders of proxies name nobody.
func told(a answer, subjects ...string) bool {
	got := a.got(subjectHeader)
	return len(got) == 1 && got[0] != "" && slices.Contains(subjects, got[0])
}

// through reports whether a request came to the application.
func (e *examiner) through(a answer) bool {
	if e.application {
		return a.reached
	}
	return a.status/100 == 2
}

// clean keeps what others say from steering a terminal, and short.
func clean(text string) string {
	const limit = 300
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return text
}
