package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// trail reads the whole audit trail in chunks and follows its chain.
func trail(ctx context.Context, s gate.Store) ([]audit.Record, error) {
	var at audit.Chain
	var records []audit.Record
	for {
		var chunk [][]byte
		err := s.View(ctx, func(r gate.Reader) error {
			var err error
			chunk, err = r.Audit(at.Seq, 7)
			return err
		})
		if err != nil || len(chunk) == 0 {
			return records, err
		}
		for _, canonical := range chunk {
			if at, err = at.Follow(canonical); err != nil {
				return nil, err
			}
			r, _, err := audit.Decode(canonical)
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
	}
}

func chainedRecords(ctx context.Context, s gate.Store) error {
	const writers = 30
	left := make([]tenancy.Revision, writers)
	errs := atOnce(writers, func(i int) error {
		if i%3 == 0 {
			if err := s.Append(ctx, record(fmt.Sprintf("refused %d", i))); err != nil {
				return err
			}
		}
		var err error
		left[i], err = s.Update(ctx, func(tx gate.Tx) error {
			if err := tx.PutUser(user(i + 1)); err != nil {
				return err
			}
			return errors.Join(tx.Record(record(fmt.Sprint(i))), tx.Record(record(fmt.Sprintf("also %d", i))))
		})
		return err
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	records, err := trail(ctx, s)
	if err != nil {
		return err
	}
	at := make(map[string]tenancy.Revision)
	var last tenancy.Revision
	for _, r := range records {
		if r.Revision < last {
			return fmt.Errorf("record %d has revision %d after one of %d", r.Seq, r.Revision, last)
		}
		at[r.ID], last = r.Revision, r.Revision
	}
	for i, revision := range left {
		if first, also := at[fmt.Sprint(i)], at[fmt.Sprintf("also %d", i)]; first != revision || also != revision {
			return fmt.Errorf("change %d left revision %d, its records have %d and %d", i, revision, first, also)
		}
	}
	return nil
}

func failedRecord(ctx context.Context, s gate.Store) error {
	_, err := s.Update(ctx, func(tx gate.Tx) error { return errors.Join(tx.Record(record("failed")), errRefused) })
	if !errors.Is(err, errRefused) {
		return fmt.Errorf("a refused change = %v, want its own error", err)
	}
	if _, err := update(ctx, s, func(tx gate.Tx) error { return tx.Record(record("good")) }); err != nil {
		return err
	}
	records, err := trail(ctx, s)
	if err == nil && (len(records) != 1 || records[0].ID != "good") {
		err = fmt.Errorf("the chain holds %d records, want the one of the change that succeeded", len(records))
	}
	return err
}

func appendedWithCommit(ctx context.Context, s gate.Store) error {
	if err := s.Append(ctx, record("refused")); err != nil {
		return err
	}
	if err := put(ctx, s, member(1, 1, tenancy.LevelMember)); err != nil {
		return err
	}
	records, err := trail(ctx, s)
	if err == nil && (len(records) != 1 || records[0].ID != "refused") {
		err = fmt.Errorf("the chain holds %d records, want the queued one", len(records))
	}
	return err
}

func appendedAlone(ctx context.Context, s gate.Store) error {
	if err := s.Append(ctx, record("refused")); err != nil {
		return err
	}
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		records, err := trail(ctx, s)
		if err != nil {
			return err
		}
		if len(records) == 1 && records[0].ID == "refused" {
			return nil
		}
	}
	return errors.New("a queued record never appeared")
}
