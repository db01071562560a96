package native

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// admin registers what the platform does with the program itself.
func (d *dialect) admin(s *surface) {
	register(s, describe(http.MethodGet, "/v1/admin/info", "getInfo", "Read what runs"), d.getInfo)
	register(s, describe(http.MethodPost, "/v1/admin/verify", "verifyStore", "Check the whole store: every record, index and counter, and the audit's chain",
		slow, takesNoBody), d.verifyStore)
	register(s, describe(http.MethodPost, "/v1/admin/signing-keys/rotate", "rotateSigningKey", "Sign tokens with a new key from now on",
		created), d.rotateSigningKey)
}

type info struct {
	Version        string      `json:"version"`
	Revision       uint64      `json:"revision" doc:"Of the store."`
	PolicyRevision string      `json:"policy_revision" doc:"Of the set of policies in force."`
	Store          storeCounts `json:"store" doc:"Counts since the program started."`
}

type storeCounts struct {
	Commits        uint64 `json:"commits" doc:"To the disk; one may carry many changes."`
	Changes        uint64 `json:"changes"`
	Refusals       uint64 `json:"refusals" doc:"Recorded in the audit."`
	DroppedRecords uint64 `json:"dropped_records" doc:"Records of refusals that were too many at once."`
	DroppedTouches uint64 `json:"dropped_touches" doc:"Uses of credentials that were too many at once."`
	LongReads      uint64 `json:"long_reads" doc:"Reads of more than a second, each of which holds the file's old pages."`
	Full           uint64 `json:"full" doc:"Commits that found no room on the disk."`
}

func (d *dialect) getInfo(ctx context.Context, r *request, _ *struct{}) (*body[info], error) {
	outcome, err := d.read(ctx, r, tenancy.GetInfo{})
	if err != nil {
		return nil, err
	}
	program := d.program.Info()
	return &body[info]{info{
		Version: program.Version, Revision: uint64(outcome.Revision), PolicyRevision: d.policies.Active().Revision,
		Store: storeCounts(program.Store),
	}}, nil
}

type storeReport struct {
	OK       bool         `json:"ok"`
	Format   uint64       `json:"format" doc:"Version of the store's format."`
	Revision uint64       `json:"revision" doc:"That was checked."`
	Audit    uint64       `json:"audit" doc:"Records of the audit."`
	Head     string       `json:"head" doc:"The hash of its last record."`
	Records  uint64       `json:"records" doc:"Of all kinds."`
	Faults   []storeFault `json:"faults" nullable:"false" doc:"The first thousand."`
}

type storeFault struct {
	Bucket string `json:"bucket,omitempty" doc:"The kind of record."`
	Key    string `json:"key,omitempty" doc:"Which one."`
	Page   uint64 `json:"page,omitempty" doc:"Of the file, where the fault is of no record."`
	What   string `json:"what"`
}

func (d *dialect) verifyStore(ctx context.Context, r *request, _ *struct{}) (*body[storeReport], error) {
	if _, err := d.read(ctx, r, tenancy.VerifyStore{}); err != nil {
		return nil, err
	}
	found, err := d.program.Verify(ctx)
	if err != nil {
		return nil, err
	}
	shown := storeReport{
		OK: len(found.Faults) == 0, Format: found.Format, Revision: uint64(found.Revision),
		Audit: found.Audit, Head: found.Head, Records: found.Records, Faults: make([]storeFault, len(found.Faults)),
	}
	for i, fault := range found.Faults {
		shown.Faults[i] = storeFault(fault)
	}
	return &body[storeReport]{shown}, nil
}

type rotation struct {
	Revoke *bool `json:"revoke,omitempty" doc:"true: the keys before verify no longer, so that every token is refused. false when absent."`
}

type rotateInput struct{ Body *rotation }

type signingKey struct {
	ID        string    `json:"id" format:"uuid"`
	CreatedAt time.Time `json:"created_at"`
}

func (d *dialect) rotateSigningKey(ctx context.Context, r *request, in *rotateInput) (*body[signingKey], error) {
	revoke := orZero(orZero(in.Body).Revoke)
	made, err := d.accounts.NewSigningKey()
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	outcome, err := d.apply(ctx, r, tenancy.RotateSigningKey{Key: made, Revoke: revoke})
	if err != nil {
		return nil, err
	}
	if !r.terms.DryRun {
		if err := d.takeUpSigningKeys(ctx); err != nil {
			return nil, err
		}
	}
	return show(outcome, func(k tenancy.KeyView) signingKey { return signingKey{k.ID.String(), k.CreatedAt.UTC()} })
}

// takeUpSigningKeys has tokens signed and verified with the keys that were
// committed, whether or not the caller still waits.
func (d *dialect) takeUpSigningKeys(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), api.GateTimeout)
	defer cancel()
	if err := d.accounts.ReloadSigningKeys(ctx); err != nil {
		// A code of its own: that of the cause would say that nothing was changed.
		return &tenancy.Error{Code: tenancy.CodeInternal, Msg: "the signing key was rotated, and is not in use yet", Cause: err}
	}
	return nil
}
