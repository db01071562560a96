package apitest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// Stage is a server with the cast behind it.
type Stage struct {
	*httptest.Server
	Gate  *gate.Gate
	Rules *policy.Engine
	Authn *authn.Service
	Names map[string]string // what transcripts may name: the cast, and what a test adds
	Full  atomic.Bool       // the disk is
	every func(t testing.TB, request string, want http.Header, got Answer)
}

// Directions say how a stage is set.
type Directions struct {
	// Dialects are what is served, over a gate; required, unless Handler is there.
	Dialects func(s *Stage, gate api.Gate) []api.Dialect
	// Handler is served in place of dialects; nil: they are.
	Handler func(s *Stage) http.Handler
	// Every holds each answer of a transcript against what is true of all of
	// them; want are the headers that the transcript names. nil: each has an
	// X-Request-Id, as the APIs' answers do.
	Every func(t testing.TB, request string, want http.Header, got Answer)
	// Rules gives the rule book; required. Loading it takes a moment: stages may
	// share what LoadRules gave.
	Rules func() (*policy.Set, error)
	Gate  func(api.Gate) api.Gate // stands in front of the real one; nil: nothing does
	More  func(*tenancy.Seed)     // changes who and what there is; nil: nothing does
	Names map[string]string       // ids of what More adds, by their names in transcripts
}

// Set sets a stage, which is struck when the test ends.
func Set(t testing.TB, with Directions) *Stage {
	t.Helper()
	s := &Stage{Names: Cast(), every: with.Every}
	if s.every == nil {
		s.every = hasRequestID
	}
	maps.Copy(s.Names, with.Names)
	beforeSync := func() error {
		if s.Full.Load() {
			return errors.New("no space left")
		}
		return nil
	}
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "store.db"), boltstore.Options{Clock: time.Now, BeforeSync: beforeSync})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	book, err := with.Rules()
	if err != nil {
		t.Fatal(err)
	}
	s.Rules = policy.NewEngine(book)
	s.Gate = gate.New(store, s.Rules, gate.Options{Clock: time.Now, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }})
	s.Authn, err = authn.New(t.Context(), store, authn.Options{Clock: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	s.fill(t, with)
	s.serve(t, with)
	return s
}

// fill has the cast enter.
func (s *Stage) fill(t testing.TB, with Directions) {
	t.Helper()
	hash, err := s.Authn.HashPassword(t.Context(), Password)
	if err != nil {
		t.Fatal(err)
	}
	data := seed(hash)
	if with.More != nil {
		with.More(&data)
	}
	if _, err := s.Gate.Install(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

func (s *Stage) serve(t testing.TB, with Directions) {
	if with.Handler != nil {
		s.Server = httptest.NewServer(with.Handler(s))
		t.Cleanup(s.Close)
		return
	}
	front := api.Gate(s.Gate)
	if with.Gate != nil {
		front = with.Gate(front)
	}
	s.Server = httptest.NewServer(api.New(api.Options{
		Dialects: with.Dialects(s, api.WithTimeout(front, 0)),
		Logger:   slog.New(slog.DiscardHandler), NewID: uuid.NewString, Now: time.Now,
	}))
	t.Cleanup(s.Close)
}

// LoadRules loads the embedded rule book. Its time limit is that of a test, not
// of a busy machine.
func LoadRules() (*policy.Set, error) {
	return policy.Load(context.Background(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
}

// Revision is that of the store: it is raised by every change.
func (s *Stage) Revision(t testing.TB) tenancy.Revision {
	t.Helper()
	outcome, err := s.Gate.Read(t.Context(), Platform(), tenancy.GetPolicies{}, tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Revision
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Ask sends a request with somebody's API key; nobody sends no credential.
func (s *Stage) Ask(t testing.TB, who, method, path, body string, header http.Header) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	if who != "nobody" {
		req.Header.Set("X-Api-Key", Key(who))
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{res.StatusCode, res.Header, string(text)}
}
