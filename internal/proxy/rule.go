package proxy

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// Why what a rule for Envoy answered is not handed on.
const (
	ReasonRuleAnswer Reason = "the rule's answer has a part of another type, or one that cannot be handed on"
	ReasonRuleBody   Reason = "Envoy's description of the request cannot be read: the body is no JSON or no form, or is malformed"
)

// Restricter judges a question by the rules that decide, and then by one that
// can only narrow.
type Restricter interface {
	CheckRestricted(context.Context, tenancy.Actor, tenancy.Question, tenancy.Restriction) (tenancy.Verdict, error)
}

// ruled reports whether a rule stands beside the routes on this endpoint.
func (c *check) ruled() bool { return c.endpoint.ruled && len(c.handler.rules.envoyRule) > 0 }

// verdict asks the gate; where a rule stands beside the routes, that too.
func (c *check) verdict(ctx context.Context, actor tenancy.Actor, q tenancy.Question, public bool) (tenancy.Verdict, error) {
	if !c.ruled() {
		return c.handler.ports.Checker.Check(ctx, actor, q)
	}
	beside, err := c.beside(q.HTTP)
	if err != nil {
		return tenancy.Verdict{}, err
	}
	return c.handler.ports.Restricter.CheckRestricted(ctx, actor, q, tenancy.Restriction{
		Rule: c.handler.rules.envoyRule, Public: public, Beside: beside,
	})
}

// judgePublic asks the rule about a public route: nobody has to be known.
func (c *check) judgePublic(ctx context.Context, m matched) answer {
	verdict, err := c.verdict(ctx, tenancy.Actor{}, c.question(m, tenancy.TenantRef{}), true)
	if err == nil {
		err = ctx.Err()
	}
	switch {
	case err != nil:
		return c.refuse(http.StatusForbidden, err)
	case !verdict.Allow:
		return c.turnAway(tenancy.Actor{}, m, tenancy.TenantRef{}, verdict)
	}
	a, err := c.admit(ctx, anonymous(verdict.DecisionID)) // without an id, it is incomplete
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	return c.extended(a, verdict.Rule)
}

// extended adds what a rule's object asks for to an allow, or denies.
func (c *check) extended(a answer, object []byte) answer {
	if len(object) == 0 {
		return a
	}
	wish, err := readWish(object)
	if err == nil {
		wish.body, wish.status = "", 0 // are for denials
		a.wish = wish.harmless(c.routes.headers)
		err = a.check()
	}
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	return a
}

// denialOf is a denial as a rule wants it. One that cannot be handed on is a
// plain denial, and the log says why.
func (c *check) denialOf(id tenancy.DecisionID, object []byte) answer {
	plain := denial(http.StatusForbidden, c.vary(), id)
	if len(object) == 0 {
		return plain
	}
	wish, err := readWish(object)
	if err == nil {
		shaped := denial(wish.denies(), c.vary(), id)
		wish.toClient, wish.remove = nil, nil // are for an allow
		shaped.wish = wish.harmless(c.routes.headers)
		if err = shaped.check(); err == nil {
			return shaped
		}
	}
	c.log(slog.LevelWarn, "the rule's denial is not handed on", id, slog.String("reason", string(ReasonRuleAnswer)))
	return plain
}

// wish is what a rule's object asks for beside allowed.
type wish struct {
	status   int     // of a denial; 0: none is named
	body     string  // of a denial
	headers  []field // of an allow: for the application; of a denial: for the client
	toClient []field // of an allow
	remove   []string
	metadata jsontext.Value // an object; nil: none
}

// readWish reads the object in the words of the OPA Envoy plugin. A part of
// another type is an error, and so is one that would change the request behind
// the check's back.
func readWish(object []byte) (*wish, error) {
	var said struct {
		Status   *int            `json:"http_status"`
		Body     string          `json:"body"`
		Headers  ruleHeaders     `json:"headers"`
		ToClient ruleHeaders     `json:"response_headers_to_add"`
		Remove   []string        `json:"request_headers_to_remove"`
		Metadata *jsontext.Value `json:"dynamic_metadata"`
		SetQuery *jsontext.Value `json:"query_parameters_to_set"`
		CutQuery *jsontext.Value `json:"query_parameters_to_remove"`
	}
	if err := json.Unmarshal(object, &said); err != nil || said.SetQuery != nil || said.CutQuery != nil || len(said.Body) > wishBody {
		return nil, ReasonRuleAnswer
	}
	w := &wish{body: said.Body, headers: said.Headers, toClient: said.ToClient, remove: said.Remove}
	if said.Status != nil {
		w.status = *said.Status
	}
	if said.Metadata != nil {
		w.metadata = *said.Metadata
		if w.metadata[0] != '{' {
			return nil, ReasonRuleAnswer
		}
	}
	return w, nil
}

// wishBody bounds the body that a rule gives a denial, in bytes.
const wishBody = 16 << 10

