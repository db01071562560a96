package audit_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

func record(action string) audit.Record {
	return audit.Record{
		ID: "a", Time: time.Unix(1, 0).UTC(), Revision: 7, Actor: "platform", Action: action, DecisionID: "d",
		Verdict: audit.Refused, Reasons: audit.Reasons([]tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}),
	}
}

func chain(t *testing.T, records ...audit.Record) ([][]byte, audit.Chain) {
	t.Helper()
	var end audit.Chain
	var all [][]byte
	for _, r := range records {
		data, next, err := end.Append(r)
		if err != nil {
			t.Fatalf("Append(%v): %v", r, err)
		}
		all, end = append(all, data), next
	}
	return all, end
}

func follow(all [][]byte) (audit.Chain, error) {
	var c audit.Chain
	for _, data := range all {
		next, err := c.Follow(data)
		if err != nil {
			return c, err
		}
		c = next
	}
	return c, nil
}

func TestAnUntouchedChainIsWhole(t *testing.T) {
	all, end := chain(t, record("member.add"), record("member.remove"), record("member.leave"))
	got, err := follow(all)
	if err != nil || got != end {
		t.Fatalf("follow = %v, %v; want %v", got, err, end)
	}
}

func TestEveryAlterationBreaksTheChain(t *testing.T) {
	all, end := chain(t, record("member.add"), record("member.remove"), record("member.leave"))
	broken := map[string][][]byte{
		"altered":   {bytes.Replace(all[0], []byte("member.add"), []byte("member.xxx"), 1), all[1], all[2]},
		"removed":   {all[0], all[2]},
		"swapped":   {all[1], all[0], all[2]},
		"repeated":  {all[0], all[0], all[1], all[2]},
		"truncated": {all[0], all[1][:len(all[1])-1], all[2]},
		"cut off":   {all[0], all[1]},
		"last one":  {all[0], all[1], bytes.Replace(all[2], []byte("member.leave"), []byte("member.laeve"), 1)},
	}
	for name, records := range broken {
		if got, err := follow(records); err == nil && got == end {
			t.Errorf("%s: follow found nothing wrong", name)
		}
	}
}

func TestARecordReadsBackAsWritten(t *testing.T) {
	want := record("member.add")
	data, hash, err := audit.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := audit.Decode(data)
	if err != nil || again != hash {
		t.Fatalf("Decode: %v, hash %v; want %v", err, again, hash)
	}
	back, _, err := audit.Encode(got)
	if err != nil || !bytes.Equal(back, data) {
		t.Fatalf("encoded again: %s, %v; want %s", back, err, data)
	}
}
