package gate

import "github.com/memberward/memberward/internal/tenancy"

// The cascades of a tenant's deletion, in their order: what is deleted later
// has nothing left that hangs on it.

func endMemberships(tx Tx, m *matter) error {
	return each(func() ([]tenancy.Membership, error) {
		return tx.Members(m.tenant.ID, tenancy.UserID{}, cascadeChunk)
	}, func(member tenancy.Membership) error {
		user, _, err := tx.User(member.User)
		if err != nil {
			return err
		}
		return endMembership(tx, m.tenant.ID, user, m.in.Now)
	})
}

func endDatasets(tx Tx, m *matter) error {
	return each(func() ([]tenancy.Dataset, error) {
		return tx.Datasets(m.tenant.ID, tenancy.DatasetID{}, cascadeChunk)
	}, func(dataset tenancy.Dataset) error { return deleteDataset(tx, dataset.ID) })
}

func endRoles(tx Tx, m *matter) error {
	return each(func() ([]tenancy.Role, error) {
		return tx.Roles(m.tenant.ID, tenancy.RoleID{}, cascadeChunk)
	}, func(role tenancy.Role) error { return endRole(tx, role, m) })
}

func endProjects(tx Tx, m *matter) error {
	return each(func() ([]tenancy.Project, error) {
		return tx.Projects(m.tenant.ID, tenancy.ProjectID{}, cascadeChunk)
	}, func(project tenancy.Project) error { return endProject(tx, project, m) })
}

func endInvitations(tx Tx, m *matter) error {
	return each(func() ([]tenancy.Invitation, error) {
		return tx.Invitations(m.tenant.ID, tenancy.InvitationID{}, cascadeChunk)
	}, func(invitation tenancy.Invitation) error { return tx.DeleteInvitation(invitation.ID) })
}

// each ends the records that read gives, chunk by chunk, until there are none:
// what was ended is not read again.
func each[T any](read func() ([]T, error), end func(T) error) error {
	for {
		records, err := read()
		if err != nil {
			return err
		}
		for _, record := range records {
			if err := end(record); err != nil {
				return err
			}
		}
		if len(records) < cascadeChunk {
			return nil
		}
	}
}
