package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// flags stands in for a command line.
func flags(given map[string]string) Flags {
	return func(name string) (string, bool) {
		value, ok := given[name]
		return value, ok
	}
}

func problemsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *Invalid
	if err != nil && !errors.As(err, &invalid) {
		t.Fatalf("not an *Invalid: %v", err)
	}
	if err == nil {
		return nil
	}
	return invalid.Problems
}

func TestDefaults(t *testing.T) {
	got, err := LoadServe(flags(map[string]string{"data": "d"}), Environment{"HOME": "/root", "MEMBER": "x"})
	want := Serve{
		Data: "d", Listen: "127.0.0.1:8080", ProxyListen: "127.0.0.1:8081", GRPCListen: "127.0.0.1:9191",
		OpsListen: "127.0.0.1:8282", LogFormat: "text", LogLevel: "info", CORSPreflight: "policy",
		Assertion: Assertion{TTL: time.Minute},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestEverySettingComesByFlagAndByVariable(t *testing.T) {
	want := Serve{
		Data: "d", Listen: "[::1]:1", ProxyListen: "unix:/run/p.sock", FCGIListen: "127.0.0.1:4", GRPCListen: "127.0.0.1:2", OpsListen: "localhost:3",
		Bootstrap: "b.yaml", Policies: "p", Routes: "r.yaml", SelfRegistration: true, Insecure: true, LogFormat: "json", LogLevel: "debug",
		CORSPreflight: "policy", Assertion: Assertion{TTL: time.Minute},
	}
	byName := map[string]string{
		"data": "d", "listen": "[::1]:1", "proxy-listen": "unix:/run/p.sock", "fcgi-listen": "127.0.0.1:4", "grpc-listen": "127.0.0.1:2", "ops-listen": "localhost:3", "bootstrap": "b.yaml",
		"policies": "p", "routes": "r.yaml", "self-registration": "true", "insecure": "true", "log-format": "json", "log-level": "debug", "demo": "false",
	}
	env := Environment{}
	for _, s := range Settings() {
		if s.Flag == "" || s.Flag == fileFlag {
			continue
		}
		value, ok := byName[s.Flag]
		if !ok {
			t.Fatalf("no value for --%s", s.Flag)
		}
		env[s.Variable] = value
	}
	got, err := LoadServe(flags(byName), nil)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("by flag: %v (-want +got)\n%s", err, diff)
	}
	env["MEMBERWARD_BOOTSTRAP_KEY"] = strings.Repeat("k", 32)
	want.BootstrapKey = env["MEMBERWARD_BOOTSTRAP_KEY"]
	got, err = LoadServe(flags(nil), env)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("by variable: %v (-want +got)\n%s", err, diff)
	}
}

