// The published npm client of LlamaCloud, unmodified, lists, adds, assigns and removes; each answer is held against the
// OpenAPI document that the client brings. MEMBERWARD names the program.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import * as cloud from "@llamaindex/cloud/api";
import { faults } from "./schema.mjs";
import { start } from "./server.mjs";

const document = createRequire(import.meta.url)("@llamaindex/cloud/openapi.json");
let server, path;

before(async () => {
  server = await start();
  path = { organization_id: server.tenant.id };
  cloud.client.setConfig({ baseUrl: server.baseUrl, headers: { Authorization: `Bearer ${server.key}` } });
});
after(() => server.stop());

// Calls one operation of the client: the answer has to be a success of the form that the document gives.
async function call(operation, options = {}) {
  const { data, error, response } = await cloud[operation](options);
  assert.equal(error, undefined, JSON.stringify(error));
  const described = Object.values(document.paths).flatMap(Object.values).find((one) => camel(one.operationId) === operation);
  const promised = described.responses[response.status];
  assert.ok(promised, `${operation} answered ${response.status}`);
  const schema = promised.content?.["application/json"].schema;
  if (schema) assert.deepEqual(faults(document, schema, data), []);
  return data;
}

// Calls one operation that is to be refused, in the form of the API's errors.
async function refused(operation, status, options) {
  const { data, error, response } = await cloud[operation](options);
  assert.equal(response.status, status, JSON.stringify(data ?? error));
  if (status === 422) assert.deepEqual(faults(document, { $ref: "#/components/schemas/HTTPValidationError" }, error), []);
  else assert.equal(typeof error.detail, "string");
}

const camel = (id) => id?.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const list = "listOrganizationUsersApiV1OrganizationsOrganizationIdUsersGet";
const add = "addUsersToOrganizationApiV1OrganizationsOrganizationIdUsersPut";
const remove = "removeUsersFromOrganizationApiV1OrganizationsOrganizationIdUsersMemberUserIdDelete";
const emails = async () => (await call(list, { path })).map((user) => user.email);

test("the organization is listed and read", async () => {
  assert.deepEqual((await call("listOrganizationsApiV1OrganizationsGet")).map((one) => one.name), ["Acme"]);
  assert.equal((await call("getOrganizationApiV1OrganizationsOrganizationIdGet", { path })).id, server.tenant.id);
  assert.equal((await call("updateOrganizationApiV1OrganizationsOrganizationIdPut", { path, body: { name: "Acme Ltd" } })).name, "Acme Ltd");
});

test("users are listed, added, given a role and removed", async () => {
  assert.deepEqual(await emails(), ["olga@example.com"]);
  const [mary, nina] = await call(add, {
    path,
    body: [{ user_id: server.colleague.id, project_ids: null }, { email: "nina@example.com", project_ids: [] }],
  });
  assert.deepEqual([mary.pending, mary.user_id, nina.pending, nina.user_id], [false, server.colleague.id, true, null]);

  const roles = await call("listRolesApiV1OrganizationsOrganizationIdRolesGet", { path });
  assert.deepEqual(roles.map((role) => role.name), ["Admin", "Member", "ViewerV2", "Viewer"]);
  assert.equal(mary.roles[0].role.name, "ViewerV2");
  const body = { user_id: server.colleague.id, organization_id: server.tenant.id, role_id: roles[0].id };
  const assigned = await call("assignRoleToUserInOrganizationApiV1OrganizationsOrganizationIdUsersRolesPut", { path, body });
  assert.equal(assigned.role.name, "Admin");
  const own = await call("getUserRoleApiV1OrganizationsOrganizationIdUsersRolesGet", { path });
  assert.equal(own.role.name, "Admin");

  assert.deepEqual((await emails()).sort(), ["mary@example.com", "nina@example.com", "olga@example.com"]);
  await call(remove, { path: { ...path, member_user_id: server.colleague.id } }); // without a body
  await call(remove, { path: { ...path, member_user_id: nina.id }, body: null });
  assert.deepEqual(await emails(), ["olga@example.com"]);
});

test("a pending user who signs up keeps the membership", async () => {
  const [pending] = await call(add, { path, body: [{ email: "nora@example.com", project_ids: null }] });
  const nora = await server.native("/v1/users", { email: "nora@example.com" });
  const user = (await call(list, { path })).find((one) => one.id === pending.id);
  assert.deepEqual([user.pending, user.user_id, user.created_at], [false, nora.id, pending.created_at]);
  const batch = "batchRemoveUsersFromOrganizationApiV1OrganizationsOrganizationIdUsersRemovePut";
  await call(batch, { path, body: [{ email: "nora@example.com" }] });
  assert.deepEqual(await emails(), ["olga@example.com"]);
});

test("projects are made, listed, given to a user and taken away", async () => {
  const query = { organization_id: server.tenant.id };
  const project = await call("createProjectApiV1ProjectsPost", { query, body: { name: "Search" } });
  assert.deepEqual((await call("listProjectsApiV1ProjectsGet")).map((one) => one.id), [project.id]);
  await call(add, { path, body: [{ user_id: server.colleague.id, project_ids: [] }] });
  const of = { ...path, user_id: server.colleague.id };
  await call("addUserToProjectApiV1OrganizationsOrganizationIdUsersUserIdProjectsPut", { path: of, query: { project_id: project.id } });
  const projects = "listProjectsByUserApiV1OrganizationsOrganizationIdUsersUserIdProjectsGet";
  assert.deepEqual((await call(projects, { path: of })).map((one) => one.id), [project.id]);
  const taken = { ...of, project_id: project.id };
  await call("removeUserFromProjectApiV1OrganizationsOrganizationIdUsersUserIdProjectsProjectIdDelete", { path: taken });
  assert.deepEqual(await call(projects, { path: of }), []);
  const place = { path: { project_id: project.id } };
  assert.equal((await call("updateExistingProjectApiV1ProjectsProjectIdPut", { ...place, body: { name: "Find" } })).name, "Find");
  assert.equal((await call("getProjectApiV1ProjectsProjectIdGet", place)).name, "Find");
  await call("deleteProjectApiV1ProjectsProjectIdDelete", place);
  await call(remove, { path: { ...path, member_user_id: server.colleague.id } });
});

test("refusals have the form that the client expects", async () => {
  await refused(remove, 403, { path: { ...path, member_user_id: server.owner.id } });
  await refused(remove, 422, { path: { ...path, member_user_id: server.colleague.id }, body: [] });
  await refused(add, 422, { path, body: [{ email: "nina@example.com" }] });
  await refused(list, 404, { path: { organization_id: server.owner.id } });
  await refused(list, 401, { path, headers: { Authorization: "Bearer nonsense" } });
});

test("an organization is made and deleted", async () => {
  const made = await call("createOrganizationApiV1OrganizationsPost", { body: { name: "Second" } });
  await call("deleteOrganizationApiV1OrganizationsOrganizationIdDelete", { path: { organization_id: made.id } });
});

test("a schema that is not kept is found", () => {
  const schema = { $ref: "#/components/schemas/UserOrganization" };
  assert.deepEqual(faults(document, schema, { id: "x", organization_id: server.tenant.id }), ["/roles: missing", "/id: no uuid"]);
  assert.deepEqual(faults(document, { type: "array", items: { type: "string" } }, [1]), ["/0: number instead of string"]);
});
