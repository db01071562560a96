package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write puts a file into a new folder and gives its path.
func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// load reads a configuration with a file in place of every flag.
func load(t *testing.T, text string) (path string, s Serve, problems []string) {
	t.Helper()
	path = write(t, "c.yaml", text, 0o600)
	s, err := LoadServe(flags(map[string]string{"config": path}), nil)
	return path, s, problemsOf(t, err)
}

const secret = "proxy-secret-0123456789-0123456789"

func TestEverySettingComesByFile(t *testing.T) {
	text := `
data: d
listen: "[::1]:1"
proxy_listen: unix:/run/p.sock
fcgi_listen: 127.0.0.1:4
grpc_listen: 127.0.0.1:2
ops_listen: localhost:3
bootstrap: b.yaml
policies: p
routes: r.yaml
self_registration: true
insecure: true
demo: false
log_format: json
log_level: debug
bootstrap_key: 0123456789-0123456789-0123456789
trusted_peers: [10.1.0.0/16, "fd00::/8"]
envoy_rule: data.istio.authz.result
opa_clients: [10.2.0.0/16]
proxy_secret: ` + secret + `
login_url: https://login.example.com/start?from=memberward
redirect_hosts: [app.example.com, "192.0.2.1:8443"]
cors_preflight: allow
public_url: https://members.example.com/api
cookie_secure: auto
header_preset: remote-user
assertion:
  enabled: true
  audience: https://app.example.com
  ttl: 30s
cognee:
  validation_status: 422
`
	_, got, problems := load(t, text)
	want := Serve{
		Data: "d", Listen: "[::1]:1", ProxyListen: "unix:/run/p.sock", FCGIListen: "127.0.0.1:4", GRPCListen: "127.0.0.1:2", OpsListen: "localhost:3",
		Bootstrap: "b.yaml", Policies: "p", Routes: "r.yaml", SelfRegistration: true, Insecure: true, LogFormat: "json", LogLevel: "debug",
		BootstrapKey: "0123456789-0123456789-0123456789",
		TrustedPeers: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")},
		EnvoyRule:    "istio/authz/result",
		OPAClients:   []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16")},
		ProxySecret:  secret, LoginURL: "https://login.example.com/start?from=memberward",
		RedirectHosts: []string{"app.example.com", "192.0.2.1:8443"}, CORSPreflight: "allow",
		PublicURL: "https://members.example.com/api", CookieSecure: true, CogneeValidationStatus: 422,
		HeaderPreset: "remote-user", Assertion: Assertion{Enabled: true, Audience: "https://app.example.com", TTL: 30 * time.Second},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || problems != nil {
		t.Errorf("%q (-want +got)\n%s", problems, diff)
	}
	for _, s := range Settings() {
		name := s.Key[strings.LastIndex(s.Key, ".")+1:]
		if s.Key != "" && s.Key != keyProxySecretFile && !strings.Contains(text, name+":") {
			t.Errorf("the file above has no %s", s.Key)
		}
	}
}

// Flag before variable before file before default.
func TestPrecedence(t *testing.T) {
	path := write(t, "c.yaml", "data: by-file\nlog_level: debug\nlog_format: json\nself_registration: true\n", 0o600)
	got, err := LoadServe(
		flags(map[string]string{"data": "by-flag", "self-registration": "false"}),
		Environment{"MEMBERWARD_CONFIG": path, "MEMBERWARD_DATA": "by-variable", "MEMBERWARD_LOG_LEVEL": "warn", "MEMBERWARD_SELF_REGISTRATION": "true"})
	if err != nil || got.Data != "by-flag" || got.LogLevel != "warn" || got.LogFormat != "json" || got.Listen != "127.0.0.1:8080" || got.SelfRegistration {
		t.Errorf("%+v, %v", got, err)
	}
	other := write(t, "other.yaml", "data: by-the-flags-file\n", 0o600)
	got, err = LoadServe(flags(map[string]string{"config": other}), Environment{"MEMBERWARD_CONFIG": path})
	if err != nil || got.Data != "by-the-flags-file" || got.LogLevel != "info" {
		t.Errorf("two files: %+v, %v", got, err)
	}
	_, err = LoadServe(flags(map[string]string{"config": path, "log-level": "x"}), nil)
	if got := problemsOf(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "--log-level (MEMBERWARD_LOG_LEVEL): ") {
		t.Errorf("a flag over the file is named as %q", got)
	}
}

// refusal is a file with the beginning of each of its problems, from the file's
// name on where that begins with a colon.
type refusal struct {
	name, text string
	want       []string
}

func refused(t *testing.T, rows []refusal) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path, _, got := load(t, row.text)
			if len(got) != len(row.want) {
				t.Fatalf("problems = %q, want %q", got, row.want)
			}
			for i, want := range row.want {
				if strings.HasPrefix(want, ":") {
					want = path + want
				}
				if !strings.HasPrefix(got[i], want) || strings.Contains(got[i], "hunter2") || strings.Contains(got[i], secret) {
					t.Errorf("problem %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	refused(t, []refusal{
		{"empty", "", []string{": the file is empty"}},
		{"only a comment", "# data: d\n", []string{": the file is empty"}},
		{"a list", "- data\n", []string{":1: want a mapping of settings"}},
		{"a text", "\ndata\n", []string{":2: want a mapping of settings"}},
		{"two documents", "data: d\n---\ndata: e\n", []string{": the file holds more than one document"}},
		{"no YAML", "data: [\n", []string{":1: "}},
		{"a tab", "data:\n\tx: y\n", []string{":2: "}},
		{"NUL", "data: d\nlisten: \x00\n", []string{":2: the text holds a control character"}},
		{"invalid UTF-8", "data: d\n\nlisten: \xff\n", []string{":3: the text is no valid UTF-8"}},
		{"an alias", "data: &d d\npolicies: *d\n", []string{":2: aliases"}},
		{"a secret that looks like an alias", "data: d\nproxy_secret: *hunter2\n", []string{":2: aliases"}},
		{"a secret that looks like an anchor", "data: d\nproxy_secret: &hunter2\n", []string{":2: proxy_secret is empty"}},
		{"a secret that looks like a tag", "data: d\nproxy_secret: !hunter2\n", []string{":2: proxy_secret is empty"}},
		{"a merged key", "<<: {data: d}\ndata: d\n", []string{":1: aliases"}},

		{"an unknown key", "data: d\nlistn: x\n", []string{":2: unknown key listn"}},
		{"a key of a later version", "data: d\nissuers: []\npolicy_keys: []\nwebhooks: {}\n", []string{":2: unknown key issuers", ":3: unknown key policy_keys", ":4: unknown key webhooks"}},
		{"a key in another case", "data: d\nListen: x\n", []string{":2: unknown key Listen"}},
		{"a flag for a key", "data: d\nlog-level: info\n", []string{":2: unknown key log-level"}},
		{"a number for a key", "data: d\n5: x\n", []string{":2: unknown key 5"}},
		{"a list for a key", "data: d\n[a]: x\n", []string{`:2: unknown key ""`}},
		{"a key with a line break", "data: d\n\"a\\nb\": x\n", []string{`:2: unknown key "a\nb"`}},
		{"a dot for a section", "data: d\ncognee.validation_status: 400\n", []string{":2: unknown key cognee.validation_status"}},
		{"an unknown key of a section", "data: d\ncognee: {status: 400}\n", []string{":2: unknown key cognee.status"}},
		{"another file", "data: d\nconfig: other.yaml\n", []string{":2: unknown key config"}},
		{"a key twice", "data: d\nlisten: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", []string{":3: listen stands here again; it is on line 2 already"}},
		{"a key of a section twice", "data: d\ncognee:\n  validation_status: 400\n  validation_status: 422\n", []string{":4: cognee.validation_status stands here again"}},
		{"an unknown key twice", "data: d\nx: 1\nx: 2\n", []string{":2: unknown key x", ":3: x stands here again"}},

		{"no value", "data: d\nlisten:\n", []string{":2: listen is empty"}},
		{"an empty text", "data: d\npolicies: \"\"\n", []string{":2: policies is empty"}},
		{"an empty list", "data: d\ntrusted_peers: []\n", []string{":2: trusted_peers is empty"}},
		{"an empty section", "data: d\ncognee:\n", []string{":2: cognee is empty"}},
		{"an empty item", "data: d\ntrusted_peers: [\"\"]\n", []string{`:2: trusted_peers: "" is empty`}},
		{"a null item", "data: d\ntrusted_peers:\n-\n", []string{":3: an item of the list is empty"}},
	})
}

func TestValuesThatAreRefused(t *testing.T) {
	refused(t, []refusal{
		{"a number for a text", "data: 5\n", []string{":1: data: want a text"}},
		{"a list for a text", "data: d\nlisten: [127.0.0.1:1]\n", []string{":2: listen: want a text"}},
		{"a mapping for a text", "data: d\nlisten: {host: a}\n", []string{":2: listen: want a text"}},
		{"a text for a switch", "data: d\ninsecure: \"true\"\n", []string{":2: insecure: want true or false"}},
		{"a switch that is neither", "data: d\ninsecure: yes\n", []string{":2: insecure: want true or false"}},
		{"a shouted switch", "data: d\ninsecure: TRUE\n", []string{":2: insecure: want true or false"}},
		{"a text for a section", "data: d\ncognee: 400\n", []string{":2: cognee: want a mapping"}},
		{"a text for a number", "data: d\ncognee: {validation_status: \"400\"}\n", []string{":2: cognee.validation_status: want 400 or 422"}},
		{"another number", "data: d\ncognee: {validation_status: 404}\n", []string{`:2: cognee.validation_status: want 400 or 422, not "404"`}},
		{"a text for a list", "data: d\ntrusted_peers: 10.0.0.0/8\n", []string{":2: trusted_peers: want a list of texts"}},
		{"a number in a list", "data: d\nredirect_hosts:\n- 5\n", []string{":3: redirect_hosts: want a list of texts"}},
		{"a tag of one's own", "data: !path d\nlisten: 127.0.0.1:1\n", []string{":1: data: want a text"}},
		{"an unknown level", "data: d\nlog_level: loud\n", []string{":2: log_level: want debug, info, warn or error, not \"loud\""}},
		{"a path with a line break", "data: \"a\\nb\"\n", []string{`:1: data: "a\nb" holds a control character`}},

		{"beyond loopback", "data: d\nlisten: 0.0.0.0:8080\n", []string{":2: listen: 0.0.0.0:8080 is beyond loopback"}},
		{"a short key", "data: d\nbootstrap_key: hunter2\n", []string{":2: bootstrap_key: a key has 32 to 256 characters, not 7"}},
		{"a short secret", "data: d\nproxy_secret: hunter2\n", []string{":2: proxy_secret: a key has 32"}},
		{"a secret that a header would change", "data: d\nproxy_secret: \"" + secret + " \"\n", []string{":2: proxy_secret: a secret neither"}},
		{"a secret that is a number", "data: d\nproxy_secret: 123456789\n", []string{":2: proxy_secret: want a text"}},
		{"one secret for two purposes", "data: d\nproxy_secret: " + secret + "\nbootstrap_key: " + secret + "\n", []string{":3: bootstrap_key: the platform key and the proxy's secret are the same"}},
		{"everybody trusted", "data: d\ntrusted_peers: [0.0.0.0/0, \"::/0\"]\n", []string{":2: trusted_peers: 0.0.0.0/0 would trust strangers", ":2: trusted_peers: ::/0 would trust strangers"}},
		{"everybody trusted by halves", "data: d\ntrusted_peers:\n- 0.0.0.0/1\n- 128.0.0.0/1\n", []string{":3: trusted_peers: 0.0.0.0/1 would", ":4: trusted_peers: 128.0.0.0/1 would"}},
		{"an address for a network", "data: d\ntrusted_peers: [10.0.0.1]\n", []string{":2: trusted_peers: want a network, not an address: write 10.0.0.1/32"}},
		{"a name for a network", "data: d\ntrusted_peers: [proxy]\n", []string{":2: trusted_peers: want a network such as"}},
		{"bits behind the mask", "data: d\ntrusted_peers: [10.0.0.1/8]\n", []string{":2: trusted_peers: 10.0.0.1/8 has bits behind its mask: write 10.0.0.0/8"}},
		{"IPv4 in IPv6", "data: d\ntrusted_peers: [\"::ffff:10.0.0.0/104\"]\n", []string{":2: trusted_peers: write ::ffff:10.0.0.0/104 as an IPv4 network"}},
		{"a network twice", "data: d\ntrusted_peers:\n- 10.0.0.0/8\n- 10.0.0.0/8\n", []string{`:4: trusted_peers: "10.0.0.0/8" is empty, or stands there twice`}},

		{"a login page that leads anywhere", "data: d\nlogin_url: https://login.example.com/\n", []string{":2: login_url needs redirect_hosts"}},
		{"hosts without a login page", "data: d\nredirect_hosts: [a.example]\n", []string{":2: redirect_hosts does nothing without login_url"}},
		{"a login page in plain HTTP", login("http://login.example.com/"), []string{":2: login_url: people would sign in over plain HTTP"}},
		{"a relative login page", login("/login"), []string{":2: login_url: want a whole URL"}},
		{"a login page of another kind", login("javascript:alert(1)"), []string{":2: login_url: want a whole URL"}},
		{"a login page without a host", login("https:///login"), []string{":2: login_url: want a whole URL"}},
		{"a login page with a password", login("https://olga:hunter2@login.example.com/"), []string{":2: login_url: leave the user and the password out"}},
		{"a login page with a fragment", login("https://login.example.com/#top"), []string{":2: login_url: leave the part from # on out"}},
		{"a login page with a space", login("https://login.example.com/a b"), []string{":2: login_url: want a URL"}},
		{"a login page with a backslash", login(`https://login.example.com\@evil.example/`), []string{":2: login_url: want a URL"}},
		{"a huge login page", login("https://login.example.com/" + strings.Repeat("a", urlLimit)), []string{":2: login_url: a URL has at most 2048"}},
		{"a host with port 0", strings.Replace(login("https://l.example/"), "app.example", "'app.example:0'", 1), []string{":3: redirect_hosts: want a port"}},
		{"a host with a port that is none", strings.Replace(login("https://l.example/"), "app.example", "'app.example:http'", 1), []string{":3: redirect_hosts: want a port"}},
		{"any host", strings.Replace(login("https://l.example/"), "app.example", "'*.example'", 1), []string{":3: redirect_hosts: want one host"}},
		{"a host in capitals", strings.Replace(login("https://l.example/"), "app.example", "APP.example", 1), []string{":3: redirect_hosts: want one host"}},
		{"a host with a dot at the end", strings.Replace(login("https://l.example/"), "app.example", "app.example.", 1), []string{":3: redirect_hosts: want one host"}},
		{"a preflight that is neither", "data: d\ncors_preflight: deny\n", []string{":2: cors_preflight: want allow or policy, not \"deny\""}},
		{"a public URL in plain HTTP", "data: d\npublic_url: http://members.example.com\n", []string{":2: public_url: callers would send"}},
		{"a public URL with a port that is none", "data: d\npublic_url: https://members.example.com:99999\n", []string{":2: public_url: want a port of 1 to 65535"}},
		{"a public URL with a query", "data: d\npublic_url: https://members.example.com?a\n", []string{":2: public_url: leave the query out"}},
		{"a public URL with a slash", "data: d\npublic_url: https://members.example.com/\n", []string{":2: public_url: leave the / at the end out"}},
		{"cookies in plain HTTP", "data: d\npublic_url: https://members.example.com\ncookie_secure: false\n", []string{":3: cookie_secure: browsers would send"}},
		{"an assertion for nobody", "data: d\nassertion:\n  enabled: true\n", []string{":3: assertion.enabled needs assertion.audience"}},
		{"an audience of nothing", "data: d\nassertion:\n  audience: app\n", []string{":3: assertion.audience does nothing without assertion.enabled"}},
		{"a life of nothing signed", "data: d\nassertion:\n  ttl: 5s\n", []string{":3: assertion.ttl does nothing without assertion.enabled"}},
		{"an audience with a blank", asserting("audience: a b"), []string{":4: assertion.audience: want 1 to 256"}},
		{"the audience of our own tokens", asserting("audience: Memberward"), []string{":4: assertion.audience: Memberward is the audience of the tokens"}},
		{"an audience that is a list", asserting("audience: [a]"), []string{":4: assertion.audience: want a text"}},
		{"a life of nothing", asserting("audience: a\n  ttl: 0"), []string{":5: assertion.ttl: want a time of 1s to 5m0s"}},
		{"a long life", asserting("audience: a\n  ttl: 301s"), []string{":5: assertion.ttl: want a time"}},
		{"a negative life", asserting("audience: a\n  ttl: -1s"), []string{":5: assertion.ttl: want a time"}},
		{"parts of a second", asserting("audience: a\n  ttl: 1500ms"), []string{":5: assertion.ttl: want a time"}},
		{"a life that is a list", asserting("audience: a\n  ttl: [60]"), []string{":5: assertion.ttl: want a time, such as 60s"}},
		{"an unknown key of the section", asserting("audience: a\n  tll: 60"), []string{":5: unknown key assertion.tll"}},
		{"a preset that there is not", "data: d\nheader_preset: authelia\n", []string{":2: header_preset: want none, remote-user or oauth2-proxy"}},
		{"a demo with data", "data: d\ndemo: true\n", []string{"--demo keeps its data in a temporary folder: leave out "}},

		{"several at once", "listen: 0.0.0.0:1\nlistn: x\nlog_level: x\nlog_level: y\ntrusted_peers: [x]\ncognee: {validation_status: 1}\n", []string{
			":2: unknown key listn", ":4: log_level stands here again", ":3: log_level: want", ":5: trusted_peers: want a network",
			":6: cognee.validation_status: want", "--data (MEMBERWARD_DATA) is missing", ":1: listen: 0.0.0.0:1 is beyond",
		}},
	})
}

// asserting is a file that has assertions signed.
func asserting(more string) string {
	return "data: d\nassertion:\n  enabled: true\n  " + more + "\n"
}

// TestHowLongAnAssertionIsGood: in seconds, with or without a unit.
func TestHowLongAnAssertionIsGood(t *testing.T) {
	for text, want := range map[string]time.Duration{"1s": time.Second, "90": 90 * time.Second, "5m": 5 * time.Minute, "1m30s": 90 * time.Second} {
		if _, got, problems := load(t, asserting("audience: a\n  ttl: "+text)); problems != nil || got.Assertion.TTL != want {
			t.Errorf("%s: %v, %q", text, got.Assertion.TTL, problems)
		}
	}
}

// login is a file that names a page to sign in.
func login(url string) string {
	return "data: d\nlogin_url: " + url + "\nredirect_hosts: [app.example]\n"
}

func TestSafeFiles(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		cookie     bool
	}{
		{"a login page on loopback", login("http://127.0.0.1:4000/login"), false},
		{"a login page in plain HTTP, knowingly", "insecure: true\n" + login("http://login.lan/"), false},
		{"cookies without a public URL", "data: d\n", false},
		{"cookies under a public URL", "data: d\npublic_url: https://m.example\n", true},
		{"cookies under a public URL on loopback", "data: d\npublic_url: http://localhost:8080\n", false},
		{"cookies marked", "data: d\ncookie_secure: true\n", true},
		{"cookies not marked, knowingly", "data: d\ninsecure: true\npublic_url: https://m.example\ncookie_secure: false\n", false},
	} {
		if _, got, problems := load(t, tc.text); problems != nil || got.CookieSecure != tc.cookie {
			t.Errorf("%s: CookieSecure %v, %q", tc.name, got.CookieSecure, problems)
		}
	}
}

