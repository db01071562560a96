package e2e

import (
	"encoding/json"
	"testing"
)

// countItems gives the number of elements of a native list.
func countItems(t *testing.T, body string) int {
	t.Helper()
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("no list: %v\n%s", err, body)
	}
	return len(list.Items)
}
