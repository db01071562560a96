package native

import (
	"context"
	"net/http"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) usage(s *surface) {
	register(s, describe(http.MethodPut, "/v1/tenants/{tenant}/usage", "reportUsage", "Keep what the application counts of a tenant; what is not given stays",
		changes, refuses(http.StatusNotFound)), d.reportUsage)
}

type newUsage struct {
	Processes    *int64 `json:"process_count,omitempty" minimum:"0" maximum:"9007199254740991"`
	Datasets     *int64 `json:"dataset_count,omitempty" minimum:"0" maximum:"9007199254740991"`
	StorageBytes *int64 `json:"storage_used_bytes,omitempty" minimum:"0" maximum:"9007199254740991"`
}

type reportUsageInput struct {
	Tenant string   `path:"tenant" doc:"The tenant's id or slug."`
	Body   newUsage `doc:"At least one property."`
}

type usage struct {
	Processes    int64     `json:"process_count"`
	Datasets     int64     `json:"dataset_count"`
	StorageBytes int64     `json:"storage_used_bytes"`
	ReportedAt   time.Time `json:"reported_at"`
}

func (d *dialect) reportUsage(ctx context.Context, r *request, in *reportUsageInput) (*body[usage], error) {
	report := in.Body
	if err := atLeastOne(report == newUsage{}, "process_count", "process_count, dataset_count and storage_used_bytes"); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.ReportUsage{
		Tenant: tenantRef(in.Tenant), Processes: report.Processes, Datasets: report.Datasets, StorageBytes: report.StorageBytes,
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, func(u tenancy.Usage) usage {
		return usage{Processes: u.Processes, Datasets: u.Datasets, StorageBytes: u.StorageBytes, ReportedAt: u.ReportedAt.UTC()}
	})
}
