package proxy

import "net/http"

// protocol is how one kind of proxy asks. The zero value answers nothing.
type protocol struct {
	name     string   // in metrics
	endpoint string   // exact path, without a query
	control  []string // the headers that say what was asked for; canonical names
	read     func(http.Header) (target, error)
	// redirects says that the proxy hands a redirect to the browser.
	redirects bool
	// removes says that an allow names the headers that the proxy takes away.
	removes bool
	ruled   bool // a rule of the operator's may stand beside the routes
}

// protocols are those served. Each is a file of its own.
var protocols = []protocol{
	nginx,
	forward,
	envoy,
	haproxy,
}
