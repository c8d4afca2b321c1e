// Plays API calls given as JSON lines through the AWS SDK for JavaScript v3, for test_operations.py.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.argv[2] + "/package.json"));
const clients = new Map();

function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value && typeof value === "object") {
    if (typeof value.$date === "string") return new Date(value.$date);
    if (typeof value.$base64 === "string") return Buffer.from(value.$base64, "base64");
    if (typeof value.$time === "string") return new Date(value.$time);
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, revive(v)]));
  }
  return value;
}

async function plain(value) {
  if (value && typeof value.transformToString === "function") return value.transformToString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (value instanceof Date || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  const entries = Object.entries(value).filter(([k]) => k !== "$metadata");
  return Object.fromEntries(await Promise.all(entries.map(async ([k, v]) => [k, await plain(v)])));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { package: name, operation, input } = JSON.parse(line);
  let answer;
  try {
    if (!clients.has(name)) {
      const module = require(`@aws-sdk/${name}`);
      const Client = Object.values(module).find((v) => typeof v === "function" && /Client$/.test(v.name) && !["Client", "__Client"].includes(v.name) && v.prototype?.destroy);
      clients.set(name, { module, client: new Client({ forcePathStyle: true, maxAttempts: 1 }) });
    }
    const { module, client } = clients.get(name);
    const Command = module[`${operation}Command`];
    if (!Command) throw new Error(`${name} has no ${operation}Command`);
    answer = { output: (await plain(await client.send(new Command(revive(input))))) ?? {} };
  } catch (error) {
    answer = { error: error.Code ?? error.name, message: String(error.message) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