func TestWhoMayTouchTheFile(t *testing.T) {
	plain, holding := "data: d\n", "data: d\nproxy_secret: "+secret+"\n"
	for _, tc := range []struct {
		name, text string
		mode       os.FileMode
		want       string // behind the path; empty: accepted
	}{
		{"everybody may read", plain, 0o644, ""},
		{"the group may write", plain, 0o664, ": others may write it: chmod go-w "},
		{"everybody may write", plain, 0o646, ": others may write it: chmod go-w "},
		{"a secret that the owner reads", holding, 0o600, ""},
		{"a secret that the group reads", holding, 0o640, ""},
		{"a secret that everybody reads", holding, 0o644, " holds a secret, and others may read it: chmod o-r "},
		{"a key that everybody reads", "data: d\nbootstrap_key: " + secret + "\n", 0o604, " holds a secret, and others may read it: chmod o-r "},
	} {
		path := write(t, "c.yaml", tc.text, tc.mode)
		_, err := LoadServe(flags(map[string]string{"config": path, "data": "d"}), nil)
		got := problemsOf(t, err)
		if tc.want == "" && got != nil || tc.want != "" && (len(got) != 1 || !strings.HasSuffix(got[0], path+tc.want+path)) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no such file": filepath.Join(folder, "missing"), "is no regular file": folder, "pipe is no regular file": pipe,
		"has more than 1048576 bytes": write(t, "huge", strings.Repeat("#", fileLimit+1), 0o600),
	} {
		_, err := LoadServe(flags(map[string]string{"config": path, "data": "d"}), nil)
		if got := problemsOf(t, err); len(got) != 1 || !strings.Contains(got[0], path) || !strings.Contains(got[0], name) {
			t.Errorf("%s: %q", name, got)
		}
	}
	_, err := LoadServe(flags(map[string]string{"config": "", "data": "d"}), Environment{"MEMBERWARD_CONFIG": ""})
	if got := problemsOf(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "--config is empty") {
		t.Errorf("an empty flag: %q", got)
	}
	_, err = LoadServe(flags(map[string]string{"data": "d"}), Environment{"MEMBERWARD_CONFIG": ""})
	if got := problemsOf(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "MEMBERWARD_CONFIG is set but empty") {
		t.Errorf("an empty variable: %q", got)
	}
}

