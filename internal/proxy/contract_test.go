package proxy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// contract says which tests show which sentence of contracts/proxy.md: first
// the rules 1 to 10, then "Ambiguity is refused", then what issue 5 calls bad
// input. Tests of the matrix stand under TestProxies, row by row.
var contract = []struct {
	sentence string
	tests    []string
}{
	{"any method; never routed, redirected or normalised; the query of the check URL is ignored", []string{"TestMethodsAndPathsOfTheCheck", "TestTheFormOfTheQuestion"}},
	{"1: empty body, Content-Length: 0", []string{"TestAnswers", "TestForwardAnswers", "TestEnvoyOverHTTP", "TestOneConnectionServesManyChecks", "TestHeadersThatChangeNothing"}},
	{"2: allow is exactly 200", []string{"TestAnswers", "TestForwardAnswers", "TestNothingIsAllowedByAccident", "TestProxies"}},
	{"3: the request body is never read", []string{"TestBodiesAreLeftAlone", "TestConnectionsAreNotConfused", "TestALengthAndAnEncoding", "TestNginxAnnouncedBodies"}},
	{"4: on allow every identity header is present and non-empty", []string{"TestAnswers", "TestForwardAnswers", "TestTheOrderOfAnswers", "TestPreflights", "TestAnIncompleteIdentityOpensNothing", "TestApacheWithAnIncompleteIdentityOpensNothing"}},
	{"5: on deny no identity header and no policy detail at all", []string{"TestAnswers", "TestForwardAnswers", "TestChecksThatFail", "TestDenialsByPolicyAreLogged"}},
	{"6: Cache-Control: no-store and Vary always", []string{"TestAnswers", "TestVaryNamesWhatDecides", "TestForwardVaryNamesWhatDecides"}},
	{"7: header values are checked; the head stays under 3.5 KiB", []string{"TestNothingIsAllowedByAccident", "TestNewRefuses"}},
	{"8: errors, timeouts and undefined results deny; the order of answers", []string{"TestChecksThatFail", "TestChecksHaveADeadline", "TestTheOrderOfAnswers", "TestATableThatWasNotMadeDeniesEverything", "TestEnvoyWhereTheCheckFails"}},
	{"9: forwarded headers count only from trusted peers", []string{"TestTrustedPeers", "TestUnixSocketsAreTrusted", "TestSecret", "TestNewRefuses"}},
	{"10: a member who was removed is denied on the very next check", []string{"TestARemovedMemberIsDeniedAtOnce", "TestProxies"}},

	{"what the proxy shows is not always what it sends to the application", []string{"TestWhatWasJudgedIsWhatTheApplicationSees", "TestALaxCanonicaliserIsNoticed"}},
	{"the canonicaliser decodes unreserved characters", []string{"TestCanonicaliseAccepts", "TestUnreservedCharactersAreDecoded", "FuzzCanonicalAgainstReference", "TestEveryHarmlessPathIsAccepted"}},
	{"denies when the path holds %2f, %5c, %00, %3b, %23, %3f, …", []string{"TestCanonicaliseRefuses", "TestAmbiguousPathsAreRefused", "FuzzCanonical", "FuzzCanonicalAgainstReference", "TestDisagreementIsNoticed"}},
	{"it splits at the first ?; routes never see the query", []string{"TestRoutesNeverSeeTheQuery"}},
	{"a missing URL or method (never defaulted), a duplicated or comma-joined control header", []string{"TestControlHeadersStandOnce", "TestReadNginxRefuses", "TestReadForwardRefuses"}},
	{"X-Forwarded-For alone is a list: the right-most hop that is not trusted is the client", []string{"TestClient", "TestForwardQuestion"}},
	{"a method that is not an upper-case token, CONNECT, OPTIONS *", []string{"TestMethodsThatAreRefused", "TestProxies"}},
	{"a Connection header naming one of our headers", []string{"TestConnectionMayNotNameOurs", "TestGuard", "TestProxies"}},
	{"inbound headers whose name folds onto one of our identity or control headers", []string{"TestNamesThatFoldOntoOursAreRefused", "TestGuard", "TestNginxAliasesAreRefused", "TestApacheAliasesBehindAnEmptyOneAreNoticed", "TestProxies"}},
	{"present headers of another proxy's family are ignored; inbound X-Auth-* never identify anyone", []string{"TestOtherFamiliesAndIdentitiesMeanNothing", "TestProxies"}},
	{"CORS preflight only by configuration, with OPTIONS, Origin and Access-Control-Request-Method together", []string{"TestPreflights", "TestProxies"}},
	{"a User-Agent never changes a decision", []string{"TestAUserAgentChangesNothing"}},
	{"redirect targets are checked against a list", []string{"TestRedirectsAreNeverOpen", "TestLoginIsForBrowsers"}},
	{"hosts are compared without case, port and trailing dot", []string{"TestWhichRouteIsTaken", "TestHostsThatAreRefused"}},

	{"Content-Length without a body, Expect", []string{"TestBodiesAreLeftAlone", "TestHeadersThatChangeNothing", "TestTheFormOfTheQuestion"}},
	{"Upgrade, TE, conditional and range headers", []string{"TestHeadersThatChangeNothing", "TestNginxOtherUpgradesAreNoticed", "TestCaddyOtherUpgradesAreNoticed", "TestHAProxyOtherUpgradesAreNoticed", "TestApacheOtherUpgradesAreNoticed"}},
	{"64 KiB heads, methods in odd case, HTTP/1.0, HTTP/2, the absolute form, two hosts", []string{"TestTheFormOfTheQuestion", "TestWhatIsNoHTTP"}},
	{"pipelining, a length and an encoding", []string{"TestPipelinedChecksAreAnsweredInOrder", "TestALengthAndAnEncoding", "TestOneConnectionServesManyChecks"}},
}

// TestTheContractIsTested: every test that is named is there.
func TestTheContractIsTested(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			there = append(there, found[1])
		}
	}
	for _, c := range contract {
		for _, name := range c.tests {
			if !slices.Contains(there, name) {
				t.Errorf("%s: there is no %s", c.sentence, name)
			}
		}
		if len(c.tests) == 0 {
			t.Errorf("%s: no test", c.sentence)
		}
	}
}
