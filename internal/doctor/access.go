package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// nobody asks for the page without a credential.
func (e *examiner) nobody(ctx context.Context) error {
	a, err := e.ask(ctx, request{})
	if err != nil {
		return err
	}
	subject := strings.Join(a.got(subjectHeader), "")
	switch {
	case e.through(a) && subject != "" && subject == strings.Join(e.identity[subjectHeader], ""):
		e.found("check_cached", "", "GET "+e.target+" without a credential, after one with it", "the application was told that "+subject+" asks")
	case e.through(a) && subject == anonymous:
		e.skip("the page is public: name one with --url that takes a credential")
	case e.through(a):
		e.open = true
		e.found("unchecked", "", "GET "+e.target+" without a credential", a.describe())
	case !refusal(a):
		e.skip(fmt.Sprintf("the proxy answers %s: does Memberward run?", a.describe()))
	}
	return nil
}

// refusal reports whether an answer is a no.
func refusal(a answer) bool {
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusFound, http.StatusSeeOther:
		return !a.reached
	default:
		return false
	}
}

// unguarded are paths that configurations often serve on their own.
var unguarded = []string{
	"/", "/favicon.ico", "/robots.txt", "/index.html", "/.well-known/doctor", "/.well-known/acme-challenge/doctor", "/health", "/healthz", "/metrics", "/status",
	"/static/doctor", "/assets/doctor", "/public/doctor", "/images/doctor.png", "/api/doctor", "/ws", "/socket", "/doctor.css", "/doctor.js", "/doctor.php", "/authz/nginx", "/authz/forward", "/_memberward",
}

// waysAround asks without a credential, in ways for which a configuration may
// have a rule of its own.
func (e *examiner) waysAround(ctx context.Context) error {
	page := strings.TrimSuffix(e.target, "/")
	var ways []request
	for _, path := range unguarded {
		ways = append(ways, request{target: path})
	}
	for _, end := range []string{"/", ".css", ".js", ".png", ".ico", ".php", "/doctor.css", "/doctor.js", "/doctor.png", "/static/doctor", "?doctor.css", "%2ecss", "%00.css"} {
		ways = append(ways, request{target: page + end})
	}
	for _, path := range e.options.Paths {
		ways = append(ways, request{target: path})
	}
	for _, method := range []string{"HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "DOCTOR", "TRACE"} {
		ways = append(ways, request{method: method})
	}
	ways = append(
		ways,
		request{method: "OPTIONS", lines: []string{"Origin: https://doctor.invalid", "Access-Control-Request-Method: PUT"}},
		request{lines: []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}},
		request{lines: []string{"User-Agent: kube-probe/1.30"}},
		request{lines: []string{"User-Agent: ELB-HealthChecker/2.0"}},
		request{lines: []string{"User-Agent: GoogleHC/1.0"}},
		request{lines: []string{"X-Forwarded-For: 127.0.0.1"}},
		request{lines: []string{"X-Real-IP: 127.0.0.1"}},
		request{lines: []string{"X-Doctor-1: " + strings.Repeat("x", 7000), "X-Doctor-2: " + strings.Repeat("x", 7000), "X-Doctor-3: " + strings.Repeat("x", 7000)}},
	)
	for _, host := range []string{"doctor.invalid", "localhost", "www." + e.wire.url.Hostname()} {
		ways = append(ways, request{host: host}, request{host: host, target: "http://" + host + e.target})
	}
	for _, way := range ways {
		a, err := e.ask(ctx, way)
		if err != nil {
			return err
		}
		if a.reached && !told(a, anonymous) {
			e.found("way_around", way.describe(e.target), way.describe(e.target)+" without a credential", a.describe())
		}
	}
	return nil
}

// describe is a request in words, without a credential.
func (r request) describe(target string) string {
	text := cmp.Or(r.method, http.MethodGet) + " " + cmp.Or(r.target, target)
	if r.host != "" {
		text += ", Host: " + r.host
	}
	for _, line := range r.lines {
		text += ", " + line
	}
	return clean(text)
}

// refusals asks for what Memberward refuses whoever asks.
func (e *examiner) refusals(ctx context.Context) error {
	for _, target := range []string{e.options.Denied, strings.TrimSuffix(e.target, "/") + "/%2e%2e%2fdoctor", "/memberward-doctor/.%2e/doctor"} {
		a, err := e.as(ctx, request{target: target})
		if err != nil {
			return err
		}
		switch {
		case e.through(a) && told(a, append(e.identity[subjectHeader], anonymous)...) && target == e.options.Denied:
			e.skip("the credential may read " + target + ": name a path with --denied that it may not")
		case e.through(a) && !told(a, append(e.identity[subjectHeader], anonymous)...):
			e.found("refusal_ignored", target, "GET "+target, a.describe())
		}
	}
	return nil
}

// caching asks the same twice, and then as nobody.
func (e *examiner) caching(ctx context.Context) error {
	const times = 3
	seen := map[string]bool{}
	for range times {
		a, err := e.as(ctx, request{})
		if err != nil {
			return err
		}
		if a.stale {
			e.found("answer_cached", "", "GET "+e.target+", twice", "the answer to the first one again, which nobody asked Memberward about")
			return nil
		}
		if id := a.decision(); id != "" {
			seen[id] = true
			continue
		}
		e.skip("neither the answer nor the application names the decision")
		return nil
	}
	if len(seen) < times {
		e.found("check_cached", "", fmt.Sprintf("GET %s, %d times", e.target, times), fmt.Sprintf("%d decisions", len(seen)))
		return nil
	}
	a, err := e.ask(ctx, request{})
	if err == nil && e.through(a) && (a.stale || len(a.got(subjectHeader)) > 0) {
		e.found("check_cached", "", "GET "+e.target+" without a credential, after one with it", a.describe())
	}
	return err
}

// beginStopped finds out whether there is a proxy at all.
func (e *examiner) beginStopped(ctx context.Context) error {
	_, err := e.ask(ctx, request{})
	return err
}

// stopped asks while Memberward is down.
func (e *examiner) stopped(ctx context.Context) error {
	identity := []string{subjectHeader + ": " + spoof, "X-Auth-Level: owner", "X-Auth-Authenticated: true"}
	ways := []request{{}, {lines: identity}, {method: http.MethodOptions}, {target: "/favicon.ico"}}
	if e.options.Credential != "" {
		ways = append(ways, request{lines: append(identity, e.options.Credential)})
	}
	for _, way := range ways {
		a, err := e.ask(ctx, way)
		if err != nil {
			return err
		}
		if a.decision() != "" || a.status == http.StatusUnauthorized {
			e.skip("Memberward answers: stop it first")
			return nil
		}
		if a.reached || a.status/100 == 2 || a.status == http.StatusSwitchingProtocols {
			what := request{method: way.method, target: way.target}.describe(e.target)
			e.found("open_when_stopped", what, what, a.describe())
		}
	}
	return nil
}
