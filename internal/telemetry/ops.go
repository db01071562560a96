package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Check is one condition of readiness. Ready says why it is not met, or nil.
type Check struct {
	Name  string
	Ready func(ctx context.Context) error
}

// checkTimeout bounds all checks of one question together.
const checkTimeout = 2 * time.Second

// OpsHandler serves /livez (the process answers), /readyz (every check is
// met, else 503; with ?verbose a line for each and why) and /metrics.
func OpsHandler(metrics http.Handler, checks []Check) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		report, ready := ask(r.Context(), checks)
		status := http.StatusOK
		if !ready {
			status = http.StatusServiceUnavailable
		}
		if !r.URL.Query().Has("verbose") {
			report = map[bool]string{true: "ok\n", false: "not ready: ask /readyz?verbose\n"}[ready]
		}
		answer(w, status, report)
	})
	mux.Handle("GET /metrics", metrics)
	return mux
}

// Ready is nil when every check is met, and else says which are not: what
// /readyz answers, for those who ask otherwise.
func Ready(ctx context.Context, checks []Check) error {
	if report, ready := ask(ctx, checks); !ready {
		return errors.New("not ready: " + strings.ReplaceAll(strings.TrimSpace(report), "\n", "; "))
	}
	return nil
}

// ask asks every check, so that one answer names all that is amiss.
func ask(ctx context.Context, checks []Check) (report string, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var lines strings.Builder
	ready = true
	for _, check := range checks {
		if err := check.Ready(ctx); err != nil {
			ready = false
			fmt.Fprintf(&lines, "[-] %s: %s\n", check.Name, strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Fprintf(&lines, "[+] %s\n", check.Name)
	}
	return lines.String(), ready
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a prober that left needs no answer
}
