package native

import (
	"testing"

	"github.com/google/uuid"
)

// FuzzCursor: whatever a client sends as a cursor, it names the element that
// the list itself gave it for, or is refused.
func FuzzCursor(f *testing.F) {
	const list, other = place(listMembers + "a"), place(listMembers + "b")
	for _, seed := range []string{
		"", "x", "====", list.cursor(uuid.UUID{1}), other.cursor(uuid.UUID{1}), list.cursor(uuid.UUID{}),
		list.cursor(uuid.UUID{0xff}) + "\n", "AQ", list.textCursor("record-1"), list.textCursor(""), place(listAudit).cursor(seqID(7)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		if text, err := list.afterText(cursor); cursor != "" && err == nil && list.textCursor(text) != cursor {
			t.Errorf("%q was taken for %q, whose cursor is %q", cursor, text, list.textCursor(text))
		}
		id, err := list.after(cursor)
		switch {
		case cursor == "" && (err != nil || id != uuid.Nil):
			t.Errorf("no cursor = %v, %v; want the beginning", id, err)
		case cursor != "" && err == nil && list.cursor(id) != cursor:
			t.Errorf("%q was taken for %v, whose cursor is %q", cursor, id, list.cursor(id))
		case err != nil && id != uuid.Nil:
			t.Errorf("%q is refused and names %v all the same", cursor, id)
		}
		if cursor != "" && err == nil {
			if _, err := other.after(cursor); err == nil {
				t.Errorf("%q is good for another list as well", cursor)
			}
		}
	})
}

// TestACursorPointsBehindItsElement is what keeps the target above from
// refusing everything.
func TestACursorPointsBehindItsElement(t *testing.T) {
	list := place(listTenants)
	if id, err := list.after(list.cursor(uuid.UUID{1, 2})); err != nil || id != (uuid.UUID{1, 2}) {
		t.Errorf("after(cursor) = %v, %v", id, err)
	}
	for _, id := range []string{"", "1", "a/b ü", "sixteen bytes...", "fifteen bytes.."} {
		if got, err := list.afterText(list.textCursor(id)); err != nil || got != id {
			t.Errorf("afterText(cursor of %q) = %q, %v", id, got, err)
		}
		if got, err := place(listTenants + "x").afterText(list.textCursor(id)); err == nil {
			t.Errorf("the cursor of %q is %q in another list", id, got)
		}
	}
}
