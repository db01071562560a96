package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_platform[action] if {
	some action, want in {
		"user.create": true,
		"key.create": true,
		"key.delete": true,
		"tenant.create": true,
		"tenant.update": true,
		"tenant.delete": true,
		"tenant.transfer": true,
		"user.update": true,
		"user.delete": true,
		"user.password": true,
		"user.revoke": true,
		"user.leave": true,
		"signing_key.rotate": true,
		"member.add": true,
		"member.update": true,
		"member.remove": true,
		"capability.grant": true,
		"capability.revoke": true,
		"entity.delete": true,
		"entity.put": true,
		"invitation.create": true,
		"invitation.delete": true,
		"organization.attach": true,
		"organization.create": true,
		"organization.delete": true,
		"organization.detach": true,
		"organization.remove_member": true,
		"organization.set_member": true,
		"organization.update": true,
		"project.create": true,
		"project.delete": true,
		"project.update": true,
		"role.create": true,
		"role.delete": true,
		"role.update": true,
		"usage.report": true,
		"dataset.create": false,
		"dataset.grant": false,
		"invitation.accept": false,
		"member.leave": false,
		"tenant.select": false,
		"user.register": false,
		"tenant.read": false,
	}
	grant.allowed == want with input as cases.given(object.union(cases.platform, {"action": {"name": action}}))
}

test_by_the_platform_alone[name] if {
	some action in {"entity.delete", "entity.put", "organization.create", "signing_key.rotate", "user.create", "user.delete", "user.update"}
	some level in {"owner", "admin"}
	name := sprintf("%s by %s", [action, level])
	grant.allowed == false with input as cases.given({"action": {"name": action}, "actor": {"level": level}})
}
