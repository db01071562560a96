package proxy

import "strings"

// parseQuery reads a query as browsers and most frameworks do (URL Standard,
// application/x-www-form-urlencoded): pairs are parted by "&" alone, an
// invalid escape stands for itself, invalid UTF-8 becomes U+FFFD. Every query
// has a meaning, so that no parameter escapes a policy by a mistake beside it.
// Without parameters the result is nil.
func parseQuery(raw string) map[string][]string {
	var values map[string][]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if values == nil {
			values = map[string][]string{}
		}
		name = decodeQuery(name)
		values[name] = append(values[name], decodeQuery(value))
	}
	return values
}

func decodeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' {
			if decoded, err := unescape(s[i+1:]); err == nil {
				c, i = decoded, i+2
			}
		}
		b.WriteByte(c)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
