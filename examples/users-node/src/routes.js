// The users API's routes.
import { HttpError, invalid, json, jsonObject } from './http.js';
import { Router } from './router.js';
import { readUser } from './user-input.js';
import * as store from './user-store.js';

const DEFAULT_LIMIT = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const router = new Router()
  .add('/users', {
    async GET({ query }) {
      const { items, lastId } = await store.list(limitOf(query.limit), startOf(query.next));
      const body = { items, count: items.length };
      if (lastId) body.next = Buffer.from(JSON.stringify({ id: lastId })).toString('base64url');
      return json(200, body);
    },
    async POST({ event }) {
      return json(201, await store.create(readUser(jsonObject(event))));
    },
  })
  .add('/users/{id}', {
    async GET({ params }) {
      return json(200, found(await store.get(idOf(params))));
    },
    async PUT({ event, params }) {
      const user = readUser(jsonObject(event));
      return json(200, found(await store.update(idOf(params), user)));
    },
    async DELETE({ params }) {
      found(await store.remove(idOf(params)));
      return { statusCode: 204, headers: {}, body: '' };
    },
  });

function found(user) {
  if (!user) throw new HttpError(404, 'Item not found');
  return user;
}

// Ids are UUIDs: of anything else there is no user.
function idOf({ id }) {
  if (!UUID.test(id)) throw new HttpError(404, 'Item not found');
  return id;
}

function limitOf(text) {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 100) throw invalid({ limit: 'must be an integer between 1 and 100' });
  return limit;
}

// Where the page before ended.
function startOf(token) {
  if (token === undefined) return undefined;
  try {
    const { id } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof id === 'string' && UUID.test(id)) return id;
  } catch {
    // falls through: it is no token of ours
  }
  throw invalid({ next: 'is not a page token of this API' });
}
