import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const platformKey = "the platform key of the interop test";

// Starts the program that MEMBERWARD names on free ports, with a store of its own that holds an owner and a tenant.
export async function start() {
  const folder = await mkdtemp(join(tmpdir(), "memberward-interop-"));
  const free = ["listen", "proxy-listen", "grpc-listen", "ops-listen"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
  const program = spawn(process.env.MEMBERWARD, ["serve", "--log-level", "warn", "--data", join(folder, "data"), ...free], {
    env: { ...process.env, MEMBERWARD_BOOTSTRAP_KEY: platformKey },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const gone = new Promise((resolve) => program.once("exit", resolve));
  const stop = async () => {
    program.kill("SIGTERM");
    await gone;
    await rm(folder, { recursive: true });
  };
  try {
    return { stop, ...(await furnish(await addressIn(join(folder, "data", "addresses.json"), gone))) };
  } catch (error) {
    await stop();
    throw error;
  }
}

// The program writes its addresses when it listens.
async function addressIn(file, gone) {
  let ended = false;
  gone.then(() => (ended = true));
  for (let tries = 0; tries < 600 && !ended; tries++) {
    try {
      return JSON.parse(await readFile(file, "utf8")).api;
    } catch {
      await pause(100);
    }
  }
  throw new Error("the program did not begin to listen");
}

// Makes accounts and a tenant through the native API.
async function furnish(address) {
  const baseUrl = `http://${address}`;
  const native = async (path, body) => {
    const headers = { "X-Api-Key": platformKey, "Content-Type": "application/json" };
    const answer = await fetch(baseUrl + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const owner = await native("/v1/users", { email: "olga@example.com" });
  const colleague = await native("/v1/users", { email: "mary@example.com" });
  const tenant = await native("/v1/tenants", { name: "Acme", owner_id: owner.id });
  const { key } = await native(`/v1/users/${owner.id}/api-keys`, {});
  return { baseUrl, key, owner, colleague, tenant, native };
}
