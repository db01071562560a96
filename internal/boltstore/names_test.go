package boltstore

import "testing"

func TestKeysAreNamedInWords(t *testing.T) {
	const one, two = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	both := pair(number(1), number(2))
	for _, row := range []struct {
		of   bucket
		key  []byte
		want string
	}{
		{bucketUserEmails, []byte("a@b\n"), `a@b\n`},
		{bucketGrants, both[:], one + "/" + two},
		{bucketPrincipalGrants, principalGrant(number(1), number(2), number(1)), one + "/" + two + "/" + one},
		{bucketRoleNames, within(number(1), "Röle/x"), one + `/R\u00f6le/x`},
		{bucketPendingInvitations, within(number(2), "a@b"), two + "/a@b"},
		{bucketRoleNames, []byte{1, 2}, "0102"},
		{bucketRoles, both[:], "0000000000000000000000000000000100000000000000000000000000000002"},
	} {
		if got := keyName(row.of, row.key); got != row.want {
			t.Errorf("keyName(%s, %x) = %s, want %s", row.of, row.key, got, row.want)
		}
	}
}
