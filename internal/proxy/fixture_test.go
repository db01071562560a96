package proxy_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// The cast: olga owns acme, mary is a member, vera may only look, nina belongs
// nowhere. Each has a key of the same name.
var (
	olga = tenancy.UserID(uuid.MustParse("00000000-0000-4000-8000-000000000001"))
	mary = tenancy.UserID(uuid.MustParse("00000000-0000-4000-8000-000000000002"))
	vera = tenancy.UserID(uuid.MustParse("00000000-0000-4000-8000-000000000003"))
	nina = tenancy.UserID(uuid.MustParse("00000000-0000-4000-8000-000000000004"))
	acme = tenancy.TenantID(uuid.MustParse("00000000-0000-4000-8000-00000000000a"))
)

const revision = "sha256:0123456789abcdef"

// world judges by a list of members: enough of a gate and of authentication
// to see what the proxy makes of their answers. It is safe for concurrent use.
type world struct {
	mu      sync.Mutex
	members map[tenancy.UserID]tenancy.Level
	asked   []tenancy.Question
	shown   []proxy.Credentials
	ids     byte
	log     bytes.Buffer

	verdict func(tenancy.Verdict) tenancy.Verdict // changes what is answered; nil: nothing
	before  func(context.Context) error           // runs before each check; nil: nothing
	assert  func(context.Context, proxy.Assertion) (string, error)

	together func(context.Context, func(context.Context)) error
	moments  []any // what the context of each question holds under aMoment
}

// aMoment is the key under which a context says which moment it is of.
type aMoment struct{}

func newWorld() *world {
	return &world{members: map[tenancy.UserID]tenancy.Level{
		olga: tenancy.LevelOwner, mary: tenancy.LevelMember, vera: tenancy.LevelViewer,
	}}
}

// Authenticate knows keys, tokens in a cookie, and their owners.
func (w *world) Authenticate(ctx context.Context, c proxy.Credentials) (tenancy.Actor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown, w.moments = append(w.shown, c), append(w.moments, ctx.Value(aMoment{}))
	for name, values := range c.Header { // as in earnest: who sits in between may have looked at the other one
		if name != "Cookie" && len(values) > 1 || name == "Cookie" && strings.Count(strings.Join(values, ";"), "auth_token=") > 1 {
			return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "twice"}
		}
	}
	who, via := c.Header.Get("X-Api-Key"), tenancy.ViaAPIKey
	if bearer, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer "); ok && who == "" {
		who = bearer
	}
	if cookie, ok := strings.CutPrefix(c.Header.Get("Cookie"), "auth_token="); ok && who == "" {
		who, via = cookie, tenancy.ViaCookie
		if c.Method != http.MethodGet && c.Header.Get("Sec-Fetch-Site") == "cross-site" {
			return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeForbidden}
		}
	}
	people := map[string]tenancy.Actor{
		"olga": {User: olga, Via: via}, "mary": {User: mary, Via: via}, "vera": {User: vera, Via: via}, "nina": {User: nina, Via: via},
		"platform": {Platform: true, Via: tenancy.ViaPlatformKey},
		"operator": {User: olga, Operator: true}, "registering": {User: olga, Registering: true}, "nobody": {}, "both": {User: olga, Platform: true},
	}
	switch actor, known := people[who]; {
	case known:
		return actor, nil
	case who == "panic":
		panic("secret " + who)
	case who == "store-closed":
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnavailable, Msg: "the store is closed"}
	default:
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "quotes " + who}
	}
}

// Check allows reading to all members and writing to all but viewers.
func (w *world) Check(ctx context.Context, actor tenancy.Actor, q tenancy.Question) (tenancy.Verdict, error) {
	if w.before != nil {
		if err := w.before(ctx); err != nil {
			return tenancy.Verdict{}, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.moments = append(w.asked, q), append(w.moments, ctx.Value(aMoment{}))
	v := tenancy.Verdict{Outcome: tenancy.Outcome{DecisionID: w.nextID(), PolicyRevision: revision}}
	level, member := w.members[actor.User]
	here := q.Tenant.Slug == "acme" || q.Tenant.ID == acme
	if here && (actor.Platform || member && (q.Action == tenancy.ActionResourceRead || level != tenancy.LevelViewer)) {
		v.Allow, v.Tenant, v.Level = true, acme, level
	}
	if w.verdict != nil {
		v = w.verdict(v)
	}
	return v, nil
}

func (w *world) nextID() tenancy.DecisionID {
	w.ids++
	return tenancy.DecisionID{15: w.ids, 6: 0x70, 8: 0x80, 0: 1}
}

func (w *world) newID() tenancy.DecisionID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nextID()
}

func (w *world) remove(user tenancy.UserID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.members, user)
}

// questions gives what was asked so far.
func (w *world) questions() []tenancy.Question {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// Write takes the log.
func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func (w *world) ports() proxy.Ports {
	return proxy.Ports{
		Checker: w, Authenticator: w, NewID: w.newID, Clock: time.Now, Log: slog.New(slog.NewTextHandler(w, nil)), Assert: w.assert,
		Together: w.together,
	}
}

// handler is the program's own, over this world.
func (w *world) handler(t testing.TB, options proxy.Options) *proxy.Handler {
	t.Helper()
	h, err := proxy.New(w.ports(), options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
