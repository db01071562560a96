package doctor_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/doctor"
	"github.com/memberward/memberward/internal/proxytest"
)

// rules are loaded once for all stages.
var rules = sync.OnceValues(apitest.LoadRules)

// stage is Memberward with its cast.
func stage(t testing.TB, kind proxytest.Kind) (s *apitest.Stage, sidecar string) {
	t.Helper()
	s = apitest.Set(t, apitest.Directions{
		Rules: rules, Handler: func(s *apitest.Stage) http.Handler { return s.Checks(t) },
	})
	if kind.FastCGI {
		return s, s.Authorize(t, s.Checks(t))
	}
	return s, strings.TrimPrefix(s.URL, "http://")
}

const asMary = "X-Api-Key: "

// front starts a real proxy, with faults in its configuration, and gives the
// page to examine.
func front(t testing.TB, kind proxytest.Kind, application http.Handler, faults ...string) *url.URL {
	t.Helper()
	kind.Binary(t)
	_, sidecar := stage(t, kind)
	p := kind.Start(t, proxytest.Setup{Sidecar: sidecar, Application: application, Break: faults})
	return pageOf(p.Addr)
}

// pageOf is a page that mary may read.
func pageOf(addr string) *url.URL {
	return &url.URL{Scheme: "http", Host: addr, Path: "/tenants/acme/reports"}
}

func examine(t testing.TB, o doctor.Options) doctor.Report {
	t.Helper()
	report, err := doctor.Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Points {
		for _, f := range p.Findings {
			t.Logf("%s %s: sent %s; seen %s", f.Code, f.What, f.Sent, f.Seen)
		}
		if p.Verdict == doctor.NotJudged {
			t.Logf("%s not judged: %s", p.Code, p.Reason)
		}
	}
	return report
}

// The shipped configurations are clean, and nothing about them stays open.
func TestTheShippedConfigurationsAreClean(t *testing.T) {
	for _, kind := range proxytest.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			report := examine(t, doctor.Options{URL: front(t, kind, doctor.Application{}), Credential: asMary + apitest.Key("mary")})
			if report.Faults() != 0 || report.Unjudged() != 0 || !report.Application {
				t.Errorf("%d faults, %d not judged", report.Faults(), report.Unjudged())
			}
		})
	}
}