// ruleHeaders are headers as a rule writes them: an object, or a list of
// objects, whose values are texts or lists of texts.
type ruleHeaders []field

// UnmarshalJSON implements json.Unmarshaler.
func (h *ruleHeaders) UnmarshalJSON(data []byte) error {
	list := []map[string]jsontext.Value{{}}
	var err error
	switch data[0] {
	case '{':
		err = json.Unmarshal(data, &list[0])
	case '[':
		err = json.Unmarshal(data, &list)
	default:
		err = ReasonRuleAnswer
	}
	for _, object := range list {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			values, wrong := ruleTexts(object[name])
			err = errors.Join(err, wrong)
			for _, value := range values {
				*h = append(*h, field{http.CanonicalHeaderKey(name), value})
			}
		}
	}
	return err
}

// ruleTexts reads a text or a list of texts.
func ruleTexts(value jsontext.Value) ([]string, error) {
	switch value.Kind() {
	case '"':
		var one string
		err := json.Unmarshal(value, &one)
		return []string{one}, err
	case '[':
		var several []*string
		err := json.Unmarshal(value, &several)
		texts := make([]string, len(several))
		for i, text := range several {
			if text == nil {
				return nil, ReasonRuleAnswer
			}
			texts[i] = *text
		}
		return texts, err
	default:
		return nil, ReasonRuleAnswer
	}
}

// denies gives the status of a denial. Success denies nothing, and Envoy takes
// an error of a server for no answer at all.
func (w *wish) denies() int {
	switch w.status {
	case http.StatusNotModified, http.StatusTeapot, http.StatusTooEarly, http.StatusUnavailableForLegalReasons: // Envoy's protocol lacks all but the first
		return http.StatusForbidden
	}
	if w.status < http.StatusMultipleChoices || w.status >= http.StatusInternalServerError || http.StatusText(w.status) == "" {
		return http.StatusForbidden
	}
	return w.status
}

// harmless leaves out what no rule may say: who somebody is, which tenant was
// judged, what the proxies are told, how a message is framed.
func (w *wish) harmless(tenants []string) *wish {
	kept := *w
	kept.headers, kept.toClient, kept.remove = nil, nil, nil
	for _, f := range w.headers {
		if !reserved(f.name, tenants) {
			kept.headers = append(kept.headers, f)
		}
	}
	for _, f := range w.toClient {
		if !reserved(f.name, tenants) {
			kept.toClient = append(kept.toClient, f)
		}
	}
	for _, name := range w.remove {
		if !reserved(name, tenants) {
			kept.remove = append(kept.remove, name)
		}
	}
	return &kept
}

// reserved reports whether a name, in any spelling that folds onto it, is not
// for rules; tenants are the headers that name one.
func reserved(name string, tenants []string) bool {
	folded := fold(name)
	if strings.HasPrefix(folded, ":") || strings.HasPrefix(folded, "x-envoy-") || strings.HasPrefix(folded, "x-auth-") {
		return true
	}
	same := func(ours string) bool { return fold(ours) == folded }
	if slices.ContainsFunc(presets, func(p preset) bool { return slices.ContainsFunc(p.names(), same) }) {
		return true
	}
	return slices.ContainsFunc(tenants, same) || slices.ContainsFunc(framing, same) || slices.ContainsFunc(identity, same) || same(proxySecret) ||
		slices.ContainsFunc(protocols, func(p protocol) bool { return slices.ContainsFunc(p.control, same) })
}

// framing are the headers that say how a message is sent or kept.
var framing = []string{
	"Host", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Cache-Control", "Vary",
}

// append adds what a rule wants handed on to the headers of an HTTP answer.
func (w *wish) append(h http.Header) {
	for _, f := range slices.Concat(w.headers, w.toClient) {
		h[f.name] = append(h[f.name], f.value)
	}
	if len(w.remove) > 0 {
		h[headersToRemove] = []string{strings.Join(append(h[headersToRemove], w.remove...), ",")}
	}
	if w.body != "" {
		h["Content-Length"] = []string{strconv.Itoa(len(w.body))}
		if len(h["Content-Type"]) == 0 {
			h["Content-Type"] = []string{"text/plain; charset=utf-8"}
		}
	}
}

// check holds the names and values against what a head can carry, and gives
// their size in it.
func (w *wish) check() (size int, err error) {
	for _, f := range slices.Concat(w.headers, w.toClient) {
		if !isToken(f.name) || strings.TrimSpace(f.value) != f.value || strings.ContainsFunc(f.value, notPrintable) {
			return 0, ReasonRuleAnswer
		}
		size += len(f.name) + len(": ") + len(f.value) + len("\r\n")
	}
	for _, name := range w.remove {
		if !isToken(name) {
			return 0, ReasonRuleAnswer
		}
		size += len(name) + len(",")
	}
	return size, nil
}

// isToken reports whether a header may have the name (RFC 9110, 5.6.2).
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
