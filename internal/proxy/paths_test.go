package proxy_test

import (
	"fmt"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// written are paths as hostile and careless clients write them.
func written() []string {
	paths := []string{
		"/tenants/acme", "/tenants/acme/", "/tenants/acme/x", "/tenants/%61cme/x", "/%74enants/acme/x", "/tenants/acme/%78",
		"/tenants/acme/a%20b", "/tenants/acme/a+b", "/tenants/acme/a%2Bb", "/tenants/acme/a=b", "/tenants/acme/a%3Db", "/tenants/acme/a%3db",
		"/tenants/acme/%C3%A9", "/tenants/acme/%c3%a9", "/tenants/acme/\u00e9", "/tenants/acme/~x", "/tenants/acme/%7ex", "/tenants/acme/a:b",
		"/tenants/acme/a%3Ab", "/tenants/acme/a@b", "/tenants/acme/a%40b", "/tenants/acme/a,b", "/tenants/acme/a%2Cb", "/tenants/acme/[a]",
		"/tenants/acme/%5Ba%5D", "/tenants/acme/{a}", "/tenants/acme/100%25", "/tenants/acme/100%25x", "/tenants/acme/!$&'()*", "/tenants/acme/a?b=c",
		"/tenants/acme/a?b=/../c", "/tenants/acme/a?", "/tenants/acme/a?b?c", "/tenants/acme/...", "/tenants/acme/a.b", "/tenants/acme/.a",
		"/tenants/acme/%2ea", "/tenants/acme/a%7Cb", "/tenants/acme/a%22b", "/tenants/acme/a%3Cb", "/tenants/acme/a%60b", "/tenants/acme/a%5Eb",
		"/tenants/acme/x?a=%2e%2e/", "http://app.example/tenants/acme/x", "http://app.example/tenants/acme/%78?y",

		"/tenants/acme/../void/x", "/tenants/acme/./x", "/tenants/acme/%2e%2e/void", "/tenants/acme/.%2e/void", "/tenants/acme/%2E./void",
		"/tenants/acme/..%2fvoid", "/tenants/acme%2fx", "/tenants%2Facme/x", "/tenants/acme/a%5cb", "/tenants/acme/..%5cvoid", "/tenants/acme/a\\b",
		"/tenants/acme//x", "//tenants/acme/x", "/tenants//acme/x", "/tenants/acme/x//", "/tenants/acme/;a=b/x", "/tenants/acme;a/x",
		"/tenants/acme/..;/void", "/tenants/acme/a%3Bb", "/tenants/acme/a#b", "/tenants/acme/a%23b", "/tenants/acme/a%3fb", "/tenants/acme/%252e%252e/void",
		"/tenants/acme/%25%32%66", "/tenants/acme/%00", "/tenants/acme/a%0ab", "/tenants/acme/a%0d%0ab", "/tenants/acme/a%09b", "/tenants/acme/a\tb",
		"/tenants/acme/%7f", "/tenants/acme/%ff", "/tenants/acme/%c0%ae%c0%ae/void", "/tenants/acme/%zz", "/tenants/acme/%", "/tenants/acme/%u002e",
		"/tenants/acme/a|b", "/tenants/acme/a^b", "/tenants/acme/a\"b", "/tenants/acme/a<b>", "/tenants/acme/a`b", "/tenants/acme/%c2%85",
		"/tenants/void/../acme/x", "/tenants/void/%2e%2e/acme/x", "/other/../tenants/acme/x", "/tenants/acme/\xff", "tenants/acme/x", "*", "?x",
		"http://app.example?/tenants/acme/x", "http://app.example", "//app.example/tenants/acme/x", "/tenants/acme/x?a,/b",
		"/tenants/acme/{http.request.host}", "/tenants/acme/x?{http.request.header.X-Api-Key}", "http:tenants/acme/x", "http:/tenants/acme/x", "///tenants/acme/x",
		"http://app.example//tenants/acme/x", "https://other.example/tenants/acme/x", "http://user@app.example/tenants/acme/x", "/tenants/acme/x#/../y",
	}
	// Every byte once, raw and encoded.
	for b := range 256 {
		paths = append(paths, fmt.Sprintf("/tenants/acme/b%%%02xb", b))
		if b != ' ' && b != '\n' && b != '\r' { // these end the target on the wire
			paths = append(paths, "/tenants/acme/b"+string([]byte{byte(b)})+"b")
		}
	}
	return paths
}

// compare sends a path as mary, and reports what was judged and what the
// application saw, both canonical. An application that was not asked saw
// nothing.
func compare(t testing.TB, s *site, target string) (judged, seen string) {
	t.Helper()
	before := len(s.world.questions())
	answer := s.Get(t, target, asMary)
	if answer.Received == nil {
		if answer.Status == 200 {
			t.Errorf("%q: 200 without an answer of the application", target)
		}
		return "", ""
	}
	questions := s.world.questions()[before:]
	if len(questions) != 1 {
		t.Fatalf("%q: judged %d times", target, len(questions))
	}
	c, err := proxy.Canonicalise(answer.Received.Target)
	if err != nil {
		return questions[0].HTTP.Path, fmt.Sprintf("%q, which is refused: %v", answer.Received.Target, err)
	}
	return questions[0].HTTP.Path, c.Path
}
