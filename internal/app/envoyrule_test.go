package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/policies"
)

const (
	olgasKey = "the-key-of-olga-for-tests-of-envoy"
	vicsKey  = "the-key-of-vic-for-tests-of-envoy--"
)

// envoysRoutes has what the rule decides alone, and what it only narrows.
const envoysRoutes = `
routes:
  - path: /tenants/{tenant}/**
    methods: {GET: resource.read, POST: resource.write, DELETE: member.list}
    tenant: "{tenant}"
  - path: /jobs
    methods: {GET: resource.read}
    tenant: {header: X-Tenant}
  - path: /people/**
    public: true
  - path: /people
    public: true
  - path: /health
    public: true
default: deny
`

// withRules serves the shipped rules with those of testdata/envoy beside them.
func withRules(t *testing.T, rule string) *running {
	t.Helper()
	cfg := withRulesSettings(t, rule)
	return launch(t, cfg)
}

func withRulesSettings(t *testing.T, rule string) config.Serve {
	t.Helper()
	folder := t.TempDir()
	cfg := settings(t.TempDir())
	cfg.EnvoyRule, cfg.Policies = rule, filepath.Join(folder, "policies")
	cfg.Bootstrap, cfg.Routes = filepath.Join(folder, "bootstrap.yaml"), filepath.Join(folder, "routes.yaml")
	err := errors.Join(
		os.CopyFS(cfg.Policies, policies.Files), os.CopyFS(filepath.Join(cfg.Policies, "envoy"), os.DirFS("testdata/envoy")),
		os.WriteFile(cfg.Bootstrap, []byte(envoysCast), 0o600), os.WriteFile(cfg.Routes, []byte(envoysRoutes), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// token is one of another issuer's, as policies verify it.
func token(payload string) string {
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part([]byte(payload))
	mac := hmac.New(sha256.New, []byte("a secret of the tests"))
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + part(mac.Sum(nil))
}

func client(t *testing.T, r *running) authv3.AuthorizationClient {
	t.Helper()
	connection, err := grpc.NewClient(r.at.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return authv3.NewAuthorizationClient(connection)
}

// statusOf asks and gives 200, or the status of the denial.
func statusOf(t *testing.T, c authv3.AuthorizationClient, asked *authv3.CheckRequest) (int, *authv3.CheckResponse) {
	t.Helper()
	got, err := c.Check(t.Context(), asked)
	switch {
	case err != nil:
		t.Errorf("%v, want an explicit answer", err)
		return 0, got
	case got.GetOkResponse() != nil:
		return 200, got
	default:
		return int(got.GetDeniedResponse().GetStatus().GetCode()), got
	}
}

func changed(asked *authv3.CheckRequest, change func(h *authv3.AttributeContext_HttpRequest)) *authv3.CheckRequest {
	change(asked.Attributes.Request.Http)
	return asked
}

// A policy written for the OPA Envoy plugin runs as it is, under the name that
// the plugin asks for, and never opens what the routes close.
func TestAPolicyOfTheEnvoyPluginRuns(t *testing.T) {
	c := client(t, withRules(t, ""))
	bearing := func(method, path, role string) *authv3.CheckRequest {
		return changed(envoyAsks(method, path, ""), func(h *authv3.AttributeContext_HttpRequest) {
			h.Headers["authorization"] = token(`{"role":"` + role + `","sub":"YWxpY2U"}`)
		})
	}
	body := func(text string, more ...string) *authv3.CheckRequest {
		return changed(bearing("POST", "/people", "admin"), func(h *authv3.AttributeContext_HttpRequest) {
			h.Body, h.Headers["content-type"] = text, "application/json"
			for i := 0; i < len(more); i += 2 {
				h.Headers[more[i]] = more[i+1]
			}
		})
	}
	inList := bearing("GET", "/people/1", "guest")
	inList.Attributes.Request.Http.HeaderMap = &corev3.HeaderMap{}
	for name, value := range inList.Attributes.Request.Http.Headers {
		inList.Attributes.Request.Http.HeaderMap.Headers = append(inList.Attributes.Request.Http.HeaderMap.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
	}
	inList.Attributes.Request.Http.Headers = nil
	forged := bearing("GET", "/people/1", "guest")
	forged.Attributes.Request.Http.Headers["authorization"] += "x"
	for name, tt := range map[string]struct {
		asked *authv3.CheckRequest
		want  int
	}{
		"a guest who reads":                                    {bearing("GET", "/people/1", "guest"), 200},
		"the same, headers as a list":                          {inList, 200},
		"a guest in an encoded path":                           {bearing("GET", "/%70eople/1", "guest"), 200},
		"nobody":                                               {envoyAsks("GET", "/people/1", ""), 403},
		"another role":                                         {bearing("GET", "/people/1", "none"), 403},
		"a forged token":                                       {forged, 403},
		"a guest who writes":                                   {body(`{"firstname":"Bob"}`, "authorization", token(`{"role":"guest","sub":"YWxpY2U"}`)), 403},
		"an administrator who writes":                          {body(`{"firstname":"Bob"}`), 200},
		"an administrator who adds herself":                    {body(`{"firstname":"Alice"}`), 403},
		"a body that is cut off":                               {body(`{"firstname":"Bob"}`, "content-length", "1000"), 403},
		"a body that Envoy cut off":                            {body(`{"firstname":"Bob"}`, "x-envoy-auth-partial-body", "true"), 403},
		"a body with a key twice":                              {body(`{"firstname":"Bob","firstname":"Alice"}`), 403},
		"a number of very many digits":                         {body(`{"firstname":"Bob","n":` + strings.Repeat("9", 300) + `}`), 403},
		"a body that is no JSON":                               {body(`{"firstname"`), 403},
		"a path of the rule's":                                 {envoyAsks("GET", "/health", ""), 200},
		"what no route covers":                                 {bearing("GET", "/other", "admin"), 401},
		"a member, whom the rule refuses":                      {envoyAsks("GET", "/tenants/acme/x", olgasKey), 403},
		"a token of another issuer's where a member is wanted": {bearing("GET", "/tenants/acme/x", "admin"), 401},
	} {
		got, answer := statusOf(t, c, tt.asked)
		if got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
		for _, option := range answer.GetOkResponse().GetHeaders() {
			if option.GetHeader().GetKey() == "X-Auth-Subject" && option.GetHeader().GetValue() != "anonymous" {
				t.Errorf("%s: a rule named %v", name, option)
			}
		}
	}
}

// The rule only narrows: both have to allow, and it sees who is judged.
func TestARuleForEnvoySeesThePlace(t *testing.T) {
	cfg := withRulesSettings(t, "envoy/place/allow")
	cfg.HeaderPreset = "remote-user"
	r := launch(t, cfg)
	c := client(t, r)
	spoofing := func(key string) *authv3.CheckRequest {
		return changed(envoyAsks("GET", "/tenants/acme/%78?a=%62", key), func(h *authv3.AttributeContext_HttpRequest) {
			h.Headers["x-auth-subject"], h.Headers["x-memberward-secret"], h.Headers["remote-user"] = "olga", "guess", "olga"
		})
	}
	for name, tt := range map[string]struct {
		asked *authv3.CheckRequest
		want  int
	}{
		"the owner":               {spoofing(olgasKey), 200},
		"a viewer":                {spoofing(vicsKey), 403},
		"nobody":                  {spoofing(""), 401},
		"the owner elsewhere":     {envoyAsks("GET", "/tenants/void/x?a=b", olgasKey), 403},
		"a public route, nobody":  {envoyAsks("GET", "/people/1", ""), 403},
		"a public route, by olga": {envoyAsks("GET", "/people/1", olgasKey), 403}, // nobody is judged there
		"an ambiguous path":       {envoyAsks("GET", "/tenants/acme/../acme/x?a=b", olgasKey), 403},
	} {
		if got, _ := statusOf(t, c, tt.asked); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	if text := r.stderr.String(); strings.Contains(text, olgasKey) || strings.Contains(text, "guess") {
		t.Errorf("a secret is in the log: %s", text)
	}
}

// What a rule answers as an object is handed on as far as it may be.
func TestTheObjectOfARuleForEnvoy(t *testing.T) {
	r := withRules(t, "istio/authz/result")
	c := client(t, r)
	for say, want := range map[string]int{
		"yes": 200, "no": 429, "text": 403, "capital": 403, "status": 403, "break": 403, "number": 403, "query": 403, "long": 403,
		"ok": 403, "error": 403, "login": 302, "list": 403, "fails&n=x": 403, "slow": 403,
	} {
		got, answer := statusOf(t, c, envoyAsks("GET", "/tenants/acme/x?say="+say, olgasKey))
		if got != want {
			t.Errorf("%s: %d, want %d", say, got, want)
		}
		overHTTP, head, text := askOverHTTP(t, r, "/tenants/acme/x?say="+say, olgasKey)
		if overHTTP != want {
			t.Errorf("%s over HTTP: %d, want %d", say, overHTTP, want)
		}
		denied := answer.GetDeniedResponse()
		if got == 429 && (denied.GetBody() != "later" || text != "later" || head.Get("Retry-After") != "9" || values(denied.GetHeaders(), "Retry-After") != "9") {
			t.Errorf("%s: %v; over HTTP %v %q", say, denied, head, text)
		}
		if got == 302 && (head.Get("Location") != "https://login.example/" || values(denied.GetHeaders(), "Location") != head.Get("Location")) {
			t.Errorf("%s: %v; over HTTP %v", say, denied, head)
		}
		if got != 200 && (values(denied.GetHeaders(), "X-Auth-Level") != "" || head.Get("X-Auth-Level") != "" || head.Get("X-Decision-Id") == "") {
			t.Errorf("%s: a denial says %v; over HTTP %v", say, denied, head)
		}
	}
	_, answer := statusOf(t, c, envoyAsks("GET", "/tenants/acme/x?say=yes", olgasKey))
	ok := answer.GetOkResponse()
	for name, want := range map[string]string{
		"X-Team": "blue", "X-List": "a,b", "X-Auth-Level": "owner", "X-Auth-Subject": "0190aaaa-0000-7000-8000-000000000001", ":path": "", "X-Forwarded-For": "", "X_auth_level": "",
		"X-Tenant": "",
	} {
		if got := values(ok.GetHeaders(), name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !slices.Equal(ok.GetHeadersToRemove(), []string{"X-Auth-Assertion", "X-Memberward-Secret", "x-debug"}) || values(ok.GetResponseHeadersToAdd(), "X-Served") != "yes" ||
		len(ok.GetResponseHeadersToAdd()) != 1 || answer.GetDynamicMetadata().AsMap()["team"].(map[string]any)["size"] != 3.0 {
		t.Errorf("%v", answer)
	}
	_, head, _ := askOverHTTP(t, r, "/tenants/acme/x?say=yes", olgasKey)
	if head.Get("X-Team") != "blue" || len(head["X-List"]) != 2 || len(head["X-Auth-Subject"]) != 1 || head.Get("X-Envoy-Auth-Headers-To-Remove") != "X-Auth-Assertion,X-Memberward-Secret,x-debug" {
		t.Errorf("over HTTP: %v", head)
	}
	// Routes and rule deny in the same words to who is not a member.
	if got, answer := statusOf(t, c, envoyAsks("GET", "/tenants/void/x?say=yes", olgasKey)); got != 403 || answer.GetDynamicMetadata() != nil {
		t.Errorf("an unknown tenant: %d, %v", got, answer)
	}
}

func values(options []*corev3.HeaderValueOption, name string) string {
	var all []string
	for _, o := range options {
		if o.GetHeader().GetKey() == name {
			all = append(all, o.GetHeader().GetValue())
			if overwrites := o.GetAppendAction() == corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD; overwrites != (len(all) == 1) {
				all = append(all, "wrong action")
			}
		}
	}
	return strings.Join(all, ",")
}

func askOverHTTP(t *testing.T, r *running, target, key string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.at.Proxy+"/authz/envoy"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", key)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

func TestWhichRuleEnvoysChecksAsk(t *testing.T) {
	if err := fails(t, withRulesSettings(t, "envoy/authz/misspelt")); !strings.Contains(err.Error(), "envoy_rule: the policies (") || !strings.Contains(err.Error(), "have no rule data.envoy.authz.misspelt") {
		t.Errorf("a rule that is not there: %v", err)
	}
	c := client(t, withRules(t, "none"))
	if got, _ := statusOf(t, c, envoyAsks("GET", "/tenants/acme/x", olgasKey)); got != 200 {
		t.Errorf("without a rule: %d", got)
	}
}
