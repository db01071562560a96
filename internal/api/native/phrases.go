package native

import (
	"strconv"
	"strings"
)

// phrases are huma's messages in the shell's words: whoever reads them knows
// neither huma nor Go. What stands between before and after takes the place of
// the ellipsis in say.
var phrases = []struct{ before, after, say string }{
	{"expected required property ", " to be present", "… is required"},
	{`expected value to be one of "`, `"`, "want one of: …"},
	{"expected number >= ", "", "want a number of at least …"},
	{"expected number <= ", "", "want a number of at most …"},
	{"expected length >= ", "", "want a length of at least …"},
	{"expected length <= ", "", "want a length of at most …"},
	{"expected array length >= ", "", "want a list of at least …"},
	{"expected array length <= ", "", "want … elements at most"},
	{"invalid integer", "", "want a whole number"},
	{"invalid date/time for format ", "", "want a time like 2027-01-31T09:00:00Z"},
}

// rephrase gives a message of huma's in the shell's words; one that is not
// listed stays as it is.
func rephrase(message string) string {
	for _, p := range phrases {
		rest, begins := strings.CutPrefix(message, p.before)
		middle, ends := strings.CutSuffix(rest, p.after)
		if begins && ends {
			return strings.Replace(p.say, "…", plainNumber(middle), 1)
		}
	}
	return message
}

// plainNumber writes a number that huma gives with an exponent in full; any
// other text stays as it is.
func plainNumber(text string) string {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(number, 'f', -1, 64)
}
