package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bounds of one request.
const (
	patience    = 20 * time.Second
	answerLimit = 1 << 20 // bytes of a body that are read
)

// wire sends requests to the proxy, each on a connection of its own and
// exactly as written.
type wire struct {
	url     *url.URL
	connect string         // host:port to connect to; empty: the URL's
	roots   *x509.CertPool // nil: the system's
	number  func() string  // makes a new one for each request
}

// request is one request. The zero value is a GET without a credential.
type request struct {
	method string // empty: GET
	target string // as on the request line
	host   string // empty: the URL's
	lines  []string
	body   string
	chunks bool // the body is sent in chunks
}

// answer is what came back. The zero value is no answer at all.
type answer struct {
	status   int
	header   http.Header
	reached  bool      // the doctor's application answered this very request
	stale    bool      // it answered another one: somebody kept its answer
	received *Received // nil: not told, as for a HEAD, or told of another request
}

// decision is the id that the answer or the application names; empty: none.
func (a answer) decision() string {
	if id := a.header.Get(decisionHeader); id != "" || a.received == nil {
		return id
	}
	return strings.Join(a.received.Header[decisionHeader], "")
}

// got is what the application got under a name; the name in the form of
// [http.CanonicalHeaderKey].
func (a answer) got(name string) []string {
	if a.received == nil {
		return nil
	}
	return a.received.Header[name]
}

// send makes a request. Its error says that nothing could be sent; a proxy that
// hangs up is an answer.
func (w wire) send(ctx context.Context, r request) (answer, error) {
	conn, err := w.dial(ctx)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if deadline, bound := ctx.Deadline(); bound {
		if err := conn.SetDeadline(deadline); err != nil {
			return answer{}, err
		}
	}
	number := w.number()
	go func() { // a proxy may answer before it has read everything
		_, _ = io.WriteString(conn, w.text(r, number))
	}()
	return read(conn, r.method, number), nil
}

// text is a request as it stands on the wire.
func (w wire) text(r request, number string) string {
	if r.method == "" {
		r.method = http.MethodGet
	}
	if r.host == "" {
		r.host = w.url.Host
	}
	lines := append([]string{r.method + " " + r.target + " HTTP/1.1", "Host: " + r.host, marker + ": " + number}, r.lines...)
	switch {
	case r.chunks:
		lines = append(lines, "Transfer-Encoding: chunked")
		r.body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(r.body), r.body)
	case r.body != "":
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(r.body)))
	}
	if !slices.ContainsFunc(r.lines, func(line string) bool { return strings.HasPrefix(line, "Connection: ") }) {
		lines = append(lines, "Connection: close")
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + r.body
}

func (w wire) dial(ctx context.Context) (net.Conn, error) {
	at := w.connect
	if at == "" {
		port := w.url.Port()
		if port == "" {
			port = w.url.Scheme // a service's name is a port
		}
		at = net.JoinHostPort(w.url.Hostname(), port)
	}
	if w.url.Scheme != "https" {
		return new(net.Dialer).DialContext(ctx, "tcp", at)
	}
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: w.roots, ServerName: w.url.Hostname(), NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
	}}
	return dialer.DialContext(ctx, "tcp", at)
}

// read reads the final answer to a request.
func read(conn io.Reader, method, number string) answer {
	reader, asked := bufio.NewReader(io.LimitReader(conn, 2*answerLimit)), &http.Request{Method: method}
	response, err := http.ReadResponse(reader, asked)
	for err == nil && response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
		response, err = http.ReadResponse(reader, asked)
	}
	if err != nil {
		return answer{}
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	if seen, is := response.Header[marker]; is {
		a.reached, a.stale = true, seen[0] != number
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return a
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	var received Received
	if a.reached && !a.stale && err == nil && json.Unmarshal(text, &received) == nil && received.Method != "" {
		a.received = &received
	}
	return a
}

// describe is an answer in words, without anything that the client sent.
func (a answer) describe() string {
	switch {
	case a.status == 0:
		return "no answer"
	case a.received != nil:
		return fmt.Sprintf("%d; the application got %s %s", a.status, a.received.Method, a.received.Target)
	case a.reached:
		return fmt.Sprintf("%d from the application", a.status)
	default:
		return fmt.Sprintf("%d", a.status)
	}
}

// errUnreachable says that the proxy cannot be asked at all.
var errUnreachable = errors.New("the proxy cannot be reached")
