package proxy_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// Who asks and whether they may is answered as of one moment, and nothing is
// kept waiting for the answer to be written.
func TestACheckIsOfOneMoment(t *testing.T) {
	w := newWorld()
	begun, open := 0, false
	w.together = func(ctx context.Context, ask func(context.Context)) error {
		begun, open = begun+1, true
		defer func() { open = false }()
		ask(context.WithValue(ctx, aMoment{}, begun))
		return nil
	}
	w.assert = func(context.Context, proxy.Assertion) (string, error) {
		if open {
			t.Error("the answer is written while the moment lasts")
		}
		return "signed", nil
	}
	h := w.handler(t, proxy.Options{})
	for range 2 {
		recorder := httptest.NewRecorder()
		if h.ServeHTTP(recorder, request(asMary)); recorder.Code != 200 {
			t.Fatalf("status %d, want 200", recorder.Code)
		}
	}
	if want := []any{1, 1, 2, 2}; !slices.Equal(w.moments, want) {
		t.Errorf("authentication and the gate were asked in the moments %v, want %v", w.moments, want)
	}
}

// A store that gives no moment denies, and so does one whose moment broke
// after the gate had allowed.
func TestWithoutAMomentNobodyMay(t *testing.T) {
	for name, asks := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.together = func(ctx context.Context, ask func(context.Context)) error {
				if asks {
					ask(ctx)
				}
				return errors.New("the store is damaged")
			}
			recorder := httptest.NewRecorder()
			w.handler(t, proxy.Options{}).ServeHTTP(recorder, request(asMary))
			if recorder.Code != 403 || recorder.Header().Get("X-Auth-Subject") != "" || !strings.Contains(w.logged(), "the store is damaged") {
				t.Errorf("status %d %v, want 403; log: %s", recorder.Code, recorder.Header(), w.logged())
			}
		})
	}
}

// Nothing of a check is left for the next: where nobody is asked, nobody is
// allowed, whoever was allowed before.
func TestNothingIsLeftOfACheck(t *testing.T) {
	w, asks := newWorld(), true
	w.together = func(ctx context.Context, ask func(context.Context)) error {
		if asks {
			ask(ctx)
		}
		return nil
	}
	h := w.handler(t, proxy.Options{})
	status := func(line string) int { return serve(h, request(line)).StatusCode }
	for range 100 { // whichever of those that have ended is taken
		if asks = true; status(asMary) != 200 {
			t.Fatal("mary is denied")
		}
		if got := status("X-None: 1"); got != 401 {
			t.Errorf("without a credential, after mary's: %d", got)
		}
		if asks = false; status(asMary) != 403 {
			t.Error("mary is allowed, though nobody was asked")
		}
	}
}
