package tenancy

import (
	"fmt"
	"slices"
	"strings"
)

// Action names what somebody wants to do. Changes have actions of this list;
// operators may name further ones, which only ever reach the access rules.
type Action string

// Actions that change something: judged by membership.decision, with reasons.
const (
	ActionUserCreate         Action = "user.create"
	ActionUserRegister       Action = "user.register" // an account creates itself
	ActionUserUpdate         Action = "user.update"
	ActionUserDelete         Action = "user.delete"
	ActionUserPassword       Action = "user.password" // set a password
	ActionUserRevoke         Action = "user.revoke"   // end all tokens of an account
	ActionUserLeave          Action = "user.leave"    // end all memberships of an account
	ActionKeyCreate          Action = "key.create"
	ActionKeyDelete          Action = "key.delete"
	ActionTenantCreate       Action = "tenant.create"
	ActionTenantUpdate       Action = "tenant.update"
	ActionTenantDelete       Action = "tenant.delete"
	ActionTenantTransfer     Action = "tenant.transfer"
	ActionTenantSelect       Action = "tenant.select"
	ActionMemberAdd          Action = "member.add"
	ActionMemberUpdate       Action = "member.update"
	ActionMemberRemove       Action = "member.remove"
	ActionMemberLeave        Action = "member.leave" // removing oneself
	ActionRoleCreate         Action = "role.create"
	ActionRoleUpdate         Action = "role.update"
	ActionRoleDelete         Action = "role.delete"
	ActionProjectCreate      Action = "project.create"
	ActionProjectUpdate      Action = "project.update"
	ActionProjectDelete      Action = "project.delete"
	ActionDatasetCreate      Action = "dataset.create"
	ActionDatasetGrant       Action = "dataset.grant"
	ActionDatasetRevoke      Action = "dataset.revoke"
	ActionCapabilityGrant    Action = "capability.grant"
	ActionCapabilityRevoke   Action = "capability.revoke"
	ActionInvitationCreate   Action = "invitation.create"
	ActionInvitationDelete   Action = "invitation.delete"
	ActionInvitationAccept   Action = "invitation.accept"
	ActionInvitationDecline  Action = "invitation.decline"
	ActionOrganizationCreate Action = "organization.create"
	ActionOrganizationUpdate Action = "organization.update"
	ActionOrganizationDelete Action = "organization.delete"
	ActionOrganizationSet    Action = "organization.set_member"
	ActionOrganizationRemove Action = "organization.remove_member"
	ActionOrganizationAttach Action = "organization.attach" // make a tenant in it
	ActionOrganizationDetach Action = "organization.detach"
	ActionUsageReport        Action = "usage.report"
	ActionEntityPut          Action = "entity.put"    // make an entity of the registry, or replace it
	ActionEntityDelete       Action = "entity.delete" // take one out of it
	ActionSigningKeyRotate   Action = "signing_key.rotate"
	ActionBootstrap          Action = "store.bootstrap"
)

// Actions that change nothing: judged by access.allow.
const (
	ActionUserRead            Action = "user.read"
	ActionUserFind            Action = "user.find" // by e-mail
	ActionKeyList             Action = "key.list"
	ActionTenantRead          Action = "tenant.read"
	ActionTenantList          Action = "tenant.list" // a person's own
	ActionTenantListAll       Action = "tenant.list_all"
	ActionMemberRead          Action = "member.read"
	ActionMemberList          Action = "member.list"
	ActionRoleRead            Action = "role.read"
	ActionRoleList            Action = "role.list"
	ActionProjectRead         Action = "project.read"
	ActionProjectList         Action = "project.list"
	ActionDatasetRead         Action = "dataset.read"
	ActionDatasetWrite        Action = "dataset.write"
	ActionDatasetDelete       Action = "dataset.delete"
	ActionDatasetShare        Action = "dataset.share"
	ActionDatasetList         Action = "dataset.list"    // a person's own
	ActionDatasetListOf       Action = "dataset.list_of" // somebody else's, a role's, a tenant's
	ActionCapabilityRead      Action = "capability.read" // a person's own
	ActionInvitationList      Action = "invitation.list"
	ActionUsageRead           Action = "usage.read"
	ActionOrganizationRead    Action = "organization.read"
	ActionOrganizationList    Action = "organization.list" // a person's own
	ActionOrganizationListAll Action = "organization.list_all"
	ActionOrganizationUsage   Action = "organization.usage" // the numbers of all its tenants
	ActionEntityRead          Action = "entity.read"        // an entity of the registry
	ActionPolicyRead          Action = "policy.read"
	ActionAuditRead           Action = "audit.read" // also: ask what others may do
	ActionStoreRead           Action = "store.read" // what the program and its store are
	ActionStoreBackup         Action = "store.backup"
	ActionStoreVerify         Action = "store.verify"
	ActionResourceRead        Action = "resource.read"
	ActionResourceWrite       Action = "resource.write"
)

