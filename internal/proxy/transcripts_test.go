package proxy_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
)

// TestTranscripts plays what the proxies that cannot be had here send, as they
// document it, to the real gate, store, rules and authentication: a folder of
// testdata/proxies for each. A header section of an answer names all of its
// X- headers.
func TestTranscripts(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "..", "testdata", "proxies", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	rules := sync.OnceValues(apitest.LoadRules)
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			apitest.Play(t, folder, func(t *testing.T, _ string) *apitest.Stage {
				return apitest.Set(t, apitest.Directions{
					Rules: rules, Every: isAnAnswer,
					Handler: func(s *apitest.Stage) http.Handler { return s.Checks(t) },
				})
			})
		})
	}
}

// isAnAnswer holds for every answer to a proxy: nothing to read, nothing to
// keep, and no X- header that the transcript does not name.
func isAnAnswer(t testing.TB, request string, want http.Header, got apitest.Answer) {
	t.Helper()
	for _, wrong := range answerFaults(want, got) {
		t.Errorf("%s: %s", request, wrong)
	}
}

func answerFaults(want http.Header, got apitest.Answer) (faults []string) {
	if got.Status == http.StatusNotFound {
		return nil // no endpoint
	}
	if got.Body != "" || got.Header.Get("Content-Length") != "0" {
		faults = append(faults, "a body")
	}
	if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Vary") == "" {
		faults = append(faults, "a cache could keep it")
	}
	for name := range got.Header {
		if strings.HasPrefix(name, "X-") && want[name] == nil {
			faults = append(faults, "an unexpected "+name)
		}
	}
	return faults
}

// The guard above, with answers that it has to find.
func TestAnswersThatSayTooMuchAreFound(t *testing.T) {
	plain := http.Header{"Content-Length": {"0"}, "Cache-Control": {"no-store"}, "Vary": {"Cookie"}}
	with := func(name, value string) http.Header {
		h := plain.Clone()
		h.Set(name, value)
		return h
	}
	for _, tt := range []struct {
		name string
		got  apitest.Answer
		want []string
	}{
		{"nothing but an answer", apitest.Answer{Status: 403, Header: plain}, nil},
		{"a body", apitest.Answer{Status: 403, Header: with("Content-Length", "2"), Body: "no"}, []string{"a body"}},
		{"for a cache", apitest.Answer{Status: 403, Header: with("Cache-Control", "private")}, []string{"a cache could keep it"}},
		{"for everybody", apitest.Answer{Status: 403, Header: with("Vary", "")}, []string{"a cache could keep it"}},
		{"says who", apitest.Answer{Status: 403, Header: with("X-Auth-Subject", "olga")}, []string{"an unexpected X-Auth-Subject"}},
	} {
		if got := answerFaults(nil, tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