func TestAFlagWinsOverItsVariable(t *testing.T) {
	env := Environment{"MEMBERWARD_DATA": "by-variable", "MEMBERWARD_SELF_REGISTRATION": "true"}
	got, err := LoadServe(flags(map[string]string{"data": "by-flag", "self-registration": "false"}), env)
	if err != nil || got.Data != "by-flag" || got.SelfRegistration {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUnsafeOrContradictorySettings(t *testing.T) {
	long := strings.Repeat("k", 257)
	for _, tc := range []struct {
		name  string
		flags map[string]string
		env   Environment
		want  string // part of the only problem; empty: none
	}{
		{"free ports on every listener", map[string]string{"listen": "127.0.0.1:0", "proxy-listen": "127.0.0.1:0", "grpc-listen": "127.0.0.1:0", "ops-listen": "127.0.0.1:0"}, nil, ""},
		{"beyond loopback, knowingly", map[string]string{"listen": "0.0.0.0:8080", "insecure": "true"}, nil, ""},
		{"all of 127/8", map[string]string{"listen": "127.9.9.9:8080"}, nil, ""},

		{"no data", map[string]string{"data": ""}, nil, "--data"},
		{"beyond loopback", map[string]string{"listen": "0.0.0.0:8080"}, nil, "--listen (MEMBERWARD_LISTEN): 0.0.0.0:8080 is beyond loopback"},
		{"every interface", map[string]string{"proxy-listen": ":8081"}, nil, "--proxy-listen"},
		{"every interface for gRPC", map[string]string{"grpc-listen": "0.0.0.0:9191"}, nil, "--grpc-listen (MEMBERWARD_GRPC_LISTEN): 0.0.0.0:9191 is beyond loopback"},
		{"gRPC at the address of the checks", map[string]string{"grpc-listen": "127.0.0.1:8081"}, nil, "--proxy-listen and --grpc-listen are both"},
		{"every interface for FastCGI", map[string]string{"fcgi-listen": ":8083"}, nil, "--fcgi-listen (MEMBERWARD_FCGI_LISTEN): :8083 is beyond loopback"},
		{"a socket for FastCGI", map[string]string{"fcgi-listen": "unix:/run/f"}, nil, ""},
		{"a relative socket for FastCGI", map[string]string{"fcgi-listen": "unix:f"}, nil, "absolute"},
		{"FastCGI at the address of the checks", map[string]string{"fcgi-listen": "127.0.0.1:8081"}, nil, "--proxy-listen and --fcgi-listen are both"},
		{"a socket for gRPC", map[string]string{"grpc-listen": "unix:/run/g"}, nil, ""},
		{"a socket for two", map[string]string{"grpc-listen": "unix:/run/g", "proxy-listen": "unix:/run/g"}, nil, "are both unix:/run/g"},
		{"a socket for operations", map[string]string{"ops-listen": "unix:/run/o"}, nil, "want a port"},
		{"every interface of IPv6", map[string]string{"ops-listen": "[::]:8282"}, nil, "--ops-listen"},
		{"a name", map[string]string{"listen": "internal.example.com:8080"}, nil, "beyond loopback"},
		{"a name like loopback", map[string]string{"listen": "127.0.0.1.example.com:8080"}, nil, "beyond loopback"},
		{"no port", map[string]string{"listen": "127.0.0.1"}, nil, "want host:port"},
		{"a port too high", map[string]string{"listen": "127.0.0.1:65536"}, nil, "want a port"},
		{"a port by name", map[string]string{"listen": "127.0.0.1:http"}, nil, "want a port"},
		{"two listeners at one address", map[string]string{"ops-listen": "127.0.0.1:8080"}, nil, "--listen and --ops-listen are both"},
		{"a socket for the APIs", map[string]string{"listen": "unix:/run/a"}, nil, "want a port"},
		{"a relative socket", map[string]string{"proxy-listen": "unix:p.sock"}, nil, "absolute"},
		{"no socket", map[string]string{"proxy-listen": "unix:"}, nil, "absolute"},
		{"a long socket", map[string]string{"proxy-listen": "unix:/" + long}, nil, "at most 103"},
		{"an unknown format", map[string]string{"log-format": "xml"}, nil, "--log-format"},
		{"an unknown level", map[string]string{"log-level": "LOUD"}, nil, "--log-level"},
		{"a switch that is neither", nil, Environment{"MEMBERWARD_INSECURE": "yes"}, "want true or false, not \"yes\""},
		{"a misspelt variable", nil, Environment{"MEMBERWARD_SELFREGISTRATION": "false"}, "unknown variable MEMBERWARD_SELFREGISTRATION; there are MEMBERWARD_ followed by CONFIG, DATA, LISTEN"},
		{"it says what to do", nil, Environment{"MEMBERWARD_KEY": "x"}, "BOOTSTRAP_KEY; unset it"},
		{"a Kubernetes Service of our name", nil, Environment{
			"MEMBERWARD_PORT": "tcp://10.0.0.1:8080", "MEMBERWARD_PORT_8080_TCP": "tcp://10.0.0.1:8080", "MEMBERWARD_PORT_8080_TCP_ADDR": "10.0.0.1",
			"MEMBERWARD_SERVICE_HOST": "10.0.0.1", "MEMBERWARD_SERVICE_PORT": "8080", "MEMBERWARD_SERVICE_PORT_API": "8080",
		}, ""},
		{"the switch of our own tests", nil, Environment{"MEMBERWARD_FULL": "1"}, ""},
		{"nearly one of a Service", nil, Environment{"MEMBERWARD_SERVICE_HOSTS": "x"}, "unknown variable MEMBERWARD_SERVICE_HOSTS"},
		{"nearly a port", nil, Environment{"MEMBERWARD_PORTS": "x"}, "unknown variable MEMBERWARD_PORTS"},
		{"another Service", nil, Environment{"MEMBERWARD_PROXY_SERVICE_HOST": "x"}, "unknown variable MEMBERWARD_PROXY_SERVICE_HOST"},
		{"an empty variable", nil, Environment{"MEMBERWARD_POLICIES": ""}, "MEMBERWARD_POLICIES is set but empty"},
		{"an empty flag", map[string]string{"policies": ""}, nil, "--policies is empty"},
		{"an empty key", nil, Environment{"MEMBERWARD_BOOTSTRAP_KEY": ""}, "set but empty"},
		{"a short key", nil, Environment{"MEMBERWARD_BOOTSTRAP_KEY": strings.Repeat("k", 31)}, "32 to 256 characters, not 31"},
		{"a long key", nil, Environment{"MEMBERWARD_BOOTSTRAP_KEY": long}, "not 257"},
		{"a key with a line break", nil, Environment{"MEMBERWARD_BOOTSTRAP_KEY": strings.Repeat("k", 32) + "\n"}, "printable"},
		{"a demo with data", map[string]string{"demo": "true"}, nil, "temporary folder"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			given := map[string]string{"data": "d"}
			for name, value := range tc.flags {
				given[name] = value
			}
			if given["data"] == "" {
				delete(given, "data")
			}
			_, err := LoadServe(flags(given), tc.env)
			got := problemsOf(t, err)
			if tc.want == "" && got != nil || tc.want != "" && (len(got) != 1 || !strings.Contains(got[0], tc.want)) {
				t.Errorf("problems = %q, want one with %q", got, tc.want)
			}
		})
	}
}

func TestWhatStaysUnsafeIsWarnedOf(t *testing.T) {
	const plain, open = "listens beyond loopback in plain HTTP: put TLS in front", "anybody may register; addresses are not verified"
	for _, tc := range []struct {
		name string
		cfg  Serve
		want []Warning
	}{
		{"loopback, and a socket", Serve{Listen: "127.0.0.1:1", ProxyListen: "unix:/p.sock", OpsListen: "[::1]:2", SelfRegistration: true}, nil},
		{
			"every listener beyond",
			Serve{Listen: "0.0.0.0:1", ProxyListen: ":2", GRPCListen: "0.0.0.0:4", OpsListen: "ops.example:3"},
			[]Warning{
				{"--listen", "0.0.0.0:1", plain},
				{"--proxy-listen", ":2", plain},
				{"--grpc-listen", "0.0.0.0:4", plain},
				{"--ops-listen", "ops.example:3", plain},
			},
		},
		{
			"strangers may register",
			Serve{Listen: "0.0.0.0:1", ProxyListen: "127.0.0.1:2", OpsListen: "127.0.0.1:3", SelfRegistration: true},
			[]Warning{{"--listen", "0.0.0.0:1", plain}, {"--listen", "0.0.0.0:1", open}},
		},
		{
			"registration, and only checks beyond",
			Serve{Listen: "127.0.0.1:1", ProxyListen: "0.0.0.0:2", OpsListen: "127.0.0.1:3", SelfRegistration: true},
			[]Warning{{"--proxy-listen", "0.0.0.0:2", plain}},
		},
	} {
		if diff := cmp.Diff(tc.want, tc.cfg.Warnings()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestDemoKeepsToItself(t *testing.T) {
	if _, err := LoadServe(flags(map[string]string{"demo": "true"}), nil); err != nil {
		t.Fatal(err)
	}
	_, err := LoadServe(flags(map[string]string{"demo": "true", "listen": "0.0.0.0:1", "insecure": "true", "bootstrap": "b"}), nil)
	if got := problemsOf(t, err); len(got) != 2 {
		t.Errorf("problems = %q, want two: bootstrap, loopback", got)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	_, err := LoadServe(
		flags(map[string]string{"listen": "0.0.0.0:8080", "self-registration": "true", "log-level": "x"}),
		Environment{"MEMBERWARD_X": "1", "MEMBERWARD_BOOTSTRAP_KEY": "secret-but-short"})
	got := problemsOf(t, err)
	for _, want := range []string{"MEMBERWARD_X", "--data", "--log-level", "BOOTSTRAP_KEY", "--listen", "--self-registration"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in %q", want, got)
		}
	}
	if len(got) != 6 || strings.Contains(err.Error(), "secret-but-short") {
		t.Errorf("problems = %q, want 6 and no secret", got)
	}
}

func TestOpsListen(t *testing.T) {
	for _, tc := range []struct {
		name      string
		flags     map[string]string
		env       Environment
		want, bad string
	}{
		{"the default", nil, nil, "127.0.0.1:8282", ""},
		{"by variable", nil, Environment{"MEMBERWARD_OPS_LISTEN": "127.0.0.1:1"}, "127.0.0.1:1", ""},
		{"by flag", map[string]string{"ops-listen": "127.0.0.1:2"}, Environment{"MEMBERWARD_OPS_LISTEN": "127.0.0.1:1"}, "127.0.0.1:2", ""},
		{"what else is wrong does not matter", nil, Environment{"MEMBERWARD_LISTEN": "nonsense", "MEMBERWARD_X": "1"}, "127.0.0.1:8282", ""},
		{"no address", map[string]string{"ops-listen": "nowhere"}, nil, "", "want host:port"},
		{"empty", nil, Environment{"MEMBERWARD_OPS_LISTEN": ""}, "", "set but empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := LoadOpsListen(flags(tc.flags), tc.env)
			if tc.bad == "" && (err != nil || got != tc.want) {
				t.Errorf("%q, %v; want %q", got, err, tc.want)
			}
			if problems := problemsOf(t, err); tc.bad != "" && (len(problems) != 1 || !strings.Contains(problems[0], tc.bad)) {
				t.Errorf("problems = %q, want one with %q", problems, tc.bad)
			}
		})
	}
}

func TestEnvironmentIsReadAsItStands(t *testing.T) {
	got := ReadEnvironment([]string{"A=b=c", "EMPTY=", "novalue"})
	if diff := cmp.Diff(Environment{"A": "b=c", "EMPTY": ""}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