// ActionEvaluate is asking what others may do, in AuthZEN's words. It is no
// matter of rules: the platform may, and a key whose scopes name it, which the
// platform alone hands out (contracts/proxy.md, "AuthZEN").
const ActionEvaluate Action = "evaluate"

// changes lists what membership.decision judges.
var changes = []Action{
	ActionUserCreate, ActionUserRegister, ActionUserUpdate, ActionUserDelete, ActionUserPassword, ActionUserRevoke, ActionUserLeave,
	ActionKeyCreate, ActionKeyDelete,
	ActionTenantCreate, ActionTenantUpdate, ActionTenantDelete, ActionTenantTransfer, ActionTenantSelect,
	ActionMemberAdd, ActionMemberUpdate, ActionMemberRemove, ActionMemberLeave,
	ActionRoleCreate, ActionRoleUpdate, ActionRoleDelete, ActionProjectCreate, ActionProjectUpdate, ActionProjectDelete,
	ActionDatasetCreate, ActionDatasetGrant, ActionDatasetRevoke, ActionCapabilityGrant, ActionCapabilityRevoke,
	ActionInvitationCreate, ActionInvitationDelete, ActionInvitationAccept, ActionInvitationDecline,
	ActionOrganizationCreate, ActionOrganizationUpdate, ActionOrganizationDelete, ActionOrganizationSet, ActionOrganizationRemove,
	ActionOrganizationAttach, ActionOrganizationDetach, ActionUsageReport, ActionEntityPut, ActionEntityDelete,
	ActionSigningKeyRotate,
}

// Changes reports whether the action changes something, so that
// membership.decision judges it and not access.allow.
func (a Action) Changes() bool { return slices.Contains(changes, a) }

// ChangeActions lists every action that changes something. The caller owns the
// list.
func ChangeActions() []Action { return slices.Clone(changes) }

// actionLimit is the longest action name, in bytes.
const actionLimit = 128

// ParseAction reads an action name: lower-case words of a-z, 0-9, "_" and "-",
// joined by dots.
func ParseAction(s string) (Action, error) {
	if s == "" || len(s) > actionLimit {
		return "", fmt.Errorf("an action has 1 to %d characters", actionLimit)
	}
	before := byte('.')
	for _, c := range []byte(s) {
		word := (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
		if !word && (c != '.' || before == '.') {
			return "", fmt.Errorf("an action holds words of a-z, 0-9, _ and -, joined by dots")
		}
		before = c
	}
	if before == '.' {
		return "", fmt.Errorf("an action does not end in a dot")
	}
	return Action(s), nil
}

// ceilings holds the lowest level that may hold an action (contracts/levels.md).
// Policy data may give a level less, never more.
var ceilings = map[Action]Level{
	ActionTenantRead: LevelViewer, ActionMemberRead: LevelViewer, ActionMemberList: LevelViewer, ActionResourceRead: LevelViewer,
	ActionProjectRead: LevelViewer, ActionProjectList: LevelViewer, ActionDatasetCreate: LevelViewer,
	ActionTenantSelect: LevelViewer, ActionMemberLeave: LevelViewer,
	ActionResourceWrite: LevelMember, "feedback.write": LevelMember,
	ActionDatasetListOf: LevelAdmin,
	ActionTenantDelete:  LevelOwner, ActionTenantTransfer: LevelOwner,
	ActionTenantCreate: beyond, ActionTenantList: beyond, ActionTenantListAll: beyond,
}

// families holds the ceiling of the actions that are not among those above, by
// the word before the first dot. What goes beyond tenants, and what may be done
// with a dataset, is nothing that a level gives.
var families = map[string]Level{
	"resource": LevelMember,
	"dataset":  beyond, "entity": beyond, "organization": beyond, "policy": beyond, "signing_key": beyond, "store": beyond, "user": beyond,
}

// beyond is the ceiling of what no level may hold.
const beyond Level = 50

// MayHold reports whether policy data may give the level this action, and so
// whether somebody of that level may put it into a role. All actions but those
// above have the ceiling admin, those that operators name too.
func (l Level) MayHold(action Action) bool {
	lowest, known := ceilings[action]
	if !known {
		family, _, _ := strings.Cut(string(action), ".")
		if lowest, known = families[family]; !known {
			lowest = LevelAdmin
		}
	}
	return lowest != beyond && l.Rank() >= lowest.Rank()
}
