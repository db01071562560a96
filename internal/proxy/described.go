package proxy

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/tenancy"
)

// described is what Envoy says of a request beside what is judged. The zero
// value is nothing.
type described struct {
	attributes func(path string, headers map[string]string) ([]byte, error)
	body       string
}

// pluginVersion is what the OPA Envoy plugin says of its own input.
const pluginVersion = `{"encoding":"protojson","ext_authz":"v3"}`

// beside gives the input of the OPA Envoy plugin: what a rule written for it
// reads. Its path is the canonical one, so that the rule judges what the
// routes judge and the application sees.
func (c *check) beside(judged tenancy.HTTPRequest) ([]tenancy.JSONMember, error) {
	headers := c.toldHeaders()
	path := c.target.Path
	if _, _, asked := strings.Cut(c.request.Header.Get(pseudoPath), "?"); asked || c.target.Query != "" {
		path += "?" + c.target.Query
	}
	headers[pseudoPath] = path
	attributes, err := c.attributes(path, headers, judged.ClientIP)
	if err != nil {
		return nil, err
	}
	body, truncated, err := parsedBody(headers, c.described.body)
	if err != nil {
		return nil, err
	}
	query := judged.Query
	if query == nil {
		query = map[string][]string{}
	}
	members := []tenancy.JSONMember{
		{Name: "attributes", Value: string(attributes)},
		{Name: "parsed_body", Value: body},
		{Name: "truncated_body", Value: strconv.FormatBool(truncated)},
		{Name: "version", Value: pluginVersion},
	}
	for _, m := range []struct {
		name  string
		value any
	}{{"parsed_path", judged.Segments}, {"parsed_query", query}} {
		text, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		members = append(members, tenancy.JSONMember{Name: m.name, Value: string(text)})
	}
	return members, nil
}

// toldHeaders are the headers as Envoy tells them to a plugin: names in lower
// case, repeated ones joined, the credentials among them. What a client says
// in our name, or in that of the preset, is not told, nor the secret of the
// proxies.
func (c *check) toldHeaders() map[string]string {
	ours := slices.Concat(identity, c.handler.rules.preset.names(), []string{proxySecret})
	told := make(map[string]string, len(c.request.Header)+4)
	for name, values := range c.request.Header {
		if slices.Contains(ours, name) {
			continue
		}
		told[strings.ToLower(name)] = strings.ToValidUTF8(strings.Join(values, ","), "\uFFFD")
	}
	return told
}

// attributes describes the request in the protocol's words: in Envoy's own,
// where it came by gRPC.
func (c *check) attributes(path string, headers map[string]string, client string) ([]byte, error) {
	if c.described.attributes != nil {
		return c.described.attributes(path, headers)
	}
	type object = map[string]any
	asked := object{"method": c.target.method, "path": path, "host": c.target.authority, "headers": headers, "protocol": c.request.Proto}
	if c.target.scheme != "" {
		asked["scheme"] = c.target.scheme
	}
	attributes := object{"request": object{"http": asked}}
	if client != "" {
		attributes["source"] = object{"address": object{"socketAddress": object{"address": client}}}
	}
	return json.Marshal(attributes)
}

// parsedBody reads a body of JSON or of a form as the plugin does: null where it
// is neither or is not whole, which is told beside it.
func parsedBody(headers map[string]string, body string) (parsed string, truncated bool, err error) {
	const nothing = "null"
	media := strings.ToLower(headers["content-type"])
	isJSON := strings.Contains(media, "application/json")
	isForm := !isJSON && strings.Contains(media, "application/x-www-form-urlencoded")
	if body == "" || !isJSON && !isForm {
		return nothing, false, nil
	}
	if said, given := headers["content-length"]; given {
		length, err := strconv.ParseInt(said, 10, 64)
		if err != nil {
			return nothing, false, ReasonRuleBody
		}
		if length > int64(len(body)) {
			return nothing, true, nil
		}
	}
	if headers[partialBody] == "true" {
		return nothing, true, nil
	}
	if isForm {
		body, err = parsedForm(body)
		return body, false, err
	}
	if !tenancy.IsReadable(body) { // a key twice is not read in two ways
		return nothing, false, ReasonRuleBody
	}
	return body, false, nil
}

// parsedForm gives the fields of a form, each with all its values.
func parsedForm(body string) (string, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return "null", ReasonRuleBody
	}
	text, err := json.Marshal(map[string][]string(fields))
	if err != nil { // no UTF-8
		return "null", ReasonRuleBody
	}
	return string(text), nil
}

// partialBody is the header by which Envoy says that a body is cut off.
const partialBody = "x-envoy-auth-partial-body"