func TestTheSecretOfAFile(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		mode          os.FileMode
		more, want    string // another line of the configuration; part of the only problem
	}{
		{"with a line break", secret + "\n", 0o600, "", ""},
		{"with a line break of Windows", secret + "\r\n", 0o440, "", ""},
		{"without", secret, 0o400, "", ""},
		{"others may read it", secret, 0o644, "", ": others may read it: chmod o-r "},
		{"others may write it", secret, 0o620, "", ": others may write it"},
		{"empty", "", 0o600, "", "a key has 32 to 256 characters, not 0"},
		{"two lines", secret + "\n\n", 0o600, "", "neither begins nor ends"},
		{"too long", strings.Repeat("s", 300), 0o600, "", "has more than"},
		{"given twice", secret, 0o600, "proxy_secret: " + secret + "\n", "there is proxy_secret too"},
		{"the platform's key", secret, 0o600, "bootstrap_key: " + secret + "\n", "are the same"},
	} {
		path := write(t, "secret", tc.content, tc.mode)
		_, got, problems := load(t, "data: d\nproxy_secret_file: "+path+"\n"+tc.more)
		if tc.want == "" && (problems != nil || got.ProxySecret != secret) {
			t.Errorf("%s: %q, %q", tc.name, got.ProxySecret, problems)
		}
		if tc.want != "" && (len(problems) != 1 || !strings.Contains(problems[0], tc.want) || strings.Contains(problems[0], secret)) {
			t.Errorf("%s: %q, want one with %q", tc.name, problems, tc.want)
		}
	}
}

