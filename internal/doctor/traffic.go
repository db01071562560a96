package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// upgrades asks to go on in another protocol than HTTP.
func (e *examiner) upgrades(ctx context.Context) error {
	for _, lines := range [][]string{
		{"Upgrade: h2c"}, {"Upgrade: H2C"}, {"Upgrade: h2c, websocket"}, {"Upgrade: websocket, h2c"}, {"Upgrade: websocket", "Upgrade: h2c"}, {"Upgrade: TLS/1.2"}, {"Upgrade: doctor"},
	} {
		a, err := e.as(ctx, request{lines: append(lines, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")})
		if err != nil {
			return err
		}
		upgrade := strings.ToLower(strings.Join(a.got("Upgrade"), ", "))
		switch {
		case a.status == http.StatusSwitchingProtocols && !strings.EqualFold(a.header.Get("Upgrade"), "websocket"):
			e.found("upgrade", lines[0], strings.Join(lines, ", "), "101: the connection is another protocol's")
			return nil
		case upgrade != "" && upgrade != "websocket":
			e.found("upgrade", lines[0], strings.Join(lines, ", "), "the application got Upgrade: "+upgrade)
			return nil
		}
	}
	return nil
}

// bodies sends bodies, which are the application's alone.
func (e *examiner) bodies(ctx context.Context) error {
	const size = 100 << 10
	came, last := 0, ""
	for _, r := range []request{
		{method: http.MethodPost},
		{method: http.MethodPost, chunks: true},
		{method: http.MethodPut},
		{method: http.MethodGet},
		{method: http.MethodGet, chunks: true},
	} {
		r.body = strings.Repeat("x", size)
		a, err := e.as(ctx, r)
		if err != nil {
			return err
		}
		if last = a.describe(); a.received == nil {
			continue
		}
		came++
		if a.received.Body != size {
			e.found("body_lost", r.method, fmt.Sprintf("%s %s with %d bytes", r.method, e.target, size), fmt.Sprintf("the application got %d bytes", a.received.Body))
		}
	}
	if came == 0 {
		e.skip("no request with a body came through: " + last)
	}
	return nil
}
