package proxy

import "net/http"

// nginx asks through auth_request; ingress-nginx sends X-Original-Url, the
// shipped snippet X-Original-Uri with X-Original-Host. nginx turns any status
// but 200, 401 and 403 into 500.
var nginx = protocol{
	name:     "nginx",
	endpoint: "/authz/nginx",
	control:  []string{originalURL, originalURI, originalHost, originalMethod, forwardedFor},
	read:     readNginx,
}

const (
	originalURL    = "X-Original-Url"
	originalURI    = "X-Original-Uri"
	originalHost   = "X-Original-Host"
	originalMethod = "X-Original-Method"
)

// readNginx reads the original request. X-Original-Url stands alone: beside
// it, another header could only contradict it.
func readNginx(h http.Header) (target, error) {
	var t target
	method, err := only(h, originalMethod)
	if err != nil {
		return target{}, err
	}
	if err := t.readMethod(method); err != nil {
		return target{}, err
	}
	if has(h, originalURL) {
		if has(h, originalURI) || has(h, originalHost) {
			return target{}, ReasonConflict
		}
		url, err := only(h, originalURL)
		if err != nil {
			return target{}, err
		}
		err = t.readURL(url)
		return t, err
	}
	host, err := only(h, originalHost)
	if err != nil {
		return target{}, err
	}
	if err := t.readHost(host); err != nil {
		return target{}, err
	}
	uri, err := only(h, originalURI)
	if err != nil {
		return target{}, err
	}
	err = t.readURI(uri)
	return t, err
}