func TestOpsListenComesFromTheFileToo(t *testing.T) {
	path := write(t, "c.yaml", "data: d\nlisten: 0.0.0.0:1\nops_listen: 127.0.0.1:7\n", 0o600)
	if got, err := LoadOpsListen(flags(nil), Environment{"MEMBERWARD_CONFIG": path}); err != nil || got != "127.0.0.1:7" {
		t.Errorf("%q, %v", got, err)
	}
	path = write(t, "c.yaml", "ops_listen: nowhere\n", 0o600)
	_, err := LoadOpsListen(flags(map[string]string{"config": path}), nil)
	if got := problemsOf(t, err); len(got) != 1 || got[0] != path+`:1: ops_listen: want host:port, not "nowhere"` {
		t.Errorf("problems = %q", got)
	}
}

// located is a problem that names the file, and a line unless the fault has
// none.
var located = regexp.MustCompile(`^f(:[1-9][0-9]*: |: the file is empty$|: the file holds more than one document$)`)

// Whatever a configuration file holds, it is read or refused, by line, and
// nothing but the table's keys comes out of it.
func FuzzParseFile(f *testing.F) {
	f.Add("data: d\ncognee: {validation_status: 422}\ntrusted_peers: [10.0.0.0/8]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > fileLimit {
			return
		}
		read, wrong := parseFile("f", []byte(text))
		checkLocated(t, wrong)
		if len(wrong) == 0 && len(read.values) == 0 {
			t.Error("nothing is set, and nothing is wrong")
		}
		for key := range read.values {
			if _, known := settingOf(key); !known || read.lines[key] == "" {
				t.Errorf("%q is no key, or has no line", key)
			}
		}
	})
}

// checkLocated wants each problem to be one line that says where it stands.
func checkLocated(t *testing.T, wrong []string) {
	t.Helper()
	for _, problem := range wrong {
		if !located.MatchString(problem) || strings.ContainsAny(problem, "\n\x00") || strings.Contains(problem, "config.") {
			t.Errorf("problem %q", problem)
		}
	}
}
